#include "syncline/sync_client.hpp"

#include <doctest/doctest.h>

#include "support/sync_world.hpp"
#include "sync/cursor.hpp"

namespace syncline::test {
namespace {

SyncClient::Options small_batches(std::size_t changes) {
  SyncClient::Options options;
  options.batch_changes = changes;
  return options;
}

bool same_rows(const Replica& one, const Replica& other) {
  return one.visible_checksum() == other.visible_checksum();
}

}  // namespace

TEST_CASE("an idle round, and one local change, are one request each") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.sync();
  CHECK(edge.sync().requests == 1);
  edge.put("1", "{\"a\":1}");
  const SyncReport report = edge.sync();
  CHECK(report.requests == 1);
  CHECK(report.pushed == 1);
  CHECK(report.accepted == 1);
  CHECK(world.server().get("t", "1").exists());
  CHECK(edge.sync().requests == 1);
  REQUIRE(world.server().put("t", "2", Payload::json("2")));
  const SyncReport pulled = edge.sync();
  CHECK(pulled.requests == 1);
  CHECK(pulled.applied == 1);
  CHECK(same_rows(*edge.replica, world.server()));
}

TEST_CASE("the first round registers, then sends in batches") {
  SyncWorld world;
  Edge edge = world.edge(small_batches(10));
  edge.put_many(95);
  const SyncReport report = edge.sync();
  CHECK(report.requests == 11);
  CHECK(report.pushed == 95);
  CHECK(report.accepted == 95);
  CHECK(same_rows(*edge.replica, world.server()));
  edge.put_many(30, "u");
  CHECK(edge.sync().requests == 3);
}

TEST_CASE("a backlog on the server comes in pages, one request each") {
  SyncWorld world;
  Edge edge = world.edge(small_batches(10));
  edge.sync();
  for (int i = 0; i < 95; ++i) {
    REQUIRE(world.server().put("t", std::to_string(i), Payload::json("1")));
  }
  const SyncReport report = edge.sync();
  CHECK(report.requests == 10);
  CHECK(report.pulled == 95);
  CHECK(report.applied == 95);
  CHECK(same_rows(*edge.replica, world.server()));
}

TEST_CASE("changes of third parties are passed on") {
  SyncWorld world;
  Edge one = world.edge();
  Edge two = world.edge();
  one.put("1", "1");
  two.put("2", "2");
  one.sync();
  CHECK(two.sync().applied == 1);
  CHECK(one.sync().applied == 1);
  CHECK(same_rows(*one.replica, *two.replica));
  // Nothing of it goes back to where it came from.
  CHECK(one.sync().pushed == 0);
  CHECK(two.sync().pulled == 0);

  // A replica tells a new server what it has, whoever wrote it.
  SyncWorld elsewhere;
  HubTransport transport(elsewhere.tenants, elsewhere.hub);
  SyncClient client(*two.replica, transport, {});
  const auto moved = client.sync();
  REQUIRE(moved);
  CHECK(moved->accepted == 2);
  CHECK(same_rows(*two.replica, elsewhere.server()));
}

TEST_CASE("conflicts are told on both sides, each once") {
  SyncWorld world;
  Edge one = world.edge();
  Edge two = world.edge();
  one.put("r", "\"one\"");
  two.put("r", "\"two\"");
  one.sync();
  const SyncReport report = two.sync();
  REQUIRE(report.conflicts.size() == 1);
  CHECK(report.conflicts[0].row_id == "r");
  CHECK(one.sync().conflicts.size() == 1);
  CHECK(same_rows(*one.replica, *two.replica));
  CHECK(same_rows(*one.replica, world.server()));
}

TEST_CASE("JSON and MessagePack lead to the same") {
  SyncWorld world;
  SyncClient::Options json;
  json.json = true;
  json.batch_changes = 7;
  Edge one = world.edge(json);
  Edge two = world.edge(small_batches(5));
  for (int i = 0; i < 40; ++i) {
    one.put(std::to_string(i), "{ \"from\":\"one\",\"n\":" + std::to_string(i) + ".50 }");
    two.put(std::to_string(i + 20), "{\"from\":\"two\"}");
  }
  REQUIRE(one.replica->put("b", "1", Payload::raw(std::string("\0\xFF", 2))));
  REQUIRE(one.replica->erase("t", "3"));
  REQUIRE(two.replica->erase("t", "25"));
  for (int round = 0; round < 2; ++round) {
    one.sync();
    two.sync();
  }
  CHECK(same_rows(*one.replica, *two.replica));
  CHECK(same_rows(*one.replica, world.server()));
  CHECK(one.replica->summary() == two.replica->summary());
  for (const NodeId& origin : {one.replica->node(), two.replica->node()}) {
    const Sequence seq = world.server().summary().get(origin);
    CHECK(one.replica->chain_at(origin, seq) == two.replica->chain_at(origin, seq));
  }
}

