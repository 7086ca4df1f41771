#include "sync/live_client.hpp"

#include <doctest/doctest.h>

#include "support/hub_channel.hpp"
#include "support/sync_world.hpp"
#include "sync/peers.hpp"
#include "sync/remote_state.hpp"

namespace syncline::test {
namespace {

/// An edge that has synced, and its live connection, driven by hand.
struct LiveEdge {
  explicit LiveEdge(SyncWorld& world, std::size_t batch = 100, std::vector<std::string> tables = {})
      : edge(world.edge(options_of(tables))), channel(world.hub, world.tenant) {
    edge.sync();
    connect(batch, std::move(tables));
  }
  static SyncClient::Options options_of(std::vector<std::string> tables) {
    SyncClient::Options options;
    options.tables = std::move(tables);
    return options;
  }
  void connect(std::size_t batch, std::vector<std::string> tables) {
    const RemoteState place = load_remote(*edge.replica, "default").value();
    LiveClient::Options with;
    with.batch_changes = batch;
    with.batch_bytes = 1'000'000;
    with.tables = std::move(tables);
    with.cursor = place.cursor;
    with.settings_version = place.settings_version;
    with.heartbeat_interval_us = 30'000'000;
    with.refused = refused;
    client.emplace(*edge.replica, std::move(with), now);
  }
  /// Sends and receives until nothing is under way. Gives how it ended, if it did.
  Result<void> run() {
    now += 1'000'000;  // time to acknowledge again
    for (;;) {
      for (const LiveMessage& message : client->take_output()) {
        if (auto sent = channel.send(message); !sent) return sent;
      }
      auto message = channel.receive(std::chrono::milliseconds(0));
      if (!message) return message.error();
      if (*message) {
        if (auto taken = client->on_message(**message, now); !taken) return taken;
        continue;
      }
      client->on_idle(now);
      std::vector<LiveMessage> more = client->take_output();
      if (more.empty()) return {};
      for (const LiveMessage& each : more) {
        if (auto sent = channel.send(each); !sent) return sent;
      }
    }
  }

