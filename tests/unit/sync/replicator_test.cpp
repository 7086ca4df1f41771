#include <future>
#include <thread>

#include "unit/sync/replicator_fixture.hpp"

namespace syncline::test {

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

}  // namespace syncline::test