TEST_CASE("transactions stay whole on the way") {
  SyncWorld world;
  Edge one = world.edge(small_batches(2));
  Edge two = world.edge(small_batches(2));
  one.put("a", "1");
  const std::vector<Write> writes(5, Write{WriteKind::put, "t", "r", Payload::json("1"), {}});
  REQUIRE(one.replica->transaction(writes));
  one.put("b", "1");
  CHECK(one.sync().accepted == 7);
  CHECK(two.sync().applied == 7);
  CHECK(same_rows(*one.replica, *two.replica));
}

TEST_CASE("a lost answer costs a registration, not a change") {
  SyncWorld world;
  Edge edge = world.edge(small_batches(10));
  edge.put_many(25);
  REQUIRE(world.server().put("s", "1", Payload::json("1")));
  for (unsigned lost = 1; lost <= 4; ++lost) {
    CAPTURE(lost);
    edge.transport->lose_answer(lost);
    const auto broken = edge.client->sync();
    if (!broken) CHECK(broken.error().code == ErrorCode::unavailable);
    edge.put("more" + std::to_string(lost), "1");
  }
  edge.transport->lose_answer(0);
  edge.sync();
  CHECK(same_rows(*edge.replica, world.server()));
  CHECK(world.server().statistics().changes == 30);
  CHECK(edge.sync().requests == 1);
}

TEST_CASE("a lost request is sent again by the next round") {
  SyncWorld world;
  Edge edge = world.edge(small_batches(10));
  edge.put_many(25);
  edge.transport->lose_request(2);
  CHECK_FALSE(edge.client->sync());
  CHECK(edge.sync().accepted == 25);
  CHECK(same_rows(*edge.replica, world.server()));
}

TEST_CASE("a client that starts anew neither sends nor takes again what is there") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(20);
  REQUIRE(world.server().put("s", "1", Payload::json("1")));
  edge.sync();
  world.attach(edge);
  const SyncReport report = edge.sync();
  CHECK(report.requests == 1);
  CHECK(report.pushed == 0);
  CHECK(report.pulled == 0);
}

TEST_CASE("refused changes are told once a round and block nobody else") {
  TenantManager::Options options;
  options.max_change_bytes = 100;
  SyncWorld world(options);
  Edge other = world.edge();
  Edge edge = world.edge();
  other.put("of the other", "1");
  edge.put("small", "1");
  edge.put("large", "\"" + std::string(200, 'x') + "\"");
  edge.put("behind", "1");
  // The edge holds the other's change without the server knowing of it.
  const LogEntry theirs = other.replica->log().at(1);
  const std::string_view record(reinterpret_cast<const char*>(theirs.change.record.data()),
                                theirs.change.record.size());
  REQUIRE(edge.replica->integrate(std::span(&record, 1)).rejected.empty());

  const SyncReport report = edge.sync();
  CHECK(report.accepted == 4);  // one of these says only that its number was used up
  REQUIRE(report.rejected.size() == 1);
  CHECK(report.rejected[0].error.code == ErrorCode::too_large);
  CHECK(report.rejected[0].dot == Dot{edge.replica->node(), 2});
  CHECK(report.requests <= 4);
  CHECK(world.server().get("t", "of the other").exists());
  CHECK(same_rows(*edge.replica, world.server()));
  CHECK(edge.sync().rejected.empty());
}

TEST_CASE("batches shrink to what the server takes") {
  for (const bool json : {false, true}) {
    TenantManager::Options options;
    options.max_body_bytes = 20'000;
    options.max_batch_changes = 1000;
    SyncWorld world(options);
    SyncClient::Options client;
    client.json = json;
    Edge edge = world.edge(client);
    for (int i = 0; i < 200; ++i) {
      edge.put(std::to_string(i), "\"" + std::string(300, 'x') + "\"");
    }
    CHECK(edge.sync().accepted == 200);
    CHECK(same_rows(*edge.replica, world.server()));
  }
}

