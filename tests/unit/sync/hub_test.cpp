#include "sync/hub.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/caller.hpp"

namespace syncline::test {
TEST_CASE("a session is opened by registering") {
  SyncWorld world;
  Caller caller(world);
  CHECK(code_of(world.hub.push(world.tenant, caller.batch())) == ErrorCode::peer_stale);
  CHECK(code_of(world.hub.pull(world.tenant, caller.pull_request())) == ErrorCode::peer_stale);
  HeartbeatRequest beat;
  beat.node_id = caller.id();
  CHECK(code_of(world.hub.heartbeat(world.tenant, beat)) == ErrorCode::peer_stale);

  const auto answer = world.hub.register_peer(world.tenant, caller.registration());
  REQUIRE(answer);
  CHECK(answer->node_id == world.server().node());
  CHECK(answer->header.log_id == world.server().log_id());
  CHECK(answer->header.known->seq == 0);
  CHECK(answer->max_batch_changes == world.server().max_batch_changes());
  CHECK(answer->lease_s == limits::default_lease_s);
  CHECK(world.hub.push(world.tenant, caller.batch()));

  RegisterRequest old = caller.registration();
  old.protocol = {0, 7};
  const auto refused = world.hub.register_peer(world.tenant, old);
  CHECK(code_of(refused) == ErrorCode::protocol_unsupported);
  CHECK(refused.error().number("supported") == 1);
  RegisterRequest nameless = caller.registration();
  nameless.node_id = {};
  CHECK(code_of(world.hub.register_peer(world.tenant, nameless)) == ErrorCode::bad_request);
  RegisterRequest copy = caller.registration();
  copy.node_id = world.server().node();
  CHECK(code_of(world.hub.register_peer(world.tenant, copy)) == ErrorCode::replica_rewound);
}

TEST_CASE("a replica that is older than what is known of it is found") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  caller.edge.put_many(3);
  const RegisterRequest before = caller.registration();
  caller.push();

  SUBCASE("by its own sequence") {
    RegisterRequest request = before;
    request.clock.entries[caller.id()] = {2, std::nullopt};
    CHECK(code_of(world.hub.register_peer(world.tenant, request)) == ErrorCode::replica_rewound);
    request.clock.entries.clear();
    CHECK(code_of(world.hub.register_peer(world.tenant, request)) == ErrorCode::replica_rewound);
  }
  SUBCASE("by the hash of its changes") {
    RegisterRequest request = before;
    request.clock.entries[caller.id()] = {3, 12345};
    CHECK(code_of(world.hub.register_peer(world.tenant, request)) == ErrorCode::replica_rewound);
  }
  SUBCASE("by what it acknowledged") {
    REQUIRE(world.server().put("t", "of the server", Payload::json("1")));
    HeartbeatRequest beat;
    beat.node_id = caller.id();
    beat.clock = WireClock(world.server().summary());
    REQUIRE(world.hub.heartbeat(world.tenant, beat));
    CHECK(code_of(world.hub.register_peer(world.tenant, before)) == ErrorCode::replica_rewound);
    PushRequest batch = caller.batch();
    batch.clock = before.clock;
    CHECK(code_of(world.hub.push(world.tenant, batch)) == ErrorCode::replica_rewound);
  }
  SUBCASE("by a third party's changes") {
    Caller third(world);
    third.enter();
    third.edge.put("1", "1");
    third.push();
    RegisterRequest request = before;
    request.clock.entries[third.id()] = {1, 999};
    const auto refused = world.hub.register_peer(world.tenant, request);
    CHECK(code_of(refused) == ErrorCode::dot_mismatch);
    CHECK(refused.error().text("origin") == third.id().to_string());
  }
  SUBCASE("and one that is not goes on") { CHECK(world.hub.register_peer(world.tenant, before)); }
}

TEST_CASE("who is found to be older is told up to where its changes are known") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  caller.edge.put_many(2);
  const RegisterRequest two = caller.registration();
  caller.edge.put_many(1);
  caller.push();
  const auto older = world.hub.register_peer(world.tenant, two);
  CHECK(code_of(older) == ErrorCode::replica_rewound);
  CHECK(older.error().number("agreed_seq") == 2);
  RegisterRequest other = two;
  other.clock.entries[caller.id()].chain = 999;
  const auto differs = world.hub.register_peer(world.tenant, other);
  CHECK(code_of(differs) == ErrorCode::replica_rewound);
  CHECK(differs.error().number("agreed_seq") == 0);
}

