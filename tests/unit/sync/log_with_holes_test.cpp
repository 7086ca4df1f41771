// Logs that a snapshot left holes in, behind what is stable: who can go on from them, and who can
// be brought up by them.

#include <cstdint>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "support/hub_transport.hpp"
#include "support/identity_world.hpp"
#include "support/mesh_world.hpp"
#include "support/results.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::test {
namespace {

/// Longer than a home waits between two stable markers.
constexpr std::uint64_t marker_pause_us = 61'000'000;

std::string value_of(const Replica& replica, const std::string& row) {
  const Row found = replica.get("t", row);
  return found.exists() ? std::string(found.winner->data) : "(none)";
}

}  // namespace

TEST_CASE("a server that lost its data is given the snapshot of a replica whose log has holes") {
  IdentityWorld world(1, "lww");
  world.put(0, "a");
  world.put(0, "a");
  for (int round = 0; round < 3; ++round) {
    dynamic_cast<ManualClock&>(world.clock()).advance_us(marker_pause_us);
    world.sync(0);
  }
  Replica& edge = *world.edge(0).replica;
  REQUIRE(edge.stable_marker());
  // What the marker covers and a later change saw does not come with a snapshot.
  REQUIRE(world.edge(0).client->bootstrap());
  REQUIRE(edge.log().find({world.replica(0).node(), 1}) == 0);
  const std::string held = value_of(edge, "a");
  world.put_back(0, std::make_shared<MemoryJournal>());
  SUBCASE("before anything was written to it") {}
  SUBCASE("after something was written to it") { world.put(0, "b"); }
  world.sync(0);
  CHECK(value_of(world.replica(0), "a") == held);
  CHECK(world.replica(0).stable_marker());
  world.sync(0);
  CHECK(edge.summary() == world.replica(0).summary());
  CHECK(edge.visible_checksum() == world.replica(0).visible_checksum());
}

TEST_CASE("who has no place in a log with holes takes a snapshot, unless it holds what is stable") {
  ManualClock clock(1'700'000'000'000'000);
  SeededRandom random(7);
  MeshNode home(clock, random);
  MeshNode middle(clock, random);
  MeshNode last(clock, random);
  HubTransport to_home(*home.tenants, home.hub);
  HubTransport to_middle(*middle.tenants, middle.hub);
  SyncClient middle_client(middle.replica(), to_home, {});
  SyncClient last_client(last.replica(), to_middle, {});
  for (MeshNode* const node : {&middle, &last}) {
    TenantSettings settings = node->tenant->settings();
    settings.home = home.replica().node();
    REQUIRE(node->tenants->set_settings("default", settings));
  }
  for (const char* json : {"1", "2"}) REQUIRE(home.replica().put("t", "a", Payload::json(json)));
  for (int round = 0; round < 3; ++round) {
    clock.advance_us(marker_pause_us);
    REQUIRE(middle_client.sync());
  }
  REQUIRE(middle.replica().stable_marker());
  REQUIRE(middle_client.bootstrap());
  REQUIRE(middle.replica().log().find({home.replica().node(), 1}) == 0);
  REQUIRE(middle.replica().log().first_lsn() == 1);

  SUBCASE("one that has nothing") {}
  SUBCASE("one that has it from elsewhere") {
    HubTransport elsewhere(*home.tenants, home.hub);
    SyncClient::Options options;
    options.remote = "home";
    REQUIRE(SyncClient(last.replica(), elsewhere, options).sync());
    const auto report = last_client.sync();
    REQUIRE(report);
    CHECK(to_middle.targets().size() == 1);
  }
  REQUIRE(last_client.sync());
  CHECK(last.replica().summary().covers(middle.replica().summary()));
  CHECK(value_of(last.replica(), "a") == "2");
}

}  // namespace syncline::test