  std::uint64_t now = 1;
  Edge edge;
  HubChannel channel;
  std::set<NodeId> refused;
  std::optional<LiveClient> client;
};

void put(SyncWorld& world, std::string_view row, std::string_view table = "t") {
  REQUIRE(world.server().put(table, row, Payload::json("1")));
}

bool same_rows(const Replica& one, const Replica& other) {
  return one.visible_checksum() == other.visible_checksum();
}

VectorClock acknowledged(SyncWorld& world, const NodeId& node) {
  for (const Peer& peer : world.hub.peers(world.tenant)->list()) {
    if (peer.node_id == node) return peer.acknowledged;
  }
  return {};
}

}  // namespace

TEST_CASE("changes go both ways over a live connection, and are acknowledged") {
  SyncWorld world;
  put(world, "0");
  LiveEdge live(world);
  CHECK_FALSE(live.client->begun());
  REQUIRE(live.run());
  CHECK(live.client->begun());
  live.edge.put("1", "1");
  live.client->on_commit();
  REQUIRE(live.run());
  CHECK(world.server().get("t", "1").exists());
  CHECK(live.client->server_clock().covers(live.edge.replica->summary()));
  put(world, "2");
  REQUIRE(live.run());
  CHECK(same_rows(*live.edge.replica, world.server()));
  CHECK(acknowledged(world, live.edge.replica->node()) == world.server().summary());
}

TEST_CASE("the server sends no more than was granted, and everything in the end") {
  SyncWorld world;
  LiveEdge live(world, 10);
  REQUIRE(live.run());
  for (int i = 0; i < 95; ++i) put(world, std::to_string(i));
  // Ten may come before the first is taken; then room for as many as were applied.
  std::size_t came = 0;
  std::vector<LiveMessage> kept;
  for (;;) {
    const auto message = live.channel.receive(std::chrono::milliseconds(0));
    REQUIRE(message);
    if (!*message) break;
    const auto frame = read_live_message(**message);
    REQUIRE(frame);
    if (const auto* changes = std::get_if<PullResponse>(&frame->body)) {
      came += changes->changes.records.size();
    }
    kept.push_back(**message);
  }
  CHECK(came == 10);
  for (const LiveMessage& message : kept) REQUIRE(live.client->on_message(message, live.now));
  REQUIRE(live.run());
  CHECK(same_rows(*live.edge.replica, world.server()));
}

TEST_CASE("a heartbeat is sent when nothing else happens") {
  SyncWorld world;
  LiveEdge live(world);
  REQUIRE(live.run());
  live.now = live.client->next_due_us() - 1;
  live.client->on_idle(live.now);
  CHECK(live.client->take_output().empty());
  ++live.now;
  live.client->on_idle(live.now);
  const auto output = live.client->take_output();
  REQUIRE(output.size() == 1);
  CHECK(live_type(read_live_message(output[0])->body) == "heartbeat");
}

TEST_CASE("who asks hears when it holds all that the server had then") {
  SyncWorld world;
  LiveEdge live(world);
  REQUIRE(live.run());
  for (int i = 0; i < 5; ++i) put(world, std::to_string(i));
  live.client->ask(live.now);
  CHECK_FALSE(live.client->settled());
  REQUIRE(live.run());
  CHECK(live.client->settled());
  CHECK(same_rows(*live.edge.replica, world.server()));
}

TEST_CASE("a live connection says of this replica what a round says") {
  SyncWorld world;
  LiveEdge live(world);
  const auto home = world.server().node();
  Edge child = world.edge();
  PeerTable peers(*live.edge.replica);
  RegisterRequest entry;
  entry.node_id = child.replica->node();
  REQUIRE(peers.enter(entry, 1));
  live.connect(100, {});
  auto output = live.client->take_output();
  REQUIRE(output.size() == 1);
  const auto first = read_live_message(output[0]);
  REQUIRE(first);
  // Else a server that knows nobody any more would take it for a newcomer.
  CHECK(std::get<RegisterRequest>(first->body).home == home);
  REQUIRE(live.channel.send(output[0]));
  const auto answer = live.channel.receive(std::chrono::milliseconds(0));
  REQUIRE((answer && *answer));
  live.edge.put("1", "1");
  REQUIRE(live.client->on_message(**answer, live.now));
  bool beat = false;
  for (const LiveMessage& message : live.client->take_output()) {
    const auto frame = read_live_message(message);
    REQUIRE(frame);
    const auto* heartbeat = std::get_if<HeartbeatRequest>(&frame->body);
    if (heartbeat == nullptr) continue;
    beat = true;
    // The child holds nothing yet: what only the relay holds is not stable.
    REQUIRE(heartbeat->vouched);
    CHECK(heartbeat->vouched->clock().empty());
    CHECK_FALSE(heartbeat->clock.clock().empty());
  }
  CHECK(beat);
}

TEST_CASE("what only this server was sent is private again if it refuses it") {
  SyncWorld world;
  LiveEdge live(world);
  REQUIRE(live.run());
  live.edge.put("1", "1");
  live.client->on_commit();
  CHECK(live.client->take_output().size() == 1);
  Replica& replica = *live.edge.replica;
  CHECK(replica.private_from() == 2);
  replica.refused(1, world.server().node().to_string());
  CHECK(replica.private_from() == 1);
}

TEST_CASE("a connection that is cut at any frame leaves nothing that a round does not heal") {
  for (unsigned cut = 1; cut <= 24; ++cut) {
    CAPTURE(cut);
    SyncWorld world;
    LiveEdge live(world, 2);
    live.channel.cut_at(cut);
    Result<void> ended = live.run();
    for (int i = 0; i < 6 && ended; ++i) {
      live.edge.put("e" + std::to_string(i), "1");
      put(world, "s" + std::to_string(i));
      live.client->on_commit();
      ended = live.run();
    }
    CHECK(ended.has_error());
    for (int i = 0; i < 6; ++i) {
      live.edge.put("e" + std::to_string(i), "2");
      put(world, "s" + std::to_string(i));
    }
    world.attach(live.edge);
    live.edge.sync();
    CHECK(same_rows(*live.edge.replica, world.server()));
    CHECK(live.edge.sync().requests == 1);
  }
}

TEST_CASE("what only a round can heal ends the connection") {
  SyncWorld world;
  SUBCASE("an older copy of the replica") {
    LiveEdge live(world);
    REQUIRE(live.run());
    // The server knows a change of this replica that it does not have.
    const LiveMessage beat = write_live_message({7,
                                                 [&] {
                                                   HeartbeatResponse answer;
                                                   answer.header.settings_version = 1;
                                                   answer.header.known = WireClock::Entry{5, 9};
                                                   return answer;
                                                 }()},
                                                BodyFormat::msgpack);
    const auto taken = live.client->on_message(beat, live.now);
    REQUIRE(taken.has_error());
    CHECK(taken.error().code == ErrorCode::replica_rewound);
  }
  SUBCASE("another id") {
    LiveEdge live(world);
    REQUIRE(live.run());
    REQUIRE(live.edge.replica->reidentify());
    live.client->ask(live.now);
    const auto ended = live.run();
    REQUIRE(ended.has_error());
    CHECK(ended.error().code == ErrorCode::replica_rewound);
  }
  SUBCASE("other settings") {
    LiveEdge live(world);
    REQUIRE(live.run());
    TenantSettings settings = world.tenant->settings();
    settings.policies.default_policy = "causal";
    REQUIRE(world.tenants.set_settings("default", settings));
    live.client->ask(live.now);
    const auto ended = live.run();
    REQUIRE(ended.has_error());
    CHECK(ended.error().code == ErrorCode::peer_stale);
  }
  SUBCASE("an error frame") {
    LiveEdge live(world);
    const LiveMessage error = write_live_message(
        {1, LiveError{Error(ErrorCode::cursor_trimmed, "gone")}}, BodyFormat::msgpack);
    const auto taken = live.client->on_message(error, live.now);
    REQUIRE(taken.has_error());
    CHECK(taken.error().code == ErrorCode::cursor_trimmed);
  }
  SUBCASE("bytes that are no frame") {
    LiveEdge live(world);
    CHECK(live.client->on_message({true, "\xc1"}, live.now).has_error());
    CHECK(live.client->on_message({false, "{"}, live.now).has_error());
  }
  SUBCASE("what only a client sends") {
    LiveEdge live(world);
    REQUIRE(live.run());
    const LiveMessage credit = write_live_message({1, LiveCredit{1, 1}}, BodyFormat::msgpack);
    CHECK(live.client->on_message(credit, live.now).has_error());
  }
}

TEST_CASE("what the server refuses is left to a round, and not sent again") {
  SyncWorld world;
  LiveEdge live(world);
  REQUIRE(live.run());
  ManualClock fast(world.clock.now_us());
  Edge hasty = world.edge({}, &fast);
  hasty.sync();
  fast.advance_us(3'600'000'000);
  live.edge = std::move(hasty);
  live.connect(100, {});
  HubChannel channel(world.hub, world.tenant);
  live.edge.put("1", "1");
  LiveEdge* const both = &live;
  const auto run = [&](LiveClient& client) {
    for (;;) {
      for (const LiveMessage& message : client.take_output()) REQUIRE(channel.send(message));
      const auto message = channel.receive(std::chrono::milliseconds(0));
      REQUIRE(message);
      if (!*message) return;
      REQUIRE(client.on_message(**message, both->now));
    }
  };
  run(*live.client);
  CHECK(live.client->wants_round());
  // With its origin named as refused it is not offered again.
  live.refused = {live.edge.replica->node()};
  live.connect(100, {});
  HubChannel second(world.hub, world.tenant);
  const unsigned before = channel.messages();
  run(*live.client);
  CHECK(channel.messages() > before);
  CHECK_FALSE(live.client->wants_round());
}

TEST_CASE("what the plan has no room for is asked for later, over the same connection") {
  SyncWorld world;
  LiveEdge live(world);
  REQUIRE(live.run());
  live.channel.limit(1);
  live.edge.put("1", "1");
  live.client->on_commit();
  REQUIRE(live.run());
  CHECK_FALSE(world.server().get("t", "1").exists());
  CHECK(live.client->next_due_us() == live.now + 2'000'000);
  live.edge.put("2", "1");
  live.client->on_commit();
  CHECK(live.client->take_output().empty());
  REQUIRE(live.run());
  REQUIRE(live.run());
  CHECK(world.server().get("t", "2").exists());
  // So is a heartbeat, and who waits for its answer hears in the end.
  live.channel.limit(1);
  live.client->ask(live.now);
  REQUIRE(live.run());
  CHECK_FALSE(live.client->settled());
  REQUIRE(live.run());
  REQUIRE(live.run());
  CHECK(live.client->settled());
}

TEST_CASE("a plan without room for the stream ends the connection, with the time to come back") {
  SyncWorld world;
  LiveEdge live(world);
  live.channel.limit(1);
  const auto ended = live.run();
  REQUIRE(ended.has_error());
  CHECK(ended.error().code == ErrorCode::rate_limited);
  CHECK(ended.error().number("retry_after_s") == 2);
}

TEST_CASE("many pages in a row are acknowledged together") {
  SyncWorld world;
  LiveEdge live(world, 1);
  REQUIRE(live.run());
  const unsigned before = live.channel.messages();
  for (int i = 0; i < 20; ++i) put(world, std::to_string(i));
  REQUIRE(live.run());
  CHECK(same_rows(*live.edge.replica, world.server()));
  // Twenty pages, twenty grants, one heartbeat and its answer, and perhaps a last cursor.
  CHECK(live.channel.messages() - before <= 43);
}

TEST_CASE("a replica of some tables gets only these, and misses nothing") {
  SyncWorld world;
  put(world, "0", "a");
  LiveEdge live(world, 10, {"a"});
  REQUIRE(live.run());
  for (int i = 0; i < 30; ++i) put(world, std::to_string(i), i % 3 == 0 ? "a" : "b");
  REQUIRE(live.run());
  CHECK(live.edge.replica->tables() == std::vector<std::string>{"a"});
  CHECK(live.edge.replica->scan("a").rows.size() == world.server().scan("a").rows.size());
}

}  // namespace syncline::test