TEST_CASE("a server that is older than what a caller knows of it goes on under another id") {
  SyncWorld world;
  Caller caller(world);
  REQUIRE(world.server().put("t", "1", Payload::json("1")));
  const NodeId before = world.server().node();
  const LogId log_before = world.server().log_id();
  RegisterRequest request = caller.registration();
  request.clock.entries[before] = {1, world.server().chain_at(before, 1)};
  REQUIRE(world.hub.register_peer(world.tenant, request));
  CHECK(world.server().node() == before);

  SUBCASE("it knows of more changes") { request.clock.entries[before] = {2, std::nullopt}; }
  SUBCASE("it knows another one") {
    RegisterRequest twin = request;
    twin.clock.entries[before] = {1, 999};
    // The answering side goes on under the new id; what the two hold is still to be settled.
    CHECK(code_of(world.hub.register_peer(world.tenant, twin)) == ErrorCode::dot_mismatch);
  }
  const auto answer = world.hub.register_peer(world.tenant, request);
  REQUIRE(answer);
  CHECK(world.server().node() != before);
  CHECK(world.server().log_id() != log_before);
  CHECK(answer->node_id == world.server().node());
  CHECK(answer->header.log_id == world.server().log_id());
  CHECK(answer->clock.entries.at(before).seq == 1);
}

TEST_CASE("a session ends with what it was opened with") {
  SyncWorld world;
  Caller caller(world);
  const auto opened = world.hub.register_peer(world.tenant, caller.registration());
  REQUIRE(opened);
  caller.edge.put_many(1);
  ExchangeRequest round;
  round.node_id = caller.id();
  round.session = opened->session;
  round.push = caller.batch();
  CHECK(*world.hub.exchange(world.tenant, round).push);
  // Another start of the server: a copy of the caller may have registered under its id there.
  Hub restarted(&world.clock);
  REQUIRE(restarted.register_peer(world.tenant, caller.registration()));
  CHECK(code_of(*restarted.exchange(world.tenant, round).push) == ErrorCode::peer_stale);
  round.session.clear();
  CHECK(*restarted.exchange(world.tenant, round).push);
}

TEST_CASE("what the server does not hold is not acknowledged to it") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  caller.edge.put_many(3);
  caller.push(1, 2);
  HeartbeatRequest beat;
  beat.node_id = caller.id();
  beat.clock = WireClock(caller.edge.replica->summary());
  REQUIRE(world.hub.heartbeat(world.tenant, beat));
  CHECK(world.hub.peers(world.tenant)->list()[0].acknowledged.get(caller.id()) == 2);
}

TEST_CASE("a batch may come twice, and a hole in it is named") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  caller.edge.put_many(5);
  const PushResponse gap = caller.push(3, 5);
  REQUIRE(gap.rejected.size() == 3);
  CHECK(gap.rejected[0].error.code == ErrorCode::sequence_gap);
  CHECK(gap.rejected[0].error.number("expected_seq") == 1);
  CHECK(gap.applied == 0);
  CHECK(world.server().log().last_lsn() == 0);

  const PushResponse all = caller.push();
  CHECK(all.applied == 5);
  CHECK(all.acked.get(caller.id()) == 5);
  CHECK(all.header.known->seq == 5);
  CHECK(all.header.known->chain == caller.edge.replica->chain_at(caller.id(), 5));
  const PushResponse again = caller.push();
  CHECK(again.duplicates == 5);
  CHECK(again.acked.get(caller.id()) == 5);
  CHECK(world.server().log().last_lsn() == 5);
}

TEST_CASE("one batch pushed by several at once is taken once") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  caller.edge.put_many(500);
  const PushRequest batch = caller.batch();
  std::atomic<std::size_t> applied = 0;
  std::atomic<std::size_t> duplicates = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto answer = world.hub.push(world.tenant, batch);
      if (!answer) return;
      applied += answer->applied;
      duplicates += answer->duplicates;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(applied == 500);
  CHECK(duplicates == 1500);
  CHECK(world.server().log().last_lsn() == 500);
}

TEST_CASE("a malformed change is refused with what comes after it, the rest stands") {
  SyncWorld world;
  Caller caller(world);
  Caller other(world);
  caller.enter();
  caller.edge.put_many(3);
  other.edge.put("x", "1");
  PushRequest batch = caller.batch();
  batch.changes.records.erase(batch.changes.records.begin() + 1);
  batch.changes.records.push_back(other.batch().changes.records.front());
  batch.indexes = {0, 2, 3};
  batch.malformed = {{{caller.id(), 2}, 1, Error{ErrorCode::invalid_change, "bad"}}};
  const auto answer = world.hub.push(world.tenant, batch);
  REQUIRE(answer);
  CHECK(answer->received == 4);
  CHECK(answer->applied == 2);
  REQUIRE(answer->rejected.size() == 2);
  CHECK(answer->rejected[0].error.code == ErrorCode::invalid_change);
  CHECK(answer->rejected[1].index == 2);
  CHECK(answer->rejected[1].error.number("index") == 2);
  CHECK(answer->rejected[1].error.code == ErrorCode::sequence_gap);
}

