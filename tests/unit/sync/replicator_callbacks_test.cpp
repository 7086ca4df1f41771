// What a replicator tells the program, and asks it.
#include <deque>
#include <thread>

#include "unit/sync/own_edge.hpp"
#include "unit/sync/replicator_fixture.hpp"

namespace syncline::test {

TEST_CASE("callbacks may call back, but not stop what waits for them") {
  Background b;
  Replicator* inside = nullptr;
  std::atomic<bool> refused{false};
  Replicator::Options options = b.options();
  const auto note = options.on_status;
  options.on_status = [&, note](const ReplicatorStatus& status) {
    CHECK(inside->status().state == status.state);
    inside->sync_now();
    const auto waited = inside->wait_until_synced(soon());
    REQUIRE(waited.has_error());
    CHECK(waited.error().code == ErrorCode::bad_request);
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
  CHECK_FALSE(replicator->status().last_error);
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

TEST_CASE("each change that is taken back is told once, with the rest of its transaction") {
  Background b(small_changes());
  b.edge.put("1", "1");
  const std::string data = large();
  const Write two[] = {{WriteKind::put, "t", "2", Payload::json(data), {}},
                       {WriteKind::put, "t", "3", Payload::json("1"), {}}};
  REQUIRE(b.edge.replica->transaction(two));
  b.edge.put("4", "1");
  Replicator::Options options = b.options();
  options.mode = Replicator::Mode::interval;
  options.interval_ms = 1;
  std::size_t taken_back = 0;
  const auto note = options.on_round;
  options.on_round = [&, note](const SyncReport& report) {
    taken_back += report.taken_back.size();
    note(report);
  };
  const auto replicator = make(std::move(options));
  replicator->start();
  REQUIRE(b.events.wait([&] { return b.rounds >= 5; }));
  replicator->stop();
  CHECK(taken_back == 2);
  REQUIRE(b.rejections.size() == 2);
  CHECK(b.rejections[0].dot.seq == 2);
  CHECK(b.rejections[0].error.code == ErrorCode::too_large);
  CHECK(b.rejections[1].dot.seq == 3);
  CHECK(b.rejections[1].error.code == ErrorCode::too_large);
  CHECK(b.edge.replica->rejected_changes().size() == 2);
  CHECK(b.same());
}

TEST_CASE("what goes over dated anew is no refusal") {
  Background b;
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
  REQUIRE(b.events.wait([&] { return b.rounds >= 3; }));
  replicator->stop();
  CHECK(b.rejections.empty());
  CHECK(b.same());
}

TEST_CASE("what is written after a change was taken back goes over the live connection") {
  Background b(small_changes());
  b.edge.put("1", large());
  Replicator::Options options = b.options();
  options.backoff.max_ms = 3'600'000;  // nothing is offered again before
  const auto replicator = make(std::move(options));
  replicator->start();
  REQUIRE(b.wait_for(ReplicatorState::live));
  CHECK(b.rejections.size() == 1);
  b.edge.put("2", "1");
  REQUIRE(replicator->wait_until_synced(soon()));
  CHECK(b.rounds == 1);
  CHECK(b.same());

  // The live connection is refused the next one: a round takes it back, and live goes on.
  b.edge.put("3", large());
  REQUIRE(b.events.wait([&] { return b.rejections.size() == 2; }));
  b.edge.put("4", "1");
  REQUIRE(replicator->wait_until_synced(soon()));
  CHECK(b.edge.replica->rejected_changes().size() == 2);
  CHECK(b.same());
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
