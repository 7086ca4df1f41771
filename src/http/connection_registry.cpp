#include "http/connection_registry.hpp"

#include <utility>

namespace syncline::http {

Place ConnectionRegistry::enter() {
  const std::lock_guard lock(mutex_);
  const std::size_t taken = connections_.size();
  if (stopping_ || taken >= max_connections_ + max_refused_connections) return {};
  connections_.emplace(++last_id_, std::weak_ptr<Stoppable>{});
  return {last_id_, taken >= max_connections_};
}

void ConnectionRegistry::attach(std::uint64_t id, std::weak_ptr<Stoppable> connection) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      connections_[id] = std::move(connection);
      return;
    }
  }
  if (const auto alive = connection.lock()) alive->stop();
}

void ConnectionRegistry::leave(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  connections_.erase(id);
  if (connections_.empty()) emptied_.notify_all();
}

std::vector<std::shared_ptr<Stoppable>> ConnectionRegistry::alive() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Stoppable>> alive;
  for (const auto& [id, connection] : connections_) {
    if (auto shared = connection.lock()) alive.push_back(std::move(shared));
  }
  return alive;
}

// Connections are told, and perhaps destroyed, without the lock: their destructors take it.
void ConnectionRegistry::stop_all() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for (const auto& connection : alive()) connection->stop();
}

void ConnectionRegistry::abort_all() {
  for (const auto& connection : alive()) connection->abort();
}

bool ConnectionRegistry::wait_until_empty(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, timeout, [this] { return connections_.empty(); });
}

}  // namespace syncline::http
