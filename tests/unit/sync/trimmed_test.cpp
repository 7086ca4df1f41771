// What a trimmed log can give to others, and what it says where it cannot.

#include "support/sync_world.hpp"
#include "sync/durable.hpp"
#include "sync/push_planner.hpp"

namespace syncline::test {
namespace {

// More than one leaf of the log, which is the least that a trim without a journal frees.
constexpr std::size_t many = 5000;
constexpr Lsn trimmed_to = 4097;

}  // namespace

TEST_CASE("what a server lacks and was trimmed is not pushed with a hole") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(many);
  REQUIRE(edge.replica->trim(many).value().first_lsn == trimmed_to);
  const NodeId self = edge.replica->node();
  PushPlanner planner(*edge.replica, {10, 1'000'000, false});
  planner.set_server_clock(VectorClock{{self, trimmed_to - 1}});
  CHECK(planner.check_held());
  CHECK(planner.next()->changes.records.size() == 10);
  planner.set_server_clock(VectorClock{{self, trimmed_to - 2}});
  const Error error = planner.check_held().error();
  CHECK(error.code == ErrorCode::cursor_trimmed);
  CHECK(error.number("oldest_lsn") == trimmed_to);
  CHECK_FALSE(planner.next());
}

TEST_CASE("what a filtered replica holds of others does not keep it from pushing") {
  SyncWorld world;
  Edge other = world.edge();
  other.put_many(many, "other");
  Edge edge = world.edge();
  const LogReader reader = other.replica->log();
  std::vector<std::string_view> records;
  for (Lsn lsn = 1; lsn <= reader.last_lsn(); ++lsn) {
    const auto bytes = reader.at(lsn).change.record;
    records.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  REQUIRE(edge.replica->integrate(records).rejected.empty());
  edge.put_many(3);
  REQUIRE(edge.replica->trim(many));
  PushPlanner all(*edge.replica, {10, 1'000'000, false});
  all.set_server_clock({});
  CHECK_FALSE(all.check_held());
  PushPlanner own(*edge.replica, {10, 1'000'000, true});
  own.set_server_clock({});
  CHECK(own.check_held());
  CHECK(own.next()->changes.records.size() == 3);
}

TEST_CASE("a server that lost what was trimmed here is given a snapshot") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(many);
  edge.sync();
  CHECK(world.server().summary().get(edge.replica->node()) == many);
  REQUIRE(edge.replica->trim(many));
  edge.put("after", "{\"n\":2}");
  CHECK(edge.sync().accepted == 1);

  SyncWorld fresh({}, 8);
  edge.transport = std::make_unique<HubTransport>(fresh.tenants, fresh.hub);
  edge.client = std::make_unique<SyncClient>(*edge.replica, *edge.transport, SyncClient::Options{});
  edge.sync();
  CHECK(fresh.server().visible_checksum() == edge.replica->visible_checksum());
  CHECK(fresh.server().summary() == edge.replica->summary());
  edge.put("later", "{\"n\":3}");
  const std::uint64_t before = edge.transport->statistics().requests;
  CHECK(edge.sync().accepted == 1);
  CHECK(edge.transport->statistics().requests == before + 1);
  CHECK(fresh.server().visible_checksum() == edge.replica->visible_checksum());
}

TEST_CASE("a snapshot is given in pages, also after a break in any of them") {
  SyncWorld world;
  SyncClient::Options options;
  options.batch_changes = 1000;
  for (unsigned lost = 1; lost <= 12; ++lost) {
    CAPTURE(lost);
    Edge edge = world.edge(options);
    edge.put_many(many);
    edge.sync();
    REQUIRE(edge.replica->trim(many));
    SyncWorld fresh({}, 8);
    Edge other = fresh.edge();
    other.put("theirs", "{}");
    other.sync();
    edge.transport = std::make_unique<HubTransport>(fresh.tenants, fresh.hub);
    edge.client = std::make_unique<SyncClient>(*edge.replica, *edge.transport, options);
    if (lost % 2 == 0) {
      edge.transport->lose_request(lost);
    } else {
      edge.transport->lose_answer(lost);
    }
    static_cast<void>(edge.client->sync());
    edge.sync();
    other.sync();
    CHECK(fresh.server().visible_checksum() == edge.replica->visible_checksum());
    CHECK(fresh.server().visible_checksum() == other.replica->visible_checksum());
    CHECK(other.replica->summary() == edge.replica->summary());
    CHECK(edge.replica->get("t", "theirs").exists());
  }
}

TEST_CASE("a snapshot that a server is given stays within its plan") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(many);
  edge.sync();
  REQUIRE(edge.replica->trim(many));

  SyncWorld fresh({}, 8);
  edge.transport = std::make_unique<HubTransport>(fresh.tenants, fresh.hub);
  SyncClient::Options options;
  options.remote = "fresh";
  edge.client = std::make_unique<SyncClient>(*edge.replica, *edge.transport, options);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(fresh.server().put("u", std::to_string(i), Payload::json("1")));
  }
  const std::uint64_t used = fresh.server().statistics().bytes;
  const std::uint64_t limit = edge.replica->statistics().bytes + used / 2;
  fresh.server().set_plan_limits(limit, "");
  const Result<SyncReport> refused = edge.client->sync();
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::quota_exceeded);
  CHECK(refused.error().number("limit") == limit);
  CHECK(fresh.server().statistics().bytes == used);
  fresh.server().set_plan_limits(2 * limit, "");
  edge.sync();
  CHECK(fresh.server().summary() == edge.replica->summary());
}