TEST_CASE("what is held is told also of an origin with nothing but malformed changes") {
  SyncWorld world;
  Caller caller(world);
  Caller other(world);
  caller.enter();
  caller.edge.put_many(2);
  caller.push();
  PushRequest batch;
  batch.node_id = caller.id();
  const Error bad{ErrorCode::invalid_change, "bad"};
  batch.malformed = {{{caller.id(), 3}, 0, bad}, {{other.id(), 1}, 1, bad}};
  const auto answer = world.hub.push(world.tenant, batch);
  REQUIRE(answer);
  CHECK(answer->rejected.size() == 2);
  CHECK(answer->acked == VectorClock{{caller.id(), 2}});
}

TEST_CASE("pushes have limits, and plans") {
  TenantManager::Options options;
  options.max_batch_changes = 3;
  options.max_body_bytes = 400;
  SyncWorld world(options);
  Caller caller(world);
  caller.enter();
  caller.edge.put_many(4);
  const auto many = world.hub.push(world.tenant, caller.batch());
  CHECK(code_of(many) == ErrorCode::too_large);
  CHECK(many.error().number("limit") == 3);
  caller.edge.put("large", "\"" + std::string(500, 'x') + "\"");
  const auto large = world.hub.push(world.tenant, caller.batch(5, 5));
  CHECK(code_of(large) == ErrorCode::too_large);
  CHECK(large.error().number("limit") == 400);

  REQUIRE(world.tenants.set_plan("default", "free"));
  const auto off = world.hub.push(world.tenant, caller.batch(1, 1));
  CHECK(code_of(off) == ErrorCode::change_log_disabled);
  CHECK(off.error().text("plan") == "free");
}

TEST_CASE("a heartbeat acknowledges, and tells the lag") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(world.server().put("t", std::to_string(i), Payload::json("1")));
  }
  HeartbeatRequest beat;
  beat.node_id = caller.id();
  auto answer = world.hub.heartbeat(world.tenant, beat);
  REQUIRE(answer);
  CHECK(answer->lag_changes == 3000);
  CHECK(answer->lag_bytes > 3000 * 40);
  beat.clock = WireClock(world.server().summary());
  answer = world.hub.heartbeat(world.tenant, beat);
  CHECK(answer->lag_changes == 0);
  CHECK(answer->lag_bytes == 0);
  beat.clock = {};
  REQUIRE(world.hub.heartbeat(world.tenant, beat));
  const std::vector<Peer> peers = world.hub.peers(world.tenant)->list();
  REQUIRE(peers.size() == 1);
  CHECK(peers[0].acknowledged == world.server().summary());
  CHECK_FALSE(peers[0].away(world.clock.now_us() + 60'000'000));
  CHECK(peers[0].away(world.clock.now_us() + 60'000'001));
}

TEST_CASE("a caller's clock is measured when it registers") {
  SyncWorld world;
  Caller caller(world);
  RegisterRequest request = caller.registration();
  request.time = HybridTime::from_us(world.clock.now_us() - 300'000'000);
  REQUIRE(world.hub.register_peer(world.tenant, request));
  CHECK(world.hub.peers(world.tenant)->list()[0].clock_offset_us == -300'000'000);
}

TEST_CASE("a tenant that was created anew begins without peers") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  CHECK(world.hub.peers(world.tenant)->size() == 1);
  REQUIRE(world.tenants.remove("default"));
  world.tenant = *world.tenants.create("default", "unlimited");
  CHECK(world.hub.peers(world.tenant)->size() == 0);
}

TEST_CASE("each part of a round that could not be read answers with its own error") {
  SyncWorld world;
  Caller caller(world);
  ExchangeRequest round;
  round.node_id = caller.id();
  round.registration = caller.registration();
  round.problems.push = Error{ErrorCode::invalid_change, "nameless"};
  round.pull = caller.pull_request();
  const ExchangeResponse answer = world.hub.exchange(world.tenant, round);
  REQUIRE(answer.registration);
  CHECK(*answer.registration);
  REQUIRE(answer.push);
  CHECK(code_of(*answer.push) == ErrorCode::invalid_change);
  CHECK_FALSE(answer.heartbeat);
  REQUIRE(answer.pull);
  CHECK(*answer.pull);

  round.registration.reset();
  round.problems.registration = Error{ErrorCode::bad_request, "no clock"};
  const ExchangeResponse stopped = world.hub.exchange(world.tenant, round);
  REQUIRE(stopped.registration);
  CHECK(code_of(*stopped.registration) == ErrorCode::bad_request);
  CHECK_FALSE(stopped.push);
  CHECK_FALSE(stopped.pull);
}

TEST_CASE("a failed registration stops the rest of a round") {
  SyncWorld world;
  Caller caller(world);
  ExchangeRequest round;
  round.node_id = caller.id();
  round.registration = caller.registration();
  round.registration->protocol = {9};
  round.pull = caller.pull_request();
  const ExchangeResponse answer = world.hub.exchange(world.tenant, round);
  REQUIRE(answer.registration);
  CHECK_FALSE(*answer.registration);
  CHECK_FALSE(answer.pull);
  CHECK(answer.header.log_id == world.server().log_id());
}

}  // namespace syncline::test
