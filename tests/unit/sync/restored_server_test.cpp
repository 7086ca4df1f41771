// A server that comes back older, and edges that cannot give it its history any more.

#include <doctest/doctest.h>

#include "support/identity_world.hpp"
#include "support/results.hpp"

namespace syncline::test {
namespace {

std::unique_ptr<Replica> open_edge(IdentityWorld& world) {
  Replica::Options options;
  options.clock = &world.clock();
  options.journal = std::make_shared<MemoryJournal>();
  return Replica::open(std::move(options)).value();
}

void write(Replica& replica, int from, int to) {
  for (int i = from; i < to; ++i) {
    REQUIRE(replica.put("t", std::to_string(i % 10), Payload::json(std::to_string(i))));
  }
}

}  // namespace

TEST_CASE("a restored server gets back what it lost from an edge that only has a snapshot of it") {
  IdentityWorld world(0, "lww");
  const auto writer = open_edge(world);
  SyncClient first(*writer, world.server().transport, {});
  write(*writer, 0, 10);
  REQUIRE(first.sync());
  const auto backup = world.copy_of(0);
  write(*writer, 10, 100);
  REQUIRE(first.sync());
  REQUIRE(world.replica(0).trim(95).value().first_lsn > 11);

  // It never saw what was trimmed, and the one that wrote it is gone for good.
  const auto late = open_edge(world);
  {
    SyncClient client(*late, world.server().transport, {});
    REQUIRE(client.sync());
    REQUIRE(late->put("t", "mine", Payload::json("1")));
    REQUIRE(client.sync());
  }
  const VisibleChecksum before = late->visible_checksum();
  world.put_back(0, backup);

  SyncClient client(*late, world.server().transport, {});
  for (int round = 0; round < 3; ++round) {
    const auto report = client.sync();
    REQUIRE(report);
    CHECK(report->rejected.empty());
  }
  CHECK(late->visible_checksum() == before);
  CHECK(world.replica(0).visible_checksum() == before);
  // And it goes on as if nothing had been.
  REQUIRE(late->put("t", "3", Payload::json("\"new\"")));
  const auto report = client.sync();
  REQUIRE(report);
  CHECK(report->rejected.empty());
  CHECK(world.replica(0).get("t", "3").winner->data == "\"new\"");
  const auto idle = client.sync();
  REQUIRE(idle);
  CHECK(idle->pushed == 0);
  CHECK(idle->requests == 1);
}

namespace {

/// A home of whose markers its first copy knows nothing.
struct MarkedWorld : IdentityWorld {
  explicit MarkedWorld(std::size_t edges) : IdentityWorld(edges, "lww") {
    put(0, "old");
    for (std::size_t i = 0; i < edges; ++i) sync(i);
    backup = copy_of(0);
    put(0, "later");
    for (std::size_t i = 0; i < edges; ++i) sync(i);
    put(0, "later");
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < edges; ++i) sync(i);
    }
    static_cast<ManualClock&>(clock()).advance_us(default_marker_interval_us);
    server().hub.maintain(server().tenant);
    REQUIRE(replica(0).stable_marker());
    sync(0);
    REQUIRE(replica(1).stable_marker());
    put_back(0, backup);
  }
  std::shared_ptr<MemoryJournal> backup;
};

}  // namespace

TEST_CASE("a home put back behind a marker goes by who has applied it, and loses no write") {
  MarkedWorld world(1);
  world.put(0, "new");
  world.put(0, "old");
  world.put(1, "mine");
  world.settle();
  CHECK(world.replica(0).stable_marker()->number >= 1);
  CHECK(world.replica(0).get("t", "new").exists());
}

TEST_CASE("a replica of some tables waits for one of all tables to bring the marker back") {
  IdentityWorld world(1, "lww");
  world.put(0, "a");
  world.sync(0);
  const auto backup = world.copy_of(0);
  const auto some = open_edge(world);
  SyncClient::Options options;
  options.tables = {"t"};
  auto client = std::make_unique<SyncClient>(*some, world.server().transport, options);
  world.put(0, "b");
  for (int round = 0; round < 2; ++round) {
    REQUIRE(client->sync());
    world.sync(0);
  }
  static_cast<ManualClock&>(world.clock()).advance_us(default_marker_interval_us);
  world.server().hub.maintain(world.server().tenant);
  REQUIRE(client->sync());
  world.sync(0);
  REQUIRE(some->stable_marker());
  client.reset();
  world.put_back(0, backup);

  client = std::make_unique<SyncClient>(*some, world.server().transport, options);
  const auto alone = client->sync();
  REQUIRE(alone.has_error());
  CHECK(alone.error().detail.find("of all tables") != std::string::npos);
  world.sync(0);
  CHECK(client->sync());
  CHECK(some->visible_checksum() == world.replica(0).visible_checksum());
}

TEST_CASE("a home put back writes more than it had, and others take that before the truth comes") {
  MarkedWorld world(2);
  for (const char* row : {"new", "old", "later", "more", "most"}) world.put(0, row);
  const std::size_t late = world.add_edge(std::make_shared<MemoryJournal>());
  world.sync(late);
  world.put(late + 1, "new");
  world.sync(late);
  world.settle();
  CHECK(world.replica(0).get("t", "most").exists());
}

}  // namespace syncline::test
