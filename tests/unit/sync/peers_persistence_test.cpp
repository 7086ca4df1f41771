// What both sides keep of one another between two starts.

#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/identity_world.hpp"
#include "support/journal_over.hpp"
#include "support/results.hpp"
#include "sync/peer_record.hpp"
#include "sync/remote_state.hpp"

namespace syncline::test {
namespace {

Peer sample() {
  Peer peer;
  peer.node_id = *NodeId::parse("6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0");
  peer.name = "till 7";
  peer.role = "edge";
  peer.tables = std::vector<std::string>{"a", "b"};
  peer.metadata = {{"os", "linux"}};
  peer.first_seen_us = 1;
  peer.last_seen_us = 2;
  peer.acknowledged = {{peer.node_id, 7}};
  peer.clock_offset_us = -3;
  peer.registrations = 4;
  peer.changes_pushed = 5;
  peer.changes_pulled = 6;
  return peer;
}

void check_same(const Peer& left, const Peer& right) {
  CHECK(left.node_id == right.node_id);
  CHECK(left.name == right.name);
  CHECK(left.role == right.role);
  CHECK(left.tables == right.tables);
  CHECK(left.metadata == right.metadata);
  CHECK(left.first_seen_us == right.first_seen_us);
  CHECK(left.last_seen_us == right.last_seen_us);
  CHECK(left.acknowledged == right.acknowledged);
  CHECK(left.clock_offset_us == right.clock_offset_us);
  CHECK(left.registrations == right.registrations);
  CHECK(left.changes_pushed == right.changes_pushed);
  CHECK(left.changes_pulled == right.changes_pulled);
}

std::size_t snapshots_in(const HubTransport& transport) {
  std::size_t count = 0;
  for (const std::string& target : transport.targets()) {
    count += target.find("/sync/snapshot") == std::string::npos ? 0 : 1;
  }
  return count;
}

}  // namespace

TEST_CASE("a peer comes back as it was kept, and nothing else passes for one") {
  Peer peer = sample();
  Result<Peer> again = decode_peer(encode_peer(peer));
  REQUIRE(again);
  check_same(*again, peer);
  CHECK_FALSE(again->previous_filter);
  peer.previous_filter = 77;
  peer.tables.reset();
  again = decode_peer(encode_peer(peer));
  REQUIRE(again);
  CHECK_FALSE(again->tables);
  CHECK(again->previous_filter == 77);

  const std::string bytes = encode_peer(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CHECK_FALSE(decode_peer(bytes.substr(0, length)));
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const char other : {'\0', '\xc0', '\xff'}) {
      std::string damaged = bytes;
      damaged[at] = other;
      static_cast<void>(decode_peer(damaged));  // never throws
    }
  }
}

TEST_CASE("a server that starts again knows its peers, who have to open their sessions anew") {
  IdentityWorld world(2, "lww");
  world.put(1, "a");
  world.put(2, "b");
  for (int i = 0; i < 2; ++i) {
    world.sync(0);
    world.sync(1);
  }
  world.server().hub.maintain(world.server().tenant);
  const auto before = world.server().hub.peers(world.server().tenant)->list();
  REQUIRE(before.size() == 2);
  const NodeId server = world.replica(0).node();

  world.put_back(0, world.copy_of(0));
  const auto table = world.server().hub.peers(world.server().tenant);
  const auto after = table->list();
  REQUIRE(after.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(after[i].node_id == before[i].node_id);
    CHECK(after[i].acknowledged == before[i].acknowledged);
    CHECK(after[i].acknowledged.get(world.replica(1).node()) == 1);
    CHECK_FALSE(after[i].in_session);
  }
  CHECK(table->seen(before[0].node_id, 1).error().code == ErrorCode::peer_stale);

  const SyncReport report = world.sync(0);
  CHECK(report.pushed + report.pulled == 0);
  CHECK_FALSE(report.identity_changed);
  CHECK(snapshots_in(world.server().transport) == 0);
  CHECK(world.replica(0).node() == server);
  CHECK(world.sync(0).requests == 1);
}

