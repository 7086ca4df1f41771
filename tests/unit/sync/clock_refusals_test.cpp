// Clocks that are wrong: nothing is lost, and nothing waits.

#include "unit/sync/own_edge.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

bool near_world(const SyncWorld& world, HybridTime time) {
  return time.physical_us() <= world.clock.now_us() + 2'000'000;
}

}  // namespace

TEST_CASE("an edge whose clock is ahead dates its changes anew and sends them in the same round") {
  for (const std::uint64_t ahead_us : {hour_us, year_us}) {
    for (const bool again : {false, true}) {
      CAPTURE(ahead_us);
      CAPTURE(again);
      SyncWorld world;
      REQUIRE(world.server().put("t", "r5", Payload::json("\"server\"")));
      OwnEdge edge(world);
      edge.sync();
      edge.clock.advance_us(ahead_us);
      for (int i = 0; i < 20; ++i) edge.put("r" + std::to_string(i), std::to_string(i));
      const NodeId before = edge.replica().node();
      if (again) edge.start();
      const SyncReport report = edge.sync();
      CHECK(report.rejected.empty());
      CHECK(report.clock_is_off);
      CHECK(report.clock_offset_us == static_cast<std::int64_t>(ahead_us));
      CHECK(report.restamped == (again ? 0 : 20));
      CHECK(report.identity_changed.has_value() == again);
      CHECK(report.rewritten == (again ? 20 : 0));
      CHECK((edge.replica().node() != before) == again);
      check_same(world, edge);
      CHECK(edge.text("r5") == "5");
      CHECK(near_world(world, world.server().last_hlc()));
      for (Lsn lsn = 1; lsn <= edge.replica().log().last_lsn(); ++lsn) {
        CHECK(near_world(world, edge.replica().log().at(lsn).change.hlc));
      }

      // The clock goes back and forth; nothing is lost, and the server's time stays sane.
      edge.clock.set_us(world.clock.now_us());
      edge.put("r1", "\"right\"");
      CHECK(edge.sync().rejected.empty());
      edge.clock.advance_us(ahead_us);
      edge.put("r1", "\"ahead\"");
      CHECK(edge.sync().rejected.empty());
      REQUIRE(world.server().put("t", "r1", Payload::json("\"last\"")));
      edge.sync();
      CHECK(edge.text("r1") == "\"last\"");
      CHECK(near_world(world, world.server().last_hlc()));
      check_same(world, edge);
    }
  }
}

TEST_CASE("an edge whose clock is behind writes after what it has seen") {
  SyncWorld world;
  REQUIRE(world.server().put("t", "a", Payload::json("1")));
  OwnEdge edge(world);
  edge.clock.set_us(world.clock.now_us() - year_us);
  edge.put("own", "1");
  const SyncReport first = edge.sync();
  CHECK(first.rejected.empty());
  CHECK(first.clock_is_off);
  CHECK(first.clock_offset_us == -static_cast<std::int64_t>(year_us));
  const HybridTime seen = world.server().get("t", "a").winner->hlc;
  edge.put("a", "2");
  CHECK(edge.replica().get("t", "a").winner->hlc > seen);
  CHECK(edge.sync().rejected.empty());
  CHECK(world.server().get("t", "a").winner->data == "2");
  check_same(world, edge);
}

TEST_CASE("a change that follows one that is held with a date far ahead is taken") {
  SyncWorld world;
  OwnEdge bad(world);
  bad.clock.advance_us(year_us);
  bad.put("a", "1");
  // An edge that pulls takes any date; so did this server, from one that it trusted.
  const std::string record(
      reinterpret_cast<const char*>(bad.replica().log().at(1).change.record.data()),
      bad.replica().log().at(1).change.record.size());
  const std::string_view records[] = {record};
  REQUIRE(world.server().integrate(records).applied == 1);
  OwnEdge good(world);
  good.sync();
  good.put("a", "2");
  CHECK(good.replica().get("t", "a").winner->hlc.physical_us() >= world.clock.now_us() + year_us);
  const SyncReport report = good.sync();
  CHECK(report.rejected.empty());
  CHECK(report.restamped == 0);
  CHECK(world.server().get("t", "a").winner->data == "2");
  // But not what goes another drift beyond it.
  OwnEdge further(world);
  further.sync();
  further.clock.advance_us(year_us + 60'000'000);
  further.put("a", "3");
  CHECK(further.sync().restamped == 1);
  CHECK(world.server().get("t", "a").winner->data == "3");
  check_same(world, further);
}
