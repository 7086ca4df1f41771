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

}  // namespace syncline::test