TEST_CASE("two replicas do not give their snapshots at once") {
  SyncWorld world;
  SnapshotUploads uploads;
  const auto page_of = [&](bool last) {
    SnapshotResponse page;
    page.next_page = last ? "" : "more";
    return page;
  };
  const NodeId first = NodeId::generate(world.random);
  const NodeId second = NodeId::generate(world.random);
  const std::uint64_t limit = 1'000'000;
  CHECK_FALSE(uploads.add(first, true, page_of(false), limit, 1'000'000'000).value());
  const auto busy = uploads.add(second, true, page_of(false), limit, 1'000'000'001);
  REQUIRE(busy.has_error());
  CHECK(busy.error().code == ErrorCode::unavailable);
  const std::uint64_t later = 1'000'000'001 + SnapshotUploads::idle_limit_us;
  CHECK_FALSE(uploads.add(second, true, page_of(false), limit, later).value());
  const auto lost = uploads.add(first, false, page_of(true), limit, later);
  REQUIRE(lost.has_error());
  CHECK(lost.error().code == ErrorCode::unavailable);
  CHECK(uploads.add(second, false, page_of(true), limit, later).value());
  CHECK(uploads.take(second));
  CHECK_FALSE(uploads.take(second));
  const auto stray = uploads.add(first, false, page_of(true), limit, later);
  REQUIRE(stray.has_error());
  CHECK(stray.error().code == ErrorCode::log_reset);

  // What was given up takes no memory for longer than others have to wait for it.
  CHECK_FALSE(uploads.add(first, true, page_of(false), limit, later).value());
  uploads.forget_idle(later + SnapshotUploads::idle_limit_us);
  CHECK_FALSE(uploads.add(first, false, page_of(false), limit, later).value());
  uploads.forget_idle(later + SnapshotUploads::idle_limit_us + 1);
  CHECK(uploads.add(first, false, page_of(true), limit, later).has_error());
}

TEST_CASE("a read that begins before a trimmed log is refused, not moved to where that begins") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(many);
  REQUIRE(edge.replica->trim(many));
  ReadOptions options;
  options.after = trimmed_to - 1;
  CHECK(read_durable(*edge.replica, options).value().entries.front().lsn == trimmed_to);
  options.after = trimmed_to - 2;
  const auto refused = read_durable(*edge.replica, options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::cursor_trimmed);
  CHECK(refused.error().number("oldest_lsn") == trimmed_to);
}

TEST_CASE("who is behind a server's trim takes a snapshot by itself") {
  SyncWorld world;
  Edge writer = world.edge();
  Edge late = world.edge();
  writer.put_many(10);
  writer.sync();
  late.sync();
  for (std::size_t i = 0; i < many; ++i) {
    REQUIRE(writer.replica->put("t", std::to_string(i % 20), Payload::json(std::to_string(i))));
  }
  writer.sync();
  late.put("mine", "{\"n\":3}");
  CHECK(world.server().trim(many).value().first_lsn == trimmed_to);
  late.sync();
  late.sync();
  CHECK(late.replica->visible_checksum() == world.server().visible_checksum());
  CHECK(late.replica->summary() == world.server().summary());
  CHECK(late.replica->get("t", "mine").exists());
  Edge newcomer = world.edge();
  newcomer.sync();
  CHECK(newcomer.replica->visible_checksum() == world.server().visible_checksum());
}

TEST_CASE("a snapshot that the server's trim overtakes is taken anew") {
  SyncWorld world;
  Edge writer = world.edge();
  writer.put_many(20);
  writer.sync();
  /// Between the first page of a snapshot and the second, the server's log goes on and is cut off.
  class Overtaking final : public Transport {
   public:
    Overtaking(Transport& server, Replica& replica) : server_(server), replica_(replica) {}
    Result<HttpResponse> send(const HttpRequest& request) override {
      const bool page = request.target.find("/sync/snapshot") != std::string::npos;
      if (page && ++pages == 2) {
        for (std::size_t i = 0; i < many; ++i) {
          const std::string row = std::to_string(i % 20);
          CHECK(replica_.put("later", row, Payload::json(std::to_string(i))));
        }
        CHECK(replica_.trim(many).value().first_lsn == trimmed_to);
      }
      return server_.send(request);
    }
    TransportStatistics statistics() const override { return server_.statistics(); }
    int pages = 0;

   private:
    Transport& server_;
    Replica& replica_;
  };
  Edge late = world.edge();
  Overtaking overtaking(*late.transport, world.server());
  SyncClient::Options options;
  options.batch_changes = 10;
  late.client = std::make_unique<SyncClient>(*late.replica, overtaking, options);
  late.sync();  // tells what the server takes at once
  REQUIRE(late.client->bootstrap());
  CHECK(overtaking.pages > 3);
  late.sync();
  CHECK(late.replica->visible_checksum() == world.server().visible_checksum());
  CHECK(late.replica->summary() == world.server().summary());
}

}  // namespace syncline::test