TEST_CASE(
    "an older copy of a replica is found by what it acknowledged before the server's restart") {
  IdentityWorld world(1, "lww");
  world.put(0, "a");
  world.sync(0);
  const auto old = world.copy_of(1);
  world.put(0, "b");
  world.sync(0);
  world.sync(0);
  world.server().hub.maintain(world.server().tenant);
  world.put_back(0, world.copy_of(0));
  const NodeId id = world.replica(1).node();
  world.put_back(1, old);
  const SyncReport report = world.sync(0);
  REQUIRE(report.identity_changed);
  CHECK(report.identity_changed->before == id);
  CHECK(report.identity_changed->after == world.replica(1).node());
  world.settle();
}

TEST_CASE("what cannot be kept is not entered") {
  struct FullJournal final : JournalOver {
    Result<JournalPosition> append(std::span<const JournalEntry> batch) override {
      if (full) return Error{ErrorCode::unavailable, "no space left"};
      return JournalOver::append(batch);
    }
    bool full = false;
  };
  const auto journal = std::make_shared<FullJournal>();
  Replica::Options options;
  options.journal = journal;
  const auto replica = Replica::open(std::move(options));
  REQUIRE(replica);
  PeerTable table(**replica);
  RegisterRequest request;
  request.node_id = sample().node_id;
  journal->full = true;
  CHECK(table.enter(request, 1).error().code == ErrorCode::unavailable);
  CHECK(table.size() == 0);
  journal->full = false;
  CHECK(table.enter(request, 1));
  CHECK(PeerTable(**replica).size() == 1);
}

TEST_CASE("an edge that starts again goes on from its place, without a snapshot") {
  IdentityWorld world(1, "lww");
  for (int i = 0; i < 20; ++i) world.put(0, "row " + std::to_string(i));
  world.sync(0);
  const auto kept = load_remote(world.replica(1), "default");
  REQUIRE(kept);
  CHECK(kept->server_node == world.replica(0).node());
  CHECK(kept->settings_version == 1);
  CHECK_FALSE(kept->cursor.empty());
  world.put(0, "one more");

  world.put_back(1, world.copy_of(1));
  CHECK(world.edge(0).client->server_node() == world.replica(0).node());
  const std::size_t answers = world.server().transport.answers().size();
  const SyncReport report = world.sync(0);
  CHECK(report.pulled == 1);
  CHECK(snapshots_in(world.server().transport) == 0);
  CHECK(world.server().transport.answers().size() == answers + 1);
  CHECK(load_remote(world.replica(1), "default")->cursor != kept->cursor);
}

TEST_CASE("after a snapshot its place is the one that is kept") {
  IdentityWorld world(1, "lww");
  world.put(0, "a");
  world.sync(0);
  const auto before = load_remote(world.replica(1), "default");
  REQUIRE(world.replica(0).reidentify());  // another log: cursors end
  world.put(0, "b");
  world.sync(0);
  const auto after = load_remote(world.replica(1), "default");
  REQUIRE(after);
  CHECK(after->cursor != before->cursor);
  CHECK(after->server_node == world.replica(0).node());
  CHECK(snapshots_in(world.server().transport) > 0);
  world.put_back(1, world.copy_of(1));
  const std::size_t snapshots = snapshots_in(world.server().transport);
  world.sync(0);
  CHECK(snapshots_in(world.server().transport) == snapshots);
}

TEST_CASE("places in several servers' logs are kept apart, and what is damaged is none") {
  const auto replica = Replica::open({});
  REQUIRE(replica);
  using Names = std::vector<std::string>;
  const auto id = [] { return NodeId::generate(system_random()); };
  const RemoteState one{id(), 3, "here", id(), Names{}, {}, {}};
  const RemoteState other{id(), 4, "", id(), Names{"t"}, {"u"}, {id(), 7}};
  REQUIRE(save_remote(**replica, "one", one));
  REQUIRE(save_remote(**replica, "other", other));
  CHECK(load_remote(**replica, "one") == one);
  CHECK(load_remote(**replica, "other") == other);
  CHECK_FALSE(load_remote(**replica, "third"));
  REQUIRE((*replica)->set_property("remote/one", "\x93\x01"));
  CHECK_FALSE(load_remote(**replica, "one"));
}

TEST_CASE("a replica in memory never uses an id again") {
  std::set<NodeId> ids;
  for (int i = 0; i < 100; ++i) {
    const auto replica = Replica::open({});
    REQUIRE(replica);
    ids.insert((*replica)->node());
    REQUIRE((*replica)->reidentify());
    ids.insert((*replica)->node());
  }
  CHECK(ids.size() == 200);
}

}  // namespace syncline::test
