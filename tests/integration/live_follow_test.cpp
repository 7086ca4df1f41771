// Changes that go both ways as they are made, also through a proxy that forbids live connections.
#include <csignal>

#include "integration/data_directory.hpp"
#include "integration/live_device.hpp"
#include "support/fault_proxy.hpp"

namespace syncline::test {
namespace {

using namespace std::chrono_literals;
using cli_test::DataServer;
using cli_test::parsed;
using cli_test::Running;
using cli_test::Scratch;
using nlohmann::json;

std::uint16_t port_of(const DataServer& server) {
  const std::string address = server.address();
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.find(':') + 1)));
}

/// Nobody has to wait for a sign of life, which comes every 30 seconds.
constexpr auto at_once = 5s;

}  // namespace

TEST_CASE("a commit at one device shows at another, and in an edge that follows, as it is made") {
  const Scratch scratch;
  DataServer server(scratch / "server", {"--tenant", "shop"});
  LiveDevice one(server.url(), "shop");
  LiveDevice two(server.url(), "shop");
  const std::string edge = scratch / "edge";
  REQUIRE(
      cli_test::run({"edge", "init", edge, "--server", server.url(), "--tenant", "shop"}).status ==
      0);
  Running following({"sync", edge, "--follow", "--json"});
  REQUIRE(one.comes_to(ReplicatorState::live));
  REQUIRE(two.comes_to(ReplicatorState::live));
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    const std::string row = std::to_string(i);
    one.put("a" + row, row);
    CHECK(two.gets("a" + row, row));
    two.put("b" + row, row);
    CHECK(one.gets("b" + row, row));
  }
  REQUIRE(server.run({"put", "t", "thin", "1"}).status == 0);
  CHECK(one.gets("thin", "1"));
  CHECK(two.gets("thin", "1"));
  CHECK(std::chrono::steady_clock::now() - begun < at_once);
  // All of it went over the live connections: they are still the same.
  CHECK(one.replicator().status().state == ReplicatorState::live);
  CHECK(two.replicator().status().state == ReplicatorState::live);
  CHECK(comes_true([&] {
    const json peers = parsed(server.run({"peers", "list", "--json"}))["peers"];
    std::size_t up_to_date = 0;
    for (const json& peer : peers) up_to_date += peer["lag_changes"] == 0 ? 1 : 0;
    return up_to_date == 3;
  }));
  following.signal(SIGTERM);
  CHECK(following.wait() == 0);
  CHECK(cli_test::on(edge, {"export"}).out == server.run({"export"}).out);
  server.stop();
}

TEST_CASE("through a proxy that forbids upgrades, changes go both ways at once all the same") {
  const Scratch scratch;
  DataServer server(scratch / "server", {"--tenant", "shop"});
  Faults faults;
  faults.refuse_upgrades = true;
  FaultProxy proxy(port_of(server), faults);
  LiveDevice behind(proxy.url(), "shop");
  LiveDevice before(server.url(), "shop");
  REQUIRE(before.comes_to(ReplicatorState::live));
  behind.wait_until_synced();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) {
    const std::string row = std::to_string(i);
    behind.put("a" + row, row);
    CHECK(before.gets("a" + row, row));
    before.put("b" + row, row);
    CHECK(behind.gets("b" + row, row));
  }
  CHECK(std::chrono::steady_clock::now() - begun < at_once);
  CHECK(proxy.counts().refused > 0);
  CHECK(behind.replicator().status().state != ReplicatorState::live);

  // What the proxy lets through again is used again.
  behind.replicator().stop();
  proxy.set({});
  behind.replicator().start();
  CHECK(behind.comes_to(ReplicatorState::live));
  behind.put("live", "1");
  CHECK(before.gets("live", "1"));
  server.stop();
}

}  // namespace syncline::test
