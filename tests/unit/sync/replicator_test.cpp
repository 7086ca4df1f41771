#include "syncline/replicator.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include "support/hub_channel.hpp"
#include "support/sync_world.hpp"

namespace syncline::test {
namespace {

using namespace std::chrono_literals;

/// Far beyond what any of this takes: a test that comes here has failed.
constexpr auto patience = 20s;

std::chrono::steady_clock::time_point soon() { return std::chrono::steady_clock::now() + patience; }

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

std::unique_ptr<Replicator> make(Replicator::Options options) {
  auto made = Replicator::make(std::move(options));
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace

TEST_CASE("it connects, goes live, and changes go both ways by themselves") {
  Background b;
  b.edge.put_many(3);
  b.write_there("there");
  const auto replicator = make(b.options());
  CHECK(replicator->status().state == ReplicatorState::stopped);
  CHECK(replicator->status().pending_changes == 3);
  replicator->start();
  REQUIRE(b.wait_for(ReplicatorState::live));
  REQUIRE(replicator->wait_until_synced(soon()));
  CHECK(b.same());
  const ReplicatorStatus status = replicator->status();
  CHECK(status.state == ReplicatorState::live);
  CHECK(status.pending_changes == 0);
  CHECK(status.server == b.world.server().node());
  CHECK(status.last_success_us == b.world.clock.now_us());
  CHECK_FALSE(status.last_error);
  // What is written there arrives without anybody asking for it.
  Events arrived;
  const Subscription subscription = b.edge.replica->subscribe([&](Lsn) { arrived.note([] {}); });
  b.write_there("later");
  CHECK(arrived.wait([&] { return b.edge.replica->get("t", "later").exists(); }));
  const Subscription there = b.world.server().subscribe([&](Lsn) { arrived.note([] {}); });
  b.edge.put("mine", "1");
  CHECK(arrived.wait([&] { return b.world.server().get("t", "mine").exists(); }));
  CHECK(b.channels == 1);
  replicator->stop();
  CHECK(replicator->status().state == ReplicatorState::stopped);
}

TEST_CASE("start and stop, any number of times") {
  Background b;
  const auto replicator = make(b.options());
  for (int i = 0; i < 100; ++i) {
    b.edge.put(std::to_string(i), "1");
    replicator->start();
    replicator->start();
    if (i % 10 == 0) REQUIRE(replicator->wait_until_synced(soon()));
    replicator->stop();
    replicator->stop();
  }
  replicator->start();
  REQUIRE(replicator->wait_until_synced(soon()));
  CHECK(b.same());
}

TEST_CASE("stop ends a request that hangs") {
  Background b;
  b.hangs = true;
  const auto replicator = make(b.options());
  replicator->start();
  REQUIRE(b.wait_for(ReplicatorState::connecting));
  replicator->stop();
  CHECK(replicator->status().state == ReplicatorState::stopped);
}

TEST_CASE("threads that start and stop it do not get into each other's way") {
  Background b;
  const auto replicator = make(b.options());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n) {
        replicator->start();
        replicator->sync_now();
        static_cast<void>(replicator->status());
        replicator->stop();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(replicator->status().state == ReplicatorState::stopped);
}

TEST_CASE("callbacks may call back, but not stop what waits for them") {
  Background b;
  Replicator* inside = nullptr;
  std::atomic<bool> refused{false};
  Replicator::Options options = b.options();
  const auto note = options.on_status;
  options.on_status = [&, note](const ReplicatorStatus& status) {
    CHECK(inside->status().state == status.state);
    inside->sync_now();
    try {
      inside->stop();
    } catch (const std::logic_error&) {
      refused = true;
    }
    note(status);
  };
  const auto replicator = make(std::move(options));
  inside = replicator.get();
  replicator->start();
  REQUIRE(replicator->wait_until_synced(soon()));
  CHECK(refused);
}

TEST_CASE("callbacks run where the program wants them, and none after stop") {
  Background b;
  std::mutex mutex;
  std::deque<std::function<void()>> queue;
  Replicator::Options options = b.options();
  options.executor = [&](std::function<void()> callback) {
    const std::lock_guard lock(mutex);
    queue.push_back(std::move(callback));
  };
  std::thread::id ran_on;
  options.on_round = [&](const SyncReport&) { ran_on = std::this_thread::get_id(); };
  const auto replicator = make(std::move(options));
  replicator->start();
  REQUIRE(replicator->wait_until_synced(soon()));
  CHECK(b.states.empty());
  const auto run_all = [&] {
    for (;;) {
      std::function<void()> next;
      {
        const std::lock_guard lock(mutex);
        if (queue.empty()) return;
        next = std::move(queue.front());
        queue.pop_front();
      }
      next();
    }
  };
  run_all();
  CHECK(ran_on == std::this_thread::get_id());
  CHECK_FALSE(b.states.empty());
  b.states.clear();
  replicator->sync_now();
  replicator->stop();
  run_all();
  CHECK(b.states.empty());
}

TEST_CASE("what is written offline waits in the log, and goes over later") {
  Background b;
  b.reachable = false;
  const auto replicator = make(b.options());
  replicator->start();
  REQUIRE(b.wait_for(ReplicatorState::offline));
  b.edge.put_many(7);
  CHECK(replicator->status().pending_changes == 7);
  CHECK(replicator->status().pending_bytes > 0);
  REQUIRE(replicator->status().last_error);
  CHECK(replicator->status().last_error->code == ErrorCode::unavailable);
  b.reachable = true;
  REQUIRE(replicator->wait_until_synced(soon()));
  CHECK(b.same());
  CHECK(replicator->status().pending_changes == 0);
}

TEST_CASE("a live connection that breaks is healed") {
  Background b;
  const auto replicator = make(b.options());
  replicator->start();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(b.wait_for(ReplicatorState::live));
    b.events.note([&] { b.states.clear(); });
    b.cut();
    b.write_there("s" + std::to_string(i));
    b.edge.put("e" + std::to_string(i), "1");
    REQUIRE(replicator->wait_until_synced(soon()));
    CHECK(b.same());
  }
}

TEST_CASE("where live is not spoken, a long poll brings what others write") {
  Background b;
  b.live_spoken = false;
  const auto replicator = make(b.options());
  replicator->start();
  REQUIRE(replicator->wait_until_synced(soon()));
  REQUIRE(b.wait_for(ReplicatorState::waiting));
  Events arrived;
  const Subscription here = b.edge.replica->subscribe([&](Lsn) { arrived.note([] {}); });
  const Subscription there = b.world.server().subscribe([&](Lsn) { arrived.note([] {}); });
  for (int i = 0; i < 5; ++i) {
    const std::string row = std::to_string(i);
    b.write_there("s" + row);
    CHECK(arrived.wait([&] { return b.edge.replica->get("t", "s" + row).exists(); }));
    b.edge.put("e" + row, "1");
    CHECK(arrived.wait([&] { return b.world.server().get("t", "e" + row).exists(); }));
  }
  replicator->stop();
  CHECK(b.channels == 0);
}

TEST_CASE("a poller exchanges when it is told to, and at its interval") {
  Background b;
  Replicator::Options options = b.options();
  options.mode = Replicator::Mode::interval;
  options.interval_ms = 3'600'000;
  ManualClock steady(0);
  options.steady_clock = &steady;
  const auto replicator = make(std::move(options));
  replicator->start();
  REQUIRE(b.events.wait([&] { return b.rounds == 1; }));
  REQUIRE(b.wait_for(ReplicatorState::waiting));
  b.edge.put("1", "1");
  CHECK_FALSE(b.world.server().get("t", "1").exists());
  steady.advance_us(3'600'000'000);
  REQUIRE(b.events.wait([&] { return b.rounds == 2; }));
  CHECK(b.world.server().get("t", "1").exists());
  b.edge.put("2", "1");
  replicator->sync_now();
  REQUIRE(b.events.wait([&] { return b.rounds == 3; }));
  CHECK(b.world.server().get("t", "2").exists());
  CHECK(b.channels == 0);
}

TEST_CASE("waiting has an end, and says what is missing") {
  Background b;
  b.reachable = false;
  b.edge.put_many(2);
  const auto replicator = make(b.options());
  const Result<void> stopped = replicator->wait_until_synced(soon());
  REQUIRE(stopped.has_error());
  CHECK(stopped.error().detail == "the replicator is stopped");
  replicator->start();
  REQUIRE(b.wait_for(ReplicatorState::offline));
  const Result<void> late = replicator->wait_until_synced(std::chrono::steady_clock::now() + 20ms);
  REQUIRE(late.has_error());
  CHECK(late.error().code == ErrorCode::unavailable);
  CHECK(late.error().detail.find("2 changes are not at the server") == 0);
  CHECK(late.error().detail.find("nobody there") != std::string::npos);
  // One that waits when it is stopped does not wait any longer.
  auto waiting =
      std::async(std::launch::async, [&] { return replicator->wait_until_synced(soon()); });
  replicator->stop();
  CHECK(waiting.get().has_error());
}

TEST_CASE("a token that ran out is renewed without losing what was transferred") {
  Background b;
  for (int i = 0; i < 60; ++i) b.write_there(std::to_string(i));
  std::atomic<int> generation{1};
  std::atomic<unsigned> pages{0};
  std::atomic<unsigned> given{0};
  // Each token is good for some requests.
  struct Guarded final : public Transport {
    Guarded(Background& in, int token, std::atomic<int>& now, std::atomic<unsigned>& count)
        : inner(in.world.tenants, in.world.hub), mine(token), generation(now), pages(count) {}
    Result<HttpResponse> send(const HttpRequest& request) override {
      HttpResponse refusal;
      refusal.status = 401;
      refusal.headers["Content-Type"] = "application/problem+json";
      refusal.body = R"({"code":"unauthorized","detail":"ran out"})";
      if (mine != generation) return refusal;
      if (++sent == 4) ++generation;
      if (request.target.find("/snapshot") != std::string::npos) ++pages;
      return inner.send(request);
    }
    TransportStatistics statistics() const override { return inner.statistics(); }
    HubTransport inner;
    int mine;
    std::atomic<int>& generation;
    std::atomic<unsigned>& pages;
    int sent = 0;
  };
  Replicator::Options options = b.options();
  options.mode = Replicator::Mode::interval;
  options.batch_changes = 5;
  options.token = [&] {
    ++given;
    return std::to_string(generation.load());
  };
  options.ports.transport = [&](const std::string& token) -> Result<std::unique_ptr<Transport>> {
    return std::unique_ptr<Transport>(
        std::make_unique<Guarded>(b, std::stoi(token), generation, pages));
  };
  const auto replicator = make(std::move(options));
  replicator->start();
  REQUIRE(replicator->wait_until_synced(soon()));
  CHECK(b.same());
  CHECK(given >= 3);
  // Twelve of rows, one of history and reports: none was asked for twice.
  CHECK(pages <= 14);
  CHECK(b.rounds == 1);
}

TEST_CASE("a token that is refused for good is a failure that is told") {
  Background b;
  Replicator::Options options = b.options();
  struct Refusing final : public Transport {
    Result<HttpResponse> send(const HttpRequest&) override {
      HttpResponse refusal;
      refusal.status = 401;
      refusal.body = R"({"code":"unauthorized","detail":"no"})";
      return refusal;
    }
    TransportStatistics statistics() const override { return {}; }
  };
  options.token = [] { return std::string("always the same"); };
  options.ports.transport = [](const std::string&) -> Result<std::unique_ptr<Transport>> {
    return std::unique_ptr<Transport>(std::make_unique<Refusing>());
  };
  const auto replicator = make(std::move(options));
  replicator->start();
  REQUIRE(b.wait_for(ReplicatorState::failed));
  CHECK(replicator->status().last_error->code == ErrorCode::unauthorized);
  CHECK(replicator->status().next_attempt_us > b.world.clock.now_us());
}

TEST_CASE("conflicts are told once, and so are refusals") {
  Background b;
  b.edge.put("1", "1");
  b.edge.sync();
  b.write_there("1");
  b.edge.put("1", "2");
  // Its clock is an hour ahead: what it writes now is refused.
  ManualClock fast(b.world.clock.now_us());
  Edge hasty = b.world.edge({}, &fast);
  b.edge = std::move(hasty);
  b.edge.sync();
  fast.advance_us(3'600'000'000);
  b.edge.put("2", "1");
  Replicator::Options options = b.options();
  options.mode = Replicator::Mode::interval;
  options.interval_ms = 1;
  const auto replicator = make(std::move(options));
  replicator->start();
  REQUIRE(b.events.wait([&] { return b.rounds >= 5; }));
  replicator->stop();
  CHECK(b.rejections.size() == 1);
  CHECK(b.rejections[0].error.code == ErrorCode::clock_drift);
}

TEST_CASE("conflicts that a live connection finds are told") {
  Background b;
  b.edge.put("1", "1");
  const auto replicator = make(b.options());
  replicator->start();
  REQUIRE(b.wait_for(ReplicatorState::live));
  REQUIRE(replicator->wait_until_synced(soon()));
  replicator->stop();
  b.edge.put("1", "2");
  b.write_there("1");
  replicator->start();
  CHECK(b.events.wait([&] { return b.conflicts.size() == 1; }));
}

TEST_CASE("a long transfer tells how far it is") {
  Background b;
  b.edge.put_many(40);
  Replicator::Options options = b.options();
  options.mode = Replicator::Mode::interval;
  options.batch_changes = 10;
  const auto replicator = make(std::move(options));
  replicator->start();
  REQUIRE(replicator->wait_until_synced(soon()));
  replicator->stop();
  std::uint64_t done = 0;
  for (const SyncProgress& now : b.progress) {
    if (now.phase != SyncPhase::push) continue;
    CHECK(now.changes_total == 40);
    CHECK(now.bytes_done <= now.bytes_total);
    done = std::max(done, now.changes_done);
  }
  CHECK(done >= 30);
}

TEST_CASE("options that make no sense are refused") {
  Background b;
  const auto refused = [&](auto change) {
    Replicator::Options options = b.options();
    change(options);
    const auto made = Replicator::make(std::move(options));
    return !made && made.error().code == ErrorCode::bad_request;
  };
  CHECK(refused([](auto& options) { options.replica = nullptr; }));
  CHECK(refused([](auto& options) { options.ports.transport = nullptr; }));
  CHECK(refused([](auto& options) { options.interval_ms = 0; }));
  CHECK(refused([](auto& options) { options.backoff.factor = 0.5; }));
  CHECK(refused([](auto& options) { options.backoff.max_ms = 0; }));
  CHECK(refused([](auto& options) { options.batch_changes = 0; }));
}

}  // namespace syncline::test
