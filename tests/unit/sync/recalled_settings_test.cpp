// What a replica was told of its tenant and goes by before it reaches a server again.

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/limits.hpp"
#include "unit/sync/own_edge.hpp"

using namespace syncline;
using namespace syncline::test;

TEST_CASE("a replica that starts anew goes by the settings that it was told before it syncs") {
  SyncWorld world;
  TenantSettings settings;
  settings.policies.tables["t"] = "causal";
  settings.max_clock_drift_ms = 5'000;
  REQUIRE(world.tenants.set_settings("default", settings));
  OwnEdge own(world);
  CHECK(own.replica().policies().for_table("t") == "lww");
  own.sync();
  const std::uint64_t version = own.replica().settings_version();
  own.start();
  CHECK(own.replica().policies().for_table("t") == "causal");
  CHECK(own.replica().max_clock_drift_ms() == 5'000);
  CHECK(own.replica().settings_version() == version);
  // What the program knows of a later version counts more.
  REQUIRE(own.replica().set_property("tenant/policies",
                                     R"({"version":0,"max_clock_drift_ms":1,"default":"lww",)"
                                     R"("tables":{}})"));
  own.start();
  CHECK(own.replica().max_clock_drift_ms() == limits::default_max_clock_drift_ms);
  // It does no harm if it cannot be read.
  REQUIRE(own.replica().set_property("tenant/policies", R"({"version":9,"default":"none"})"));
  own.start();
  own.sync();
  CHECK(own.replica().policies().for_table("t") == "causal");
}
