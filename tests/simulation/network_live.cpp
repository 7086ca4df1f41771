#include "network_live.hpp"

#include <optional>
#include <utility>

namespace syncline::sim {
namespace {

LiveClient::Options client_options(const ClientSession& session, std::size_t batch_changes) {
  LiveClient::Options options;
  options.batch_changes = batch_changes;
  options.batch_bytes = std::size_t{4} << 20;
  options.tables = session.tables();
  options.cursor = session.cursor();
  options.settings_version = session.settings_version();
  options.heartbeat_interval_us = 1;  // whenever there is something to acknowledge
  return options;
}

}  // namespace

LiveLink::LiveLink(Replica& replica, ClientSession& session, std::unique_ptr<MessageSession> server,
                   std::size_t batch_changes, std::uint64_t now_us)
    : session_(session),
      client_(replica, client_options(session, batch_changes), now_us),
      server_(std::move(server)) {}

void LiveLink::collect() {
  if (client_.begun()) client_.on_commit();
  for (LiveMessage& message : client_.take_output()) to_server_.push_back(std::move(message));
}

Result<bool> LiveLink::step(std::uint64_t now_us) {
  collect();
  for (int direction = 0; direction < 2; ++direction) {
    to_server_next_ = !to_server_next_;
    if (!to_server_next_) {
      if (to_server_.empty() || !server_->wants_input()) continue;
      const LiveMessage message = std::move(to_server_.front());
      to_server_.pop_front();
      server_->on_message(message);
      return true;
    }
    if (const std::optional<LiveMessage> message = server_->next_message()) {
      if (auto taken = client_.on_message(*message, now_us); !taken) return taken.error();
      return true;
    }
    if (server_->closing()) return Error{ErrorCode::unavailable, "the server closes"};
  }
  client_.on_idle(now_us);
  collect();
  return !to_server_.empty();
}

void LiveLink::close() {
  if (client_.begun()) {
    static_cast<void>(session_.go_on_from(client_.cursor(), client_.server_clock()));
  }
  session_.on_connection_lost();
}

}  // namespace syncline::sim
