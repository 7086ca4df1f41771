// Which acknowledgements count, and what the home makes of them.

#include "sync/stability.hpp"

#include "support/caller.hpp"
#include "sync/peer_record.hpp"
#include "sync/vouched.hpp"

namespace syncline::test {
namespace {

constexpr std::uint64_t minute_us = 60'000'000;

NodeId node(char digit) {
  return *NodeId::parse(std::string(8, digit) + "-0000-4000-8000-000000000000");
}

RegisterRequest registration_of(const NodeId& id) {
  RegisterRequest request;
  request.protocol = {1};
  request.node_id = id;
  return request;
}

std::uint64_t marker_number(const Replica& replica) { return stable_state(replica).number; }

/// Both edges hold all that there is, and have said so.
void settle(SyncWorld& world, Edge& one, Edge& other) {
  for (int i = 0; i < 2; ++i) {
    one.sync();
    other.sync();
  }
  static_cast<void>(world);
}

}  // namespace

TEST_CASE("an acknowledgement counts once all is here that its sender held") {
  const auto replica = Replica::open({});
  REQUIRE(replica);
  PeerTable table(**replica);
  const NodeId phone = node('1');
  REQUIRE(table.enter(registration_of(phone), 1));
  const VectorClock said{{phone, 3}, {node('2'), 5}};
  const VectorClock little{{phone, 1}, {node('2'), 9}};
  CHECK_FALSE(table.acknowledge(phone, {said, said}, little));
  // What it holds it holds; but what it wrote before may still come.
  CHECK(table.find(phone)->acknowledged == VectorClock{{phone, 1}, {node('2'), 5}});
  CHECK(table.find(phone)->vouched.empty());
  CHECK_FALSE(table.count_pending(VectorClock{{phone, 2}, {node('2'), 9}}));
  CHECK(table.count_pending(VectorClock{{phone, 3}, {node('2'), 9}}));
  CHECK(table.find(phone)->vouched == said);
  CHECK(table.find(phone)->acknowledged == said);
  CHECK_FALSE(table.count_pending(VectorClock{{phone, 3}, {node('2'), 9}}));

  // It is never lowered, and the newest counts.
  CHECK_FALSE(table.acknowledge(phone, {{{phone, 1}}, {{phone, 1}}}, said));
  CHECK(table.find(phone)->vouched == said);
  // What a relay vouches for counts, not what it holds itself; and never more than it holds.
  const NodeId relay = node('3');
  REQUIRE(table.enter(registration_of(relay), 1));
  CHECK(table.acknowledge(relay, {said, {{phone, 2}, {relay, 7}}}, said));
  CHECK(table.find(relay)->vouched == VectorClock{{phone, 2}});
  CHECK(table.find(relay)->acknowledged == said);
}

TEST_CASE("what was acknowledged is kept at most once a second, and when something rests on it") {
  const auto replica = Replica::open({});
  REQUIRE(replica);
  PeerTable table(**replica);
  const NodeId phone = node('1');
  REQUIRE(table.enter(registration_of(phone), 1));
  const auto kept = [&] {
    return decode_peer(*(*replica)->property(peer_property(phone)))->vouched.get(phone);
  };
  const auto acknowledge = [&](Sequence seq, std::uint64_t now_us) {
    const VectorClock clock{{phone, seq}};
    CHECK(table.acknowledge(phone, {clock, clock}, clock));
    table.keep(now_us);
  };
  acknowledge(1, 2'000'000);
  CHECK(kept() == 1);
  acknowledge(2, 2'900'000);
  CHECK(kept() == 1);
  acknowledge(3, 3'000'000);
  CHECK(kept() == 3);
  acknowledge(4, 3'000'001);
  CHECK(kept() == 3);
  table.keep(3'000'001, true);
  CHECK(kept() == 4);
  // A later start begins with that, also where the record is of a version that had less in it.
  CHECK(PeerTable(**replica).find(phone)->vouched.get(phone) == 4);
}

TEST_CASE("a sign of life is kept often enough for a lease, and no lease ends at a start") {
  const auto replica = Replica::open({});
  REQUIRE(replica);
  const NodeId phone = node('1');
  constexpr std::uint64_t hour_us = 3'600'000'000;
  {
    PeerTable table(**replica);
    REQUIRE(table.enter(registration_of(phone), 1));
    REQUIRE(table.seen(phone, hour_us / 2));
    table.keep(hour_us / 2);
    CHECK(PeerTable(**replica).find(phone)->last_seen_us == 1);
    REQUIRE(table.seen(phone, hour_us + 2));
    table.keep(hour_us + 2);
  }
  const PeerTable later(**replica, 100 * hour_us);
  const Peer peer = *later.find(phone);
  CHECK(peer.last_seen_us == hour_us + 2);
  CHECK(later.lease_end_us(peer, 60) == 100 * hour_us + 60'000'000);
  CHECK(later.lease_end_us(peer, 50 * 3600) == 101 * hour_us);
  CHECK(later.lease_end_us(peer, 200 * 3600) == 201 * hour_us + 2);
}

TEST_CASE("stable is what every live replica holds, and the home says so") {
  SyncWorld world;
  Edge one = world.edge();
  Edge other = world.edge();
  one.put("a", "1");
  other.put("b", "2");
  one.sync();
  other.sync();
  // The first one has not seen what the other one wrote.
  const VectorClock first{{one.replica->node(), 1}};
  CHECK(stable_clock(world.server(), *world.hub.peers(world.tenant)) == first);
  world.clock.advance_us(minute_us);
  world.hub.maintain(world.tenant);
  REQUIRE(marker_number(world.server()) == 1);
  CHECK(stable_state(world.server()).clock == first);
  one.sync();  // pulls it, and says only with the next round that it holds it
  world.clock.advance_us(minute_us);
  world.hub.maintain(world.tenant);
  CHECK(marker_number(world.server()) == 1);
  one.sync();
  REQUIRE(marker_number(world.server()) == 2);
  const VectorClock all{{one.replica->node(), 1}, {other.replica->node(), 1}};
  CHECK(stable_state(world.server()).clock == all);
  one.put("a", "3");
  settle(world, one, other);
  CHECK(marker_number(*one.replica) == 2);
  CHECK(marker_number(*other.replica) == 2);
  // Not more often than once a minute.
  CHECK(marker_number(world.server()) == 2);
  world.clock.advance_us(minute_us - 1);
  world.hub.maintain(world.tenant);
  CHECK(marker_number(world.server()) == 2);
  world.clock.advance_us(1);
  world.hub.maintain(world.tenant);
  CHECK(marker_number(world.server()) == 3);
  CHECK(stable_state(world.server()).clock.get(one.replica->node()) == 2);
}

TEST_CASE("what a marker rests on is kept before it") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  caller.edge.put("a", "1");
  caller.push();
  PeerTable& peers = world.hub.exchange_of(world.tenant)->peers;
  const VectorClock all = world.server().summary();
  CHECK(peers.acknowledge(caller.id(), {all, all}, all));
  const auto kept = [&] {
    return decode_peer(*world.server().property(peer_property(caller.id())))->vouched;
  };
  CHECK(kept().empty());
  const std::uint64_t now_us = world.clock.now_us();
  CHECK_FALSE(advance_stability(*world.tenant, peers, now_us, minute_us).value());
  CHECK(kept().empty());
  CHECK(advance_stability(*world.tenant, peers, now_us, 0).value());
  CHECK(kept() == all);
}