TEST_CASE("a change that does not fit into a request is taken back, the others go on") {
  TenantManager::Options options;
  options.max_body_bytes = 5'000;
  SyncWorld world(options);
  Edge edge = world.edge();
  edge.put("1", "1");
  edge.put("2", "\"" + std::string(6'000, 'x') + "\"");
  const SyncReport report = edge.sync();
  CHECK(report.accepted == 2);
  REQUIRE(report.rejected.size() == 1);
  CHECK(report.rejected[0].error.code == ErrorCode::too_large);
  CHECK(edge.replica->rejected_changes().size() == 1);
  CHECK_FALSE(edge.replica->get("t", "2").winner);
}

TEST_CASE("the tenant's settings come with registration and after every change") {
  SyncWorld world;
  TenantSettings settings;
  settings.policies.tables["t"] = "causal";
  settings.max_clock_drift_ms = 5'000;
  REQUIRE(world.tenants.set_settings("default", settings));
  Edge edge = world.edge();
  edge.sync();
  CHECK(edge.replica->policies().for_table("t") == "causal");
  CHECK(edge.replica->max_clock_drift_ms() == 5'000);
  CHECK(edge.replica->settings_version() == world.tenant->settings().version);
  settings.policies.tables["t"] = "lww";
  REQUIRE(world.tenants.set_settings("default", settings));
  CHECK(edge.sync().requests == 2);
  CHECK(edge.replica->policies().for_table("t") == "lww");
  CHECK(edge.sync().requests == 1);
}

TEST_CASE("a server that starts without its data gets everything again") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(20);
  REQUIRE(world.server().put("s", "1", Payload::json("1")));
  edge.sync();
  REQUIRE(world.tenants.remove("default"));
  world.tenant = *world.tenants.create("default", "unlimited");
  const SyncReport report = edge.sync();
  CHECK(report.accepted == 21);
  CHECK(same_rows(*edge.replica, world.server()));
  CHECK(edge.client->server_node() == world.server().node());
  CHECK(edge.sync().requests == 1);
}

TEST_CASE("a snapshot replaces and merges") {
  SyncWorld world;
  for (int i = 0; i < 50; ++i) {
    REQUIRE(world.server().put("t", std::to_string(i % 20), Payload::json(std::to_string(i))));
  }
  Edge edge = world.edge(small_batches(7));
  edge.put("own", "1");
  const auto taken = edge.client->bootstrap();
  REQUIRE(taken);
  CHECK(taken->applied == 50);
  CHECK(edge.replica->get("t", "own").exists());
  const SyncReport report = edge.sync();
  CHECK(report.pulled == 0);
  CHECK(report.accepted == 1);
  CHECK(same_rows(*edge.replica, world.server()));
}

TEST_CASE("a replica that was copied is found out and goes on under another id") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(3);
  edge.sync();
  Replica::Options options;
  options.node = edge.replica->node();
  options.clock = &world.clock;
  auto copy = Replica::open(options);
  REQUIRE(copy);
  HubTransport transport(world.tenants, world.hub);
  SyncClient client(**copy, transport, {});
  const auto report = client.sync();
  REQUIRE(report);
  REQUIRE(report->identity_changed);
  CHECK(report->identity_changed->before == edge.replica->node());
  CHECK(report->identity_changed->after == (*copy)->node());
  CHECK((*copy)->node() != edge.replica->node());
  CHECK(report->pulled == 3);
  CHECK(same_rows(**copy, world.server()));
  const auto idle = client.sync();
  REQUIRE(idle);
  CHECK_FALSE(idle->identity_changed);
  CHECK(idle->requests == 1);
}

TEST_CASE("a replica of some tables pulls only these and still gets on") {
  SyncWorld world;
  SyncClient::Options options;
  options.tables = {"wanted"};
  Edge edge = world.edge(options);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(world.server().put("other", std::to_string(i), Payload::json("1")));
    if (i % 3 == 0) REQUIRE(world.server().put("wanted", std::to_string(i), Payload::json("1")));
  }
  edge.put("mine", "1", "wanted");
  SyncReport report = edge.sync();
  CHECK(report.pulled == 4);
  CHECK(report.accepted == 1);
  CHECK(edge.replica->summary().covers(world.server().summary()));
  CHECK(edge.sync().pulled == 0);
}

TEST_CASE("a slow clock is told to the server") {
  SyncWorld world;
  ManualClock slow{world.clock.now_us() - 300'000'000};
  Edge edge = world.edge({}, &slow);
  REQUIRE(world.server().put("t", "1", Payload::json("1")));
  edge.sync();  // receives a later time than its clock's
  edge.client.reset();
  world.attach(edge);
  edge.sync();
  CHECK(world.hub.peers(world.tenant)->list()[0].clock_offset_us == -300'000'000);
}

TEST_CASE("errors of the tenant reach the caller, and progress is told") {
  SyncWorld world;
  std::size_t calls = 0;
  SyncClient::Options options;
  options.tenant = "nobody";
  options.on_progress = [&](const SyncReport& report) { calls += report.requests; };
  Edge edge = world.edge(options);
  const auto refused = edge.client->sync();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::tenant_not_found);
  CHECK(calls == 1);

  REQUIRE(world.tenants.set_plan("default", "free"));
  Edge other = world.edge();
  other.put("1", "1");
  const auto disabled = other.client->sync();
  REQUIRE_FALSE(disabled);
  CHECK(disabled.error().code == ErrorCode::change_log_disabled);
}

}  // namespace syncline::test
