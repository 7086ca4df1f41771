// A program that holds a replica in memory and keeps it in sync with a server by itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/replicator.hpp"

namespace syncline::test {

inline std::chrono::steady_clock::time_point deadline() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

/// Asks again and again what other processes answer for; false if it does not come.
template <typename Condition>
bool comes_true(Condition&& condition) {
  for (const auto end = deadline(); !condition();) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class LiveDevice {
 public:
  /// Starts at once, and goes on soon after each failure.
  LiveDevice(const std::string& url, const std::string& tenant) {
    Replica::Options options;
    options.tenant = tenant;
    auto opened = Replica::open(std::move(options));
    REQUIRE(opened);
    replica_ = std::move(*opened);
    ReplicatorServer server;
    server.url = url;
    server.tenant = tenant;
    auto ports = make_http_ports(server);
    REQUIRE(ports);
    Replicator::Options with;
    with.replica = replica_.get();
    with.ports = std::move(*ports);
    with.tenant = tenant;
    with.name = "device";
    with.backoff.first_ms = 5;
    with.backoff.max_ms = 50;
    with.on_status = [this](const ReplicatorStatus& status) {
      const std::lock_guard lock(mutex_);
      state_ = status.state;
      changed_.notify_all();
    };
    subscription_ = replica_->subscribe([this](Lsn) {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
    auto made = Replicator::make(std::move(with));
    REQUIRE(made);
    replicator_ = std::move(*made);
    replicator_->start();
  }
  ~LiveDevice() { replicator_->stop(); }
  LiveDevice(const LiveDevice&) = delete;
  LiveDevice& operator=(const LiveDevice&) = delete;

  Replica& replica() { return *replica_; }
  Replicator& replicator() { return *replicator_; }
  void put(const std::string& row, const std::string& json) {
    REQUIRE(replica_->put("t", row, Payload::json(json)));
  }
  bool comes_to(ReplicatorState wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline(), [&] { return state_ == wanted; });
  }
  /// Waits until the row has these data.
  bool gets(const std::string& row, const std::string& json) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline(), [&] {
      const Row found = replica_->get("t", row);
      return found.exists() && found.winner->data == json;
    });
  }
  void wait_until_synced() {
    const auto synced = replicator_->wait_until_synced(deadline());
    REQUIRE_MESSAGE(synced, to_string(synced.error()));
  }

 private:
  std::unique_ptr<Replica> replica_;
  std::mutex mutex_;
  std::condition_variable changed_;
  ReplicatorState state_ = ReplicatorState::stopped;
  Subscription subscription_;
  std::unique_ptr<Replicator> replicator_;
};

}  // namespace syncline::test