TEST_CASE("markers say nothing that is worth a marker") {
  SyncWorld world;
  Edge one = world.edge();
  Edge other = world.edge();
  one.put("a", "1");
  settle(world, one, other);
  for (int i = 0; i < 5; ++i) {
    world.clock.advance_us(minute_us);
    settle(world, one, other);
    world.hub.maintain(world.tenant);
  }
  CHECK(marker_number(world.server()) == 1);
  REQUIRE(world.server().put("t", "b", Payload::json("1")));
  settle(world, one, other);
  world.clock.advance_us(minute_us);
  world.hub.maintain(world.tenant);
  CHECK(marker_number(world.server()) == 2);
}

TEST_CASE("without peers what is durable is stable; without a home nothing is") {
  SyncWorld world;
  REQUIRE(world.server().put("t", "a", Payload::json("1")));
  TenantSettings settings = world.tenant->settings();
  for (const std::optional<NodeId>& home : {std::optional<NodeId>(), std::optional(node('5'))}) {
    settings.home = home;
    REQUIRE(world.tenants.set_settings("default", settings));
    world.clock.advance_us(minute_us);
    world.hub.maintain(world.tenant);
    CHECK(marker_number(world.server()) == 0);
  }
  settings.home = NodeId();
  REQUIRE(world.tenants.set_settings("default", settings));
  world.hub.maintain(world.tenant);
  CHECK(marker_number(world.server()) == 1);
}

TEST_CASE("only the home's markers are taken from their writer") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  caller.edge.put("a", "1");
  REQUIRE(caller.edge.replica->append_stable_marker(VectorClock{{caller.id(), 1}}));
  const PushResponse refused = caller.push();
  REQUIRE(refused.rejected.size() == 1);
  CHECK(refused.rejected.front().error.code == ErrorCode::invalid_change);
  TenantSettings settings = world.tenant->settings();
  settings.home = caller.id();
  REQUIRE(world.tenants.set_settings("default", settings));
  CHECK(caller.push(2).rejected.empty());
  CHECK(marker_number(world.server()) == 1);
}

TEST_CASE("a relay vouches for its own peers") {
  SyncWorld world;
  Edge relay = world.edge();
  relay.put("a", "1");
  CHECK_FALSE(vouched_clock(*relay.replica));
  const NodeId child = node('1');
  {
    PeerTable peers(*relay.replica);
    REQUIRE(peers.enter(registration_of(child), 1));
  }
  REQUIRE(vouched_clock(*relay.replica));
  CHECK(vouched_clock(*relay.replica)->empty());
  relay.sync();
  relay.sync();
  const NodeId self = relay.replica->node();
  const auto known = world.hub.peers(world.tenant)->find(self);
  CHECK(known->acknowledged == VectorClock{{self, 1}});
  CHECK(known->vouched.empty());
  {
    PeerTable peers(*relay.replica);
    const VectorClock all = relay.replica->summary();
    CHECK(peers.acknowledge(child, {all, all}, all));
    peers.keep(1, true);
  }
  relay.sync();
  CHECK(world.hub.peers(world.tenant)->find(self)->vouched == VectorClock{{self, 1}});
}

TEST_CASE("a restored home waits until all have told it anew what they hold") {
  SyncWorld world;
  Edge one = world.edge();
  Edge other = world.edge();
  one.put("a", "1");
  settle(world, one, other);
  REQUIRE(world.server().reidentify());
  one.put("b", "1");
  one.sync();
  one.sync();
  world.clock.advance_us(minute_us);
  world.hub.maintain(world.tenant);
  CHECK(marker_number(world.server()) == 0);
  other.sync();
  other.sync();
  world.hub.maintain(world.tenant);
  CHECK(marker_number(world.server()) == 1);
}

}  // namespace syncline::test
