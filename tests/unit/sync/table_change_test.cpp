// Replicas of some tables that become replicas of others.
#include <doctest/doctest.h>

#include "support/sync_world.hpp"
#include "sync/remote_state.hpp"

namespace syncline::test {
namespace {

using Names = std::vector<std::string>;

SyncClient::Options with_tables(Names tables) {
  SyncClient::Options options;
  options.batch_changes = 10;
  options.tables = std::move(tables);
  return options;
}

void fill(SyncWorld& world) {
  for (int i = 0; i < 15; ++i) {
    for (const char* const table : {"a", "b", "c"}) {
      REQUIRE(world.server().put(table, std::to_string(i), Payload::json(std::to_string(i))));
    }
  }
}

/// The rows of `tables` are the same, and there are no others here.
void check_rows(const Replica& edge, const Replica& server, const Names& tables) {
  CHECK(edge.tables() == tables);
  for (const std::string& table : tables) {
    CAPTURE(table);
    const RowPage there = server.scan(table);
    const RowPage here = edge.scan(table);
    REQUIRE(here.rows.size() == there.rows.size());
    for (std::size_t i = 0; i < here.rows.size(); ++i) {
      CHECK(here.rows[i].winner->dot == there.rows[i].winner->dot);
    }
  }
}

/// A filter and the next one, with the rows that the edge then has.
struct Change {
  Names from;
  Names to;
  Names held;
};

const std::vector<Change>& changes() {
  static const std::vector<Change> all = {
      {{"a"}, {"a", "b"}, {"a", "b"}}, {{"a", "b"}, {"a"}, {"a"}}, {{"a"}, {"b"}, {"b"}},
      {{"a"}, {}, {"a", "b", "c"}},    {{}, {"b"}, {"b"}},
  };
  return all;
}

}  // namespace

TEST_CASE("another choice of tables is taken up by the next round") {
  for (const Change& change : changes()) {
    CAPTURE(change.from.size());
    CAPTURE(change.to.size());
    SyncWorld world;
    fill(world);
    Edge edge = world.edge(with_tables(change.from));
    edge.sync();
    edge.put("mine", "1", "a");
    REQUIRE(world.server().put("b", "3", Payload::json("\"new\"")));
    world.attach(edge, with_tables(change.to));
    edge.sync();
    CHECK(world.server().get("a", "mine").exists());
    check_rows(*edge.replica, world.server(), change.held);
    // From here on it gets what it wants, and sends what it writes.
    for (const char* const table : {"a", "b", "c"}) {
      REQUIRE(world.server().put(table, "later", Payload::json("1")));
    }
    edge.put("mine too", "1", change.held.front());
    edge.sync();
    check_rows(*edge.replica, world.server(), change.held);
    CHECK(world.server().get(change.held.front(), "mine too").exists());
    CHECK(edge.sync().requests == 1);
  }
}

TEST_CASE("a change of tables goes on after a cut at any request, also by another process") {
  for (const Change& change : changes()) {
    for (unsigned lost = 1; lost <= 12; ++lost) {
      for (const bool new_process : {false, true}) {
        CAPTURE(change.from.size());
        CAPTURE(change.to.size());
        CAPTURE(lost);
        CAPTURE(new_process);
        SyncWorld world;
        fill(world);
        Edge edge = world.edge(with_tables(change.from));
        edge.sync();
        edge.put("mine", "1", "a");
        world.attach(edge, with_tables(change.to));
        edge.transport->lose_answer(lost);
        static_cast<void>(edge.client->sync());
        edge.transport->lose_answer(0);  // a shorter round lost nothing
        // Others write to all tables while it is away.
        for (const char* const table : {"a", "b", "c"}) {
          REQUIRE(world.server().put(table, "between", Payload::json("1")));
        }
        if (new_process) world.attach(edge, with_tables(change.to));
        edge.sync();
        CHECK(world.server().get("a", "mine").exists());
        check_rows(*edge.replica, world.server(), change.held);
        CHECK(edge.sync().requests == 1);
      }
    }
  }
}

TEST_CASE("what the server did not take keeps its table from being dropped") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(with_tables({"a", "b"}));
  edge.sync();
  ManualClock fast(world.clock.now_us());
  Edge other = world.edge(with_tables({"a", "b"}), &fast);
  other.sync();
  fast.advance_us(3'600'000'000);
  // Dated too far ahead, and again as often as the round dates anew what was refused.
  struct Busy final : public Transport {
    Busy(SyncWorld& world, Replica& of) : inner(world.tenants, world.hub), replica(of) {}
    Result<HttpResponse> send(const HttpRequest& request) override {
      REQUIRE(replica.put("b", "mine", Payload::json("1")));
      return inner.send(request);
    }
    TransportStatistics statistics() const override { return inner.statistics(); }
    HubTransport inner;
    Replica& replica;
  };
  Busy busy(world, *other.replica);
  const auto report = SyncClient(*other.replica, busy, with_tables({"a"})).sync();
  REQUIRE(report);
  CHECK_FALSE(report->rejected.empty());
  CHECK(other.replica->get("b", "mine").exists());
  CHECK(load_remote(*other.replica, "default")->dropping == Names{"b"});
  world.clock.advance_us(3'600'000'000);
  // Also a process that knows nothing of it by itself drops the table.
  world.attach(other, with_tables({"a"}));
  other.sync();
  CHECK(world.server().get("b", "mine").exists());
  CHECK(other.replica->tables() == Names{"a"});
  CHECK(load_remote(*other.replica, "default")->dropping.empty());
}

TEST_CASE("what is written to both while a table is added is there in the end") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(with_tables({"a"}));
  edge.sync();
  /// Before each request somebody writes to both tables, together and each by itself.
  struct Interleaved final : public Transport {
    explicit Interleaved(SyncWorld& world)
        : inner(world.tenants, world.hub), server(world.server()) {}
    Result<HttpResponse> send(const HttpRequest& request) override {
      const std::string number = std::to_string(++written);
      for (const char* const table : {"a", "b", "a"}) {
        REQUIRE(server.put(table, "alone", Payload::json(number)));
      }
      const Write both[] = {{WriteKind::put, "a", "both", Payload::json(number), {}},
                            {WriteKind::put, "b", "both", Payload::json(number), {}},
                            {WriteKind::put, "a", "both", Payload::json(number), {}}};
      REQUIRE(server.transaction(both));
      return inner.send(request);
    }
    TransportStatistics statistics() const override { return inner.statistics(); }
    HubTransport inner;
    Replica& server;
    int written = 0;
  };
  Interleaved transport(world);
  SyncClient::Options options = with_tables({"a", "b"});
  options.batch_changes = 1'000;
  REQUIRE(SyncClient(*edge.replica, transport, options).sync());
  world.attach(edge, options);
  edge.sync();
  check_rows(*edge.replica, world.server(), {"a", "b"});
}

TEST_CASE("a change behind a later one of its origin is refused, not filed twice") {
  SyncWorld world;
  Replica& server = world.server();
  REQUIRE(server.put("t", "first", Payload::json("1")));
  const Write both[] = {{WriteKind::put, "t", "both", Payload::json("2"), {}},
                        {WriteKind::put, "u", "both", Payload::json("2"), {}}};
  REQUIRE(server.transaction(both));
  Edge edge = world.edge();
  const Names added{"u"};
  REQUIRE(edge.replica->merge(server.snapshot(added), added));
  const LogReader log = server.log();
  std::vector<std::string_view> records;
  for (Lsn lsn = 1; lsn <= log.last_lsn(); ++lsn) {
    const auto bytes = log.at(lsn).change.record;
    records.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  IntegrateOptions options;
  options.allow_gaps = true;
  const IntegrateResult result = edge.replica->integrate(records, options);
  CHECK(result.duplicates == 1);
  REQUIRE(result.rejected.size() == 2);
  CHECK(result.rejected.front().error.code == ErrorCode::sequence_gap);
  CHECK(edge.replica->get("u", "both").exists());
  CHECK(edge.replica->statistics().changes == 1);
}

TEST_CASE("the order of the names is no change") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(with_tables({"b", "a"}));
  edge.sync();
  world.attach(edge, with_tables({"a", "b", "a"}));
  CHECK(edge.sync().requests == 1);
}

TEST_CASE("a replica that passes changes on hands them over before it holds back") {
  SyncWorld world;
  Edge edge = world.edge();
  Edge friend_of_it = world.edge();
  friend_of_it.put("1", "1", "b");
  edge.sync();
  const LogEntry change = friend_of_it.replica->log().at(1);
  const std::string_view record(reinterpret_cast<const char*>(change.change.record.data()),
                                change.change.record.size());
  REQUIRE(edge.replica->integrate({&record, 1}).applied == 1);
  world.attach(edge, with_tables({"a"}));
  edge.sync();
  CHECK(world.server().get("b", "1").exists());
  CHECK(edge.replica->tables().empty());
}

TEST_CASE("what a former version kept of the place goes by the tables of now") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(with_tables({"a"}));
  edge.sync();
  RemoteState state = *load_remote(*edge.replica, "default");
  // Version 1: [1, server, settings, cursor].
  const auto packed = nlohmann::json::to_msgpack(nlohmann::json::array(
      {1, state.server_node.to_string(), state.settings_version, state.cursor}));
  REQUIRE(edge.replica->set_property("remote/default", std::string(packed.begin(), packed.end())));
  CHECK_FALSE(load_remote(*edge.replica, "default")->tables);
  world.attach(edge, with_tables({"a"}));
  CHECK(edge.sync().requests == 1);
  CHECK(edge.replica->tables() == Names{"a"});
}

}  // namespace syncline::test
