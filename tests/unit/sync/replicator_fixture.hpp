// A replicator on connections that a test can take away.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include <doctest/doctest.h>

#include "support/hub_channel.hpp"
#include "support/sync_world.hpp"
#include "syncline/replicator.hpp"

namespace syncline::test {
using namespace std::chrono_literals;

/// Far beyond what any of this takes: a test that comes here has failed.
inline constexpr auto patience = 20s;

inline std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + patience;
}

/// Lets a test wait for what happens on other threads.
class Events {
 public:
  template <typename Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// A world whose connections can be taken away.
struct Background {
  explicit Background(TenantManager::Options options = {}) : world(options) {}

  SyncWorld world;
  Edge edge = world.edge();
  Events events;
  std::vector<ReplicatorState> states;
  std::vector<ConflictSummary> conflicts;
  std::vector<Rejection> rejections;
  std::vector<SyncProgress> progress;
  unsigned rounds = 0;
  std::atomic<bool> reachable{true};
  std::atomic<bool> hangs{false};
  std::atomic<bool> live_spoken{true};
  std::atomic<unsigned> transports{0};
  std::atomic<unsigned> channels{0};
  std::mutex channel_mutex;
  LiveChannel* channel = nullptr;
  SystemRandom random;

  /// Refuses while the world is not reachable.
  struct Line final : public Transport {
    explicit Line(Background& in) : world(in), inner(in.world.tenants, in.world.hub) {
      if (in.hangs) inner.hang();
    }
    Result<HttpResponse> send(const HttpRequest& request) override {
      if (!world.reachable) return Error{ErrorCode::unavailable, "nobody there"};
      return inner.send(request);
    }
    TransportStatistics statistics() const override { return inner.statistics(); }
    void cancel() noexcept override { inner.cancel(); }
    Background& world;
    HubTransport inner;
  };
  /// Says where it is, so that a test can cut it.
  struct Wire final : public LiveChannel {
    explicit Wire(Background& in) : world(in), inner(in.world.hub, in.world.tenant) {
      const std::lock_guard lock(world.channel_mutex);
      world.channel = this;
    }
    ~Wire() override {
      const std::lock_guard lock(world.channel_mutex);
      if (world.channel == this) world.channel = nullptr;
    }
    Result<void> send(const LiveMessage& message) override { return inner.send(message); }
    Result<std::optional<LiveMessage>> receive(std::chrono::milliseconds timeout) override {
      return inner.receive(timeout);
    }
    void interrupt() noexcept override { inner.interrupt(); }
    void close() noexcept override { inner.close(); }
    Background& world;
    HubChannel inner;
  };

  Replicator::Options options() {
    Replicator::Options options;
    options.replica = edge.replica.get();
    options.ports.transport = [this](const std::string&) -> Result<std::unique_ptr<Transport>> {
      ++transports;
      return std::unique_ptr<Transport>(std::make_unique<Line>(*this));
    };
    options.ports.live = [this](const std::string&) -> Result<std::unique_ptr<LiveChannel>> {
      if (!live_spoken) return Error{ErrorCode::protocol_unsupported, "no"};
      if (!reachable) return Error{ErrorCode::unavailable, "nobody there"};
      ++channels;
      return std::unique_ptr<LiveChannel>(std::make_unique<Wire>(*this));
    };
    options.backoff.first_ms = 1;
    options.backoff.max_ms = 5;
    options.clock = &world.clock;
    options.random = &random;
    options.on_status = [this](const ReplicatorStatus& status) {
      events.note([&] { states.push_back(status.state); });
    };
    options.on_conflict = [this](const ConflictSummary& conflict) {
      events.note([&] { conflicts.push_back(conflict); });
    };
    options.on_rejected = [this](const Rejection& rejection) {
      events.note([&] { rejections.push_back(rejection); });
    };
    options.on_progress = [this](const SyncProgress& now) {
      events.note([&] { progress.push_back(now); });
    };
    options.on_round = [this](const SyncReport&) { events.note([&] { ++rounds; }); };
    return options;
  }
  bool wait_for(ReplicatorState state) {
    return events.wait([&] { return !states.empty() && states.back() == state; });
  }
  void cut() {
    const std::lock_guard lock(channel_mutex);
    if (channel != nullptr) channel->close();
  }
  void write_there(const std::string& row) {
    REQUIRE(world.server().put("t", row, Payload::json("1")));
  }
  bool same() const {
    return edge.replica->visible_checksum() == world.tenant->replica().visible_checksum();
  }
};

inline std::unique_ptr<Replicator> make(Replicator::Options options) {
  auto made = Replicator::make(std::move(options));
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace syncline::test
