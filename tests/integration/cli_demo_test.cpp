// `syncline demo` and `syncline serve` as processes.
#include <csignal>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "integration/cli_process.hpp"

namespace {

using nlohmann::json;
using namespace cli_test;

TEST_CASE("the demo prints one JSON object in which everything agrees") {
  const Run run = cli_test::run({"demo", "--json"});
  CAPTURE(run.err);
  CAPTURE(run.out);
  REQUIRE(run.status == 0);
  const auto report = json::parse(run.out);
  CHECK(report["ok"] == true);
  CHECK(report["url"].get<std::string>().starts_with("http://127.0.0.1:"));
  CHECK(report["source_rows"]["countries"] > 200);
  CHECK(report["source_rows"]["subdivisions"] > 4000);
  CHECK(report["source_rows"]["languages"] > 7000);
  CHECK(report["nodes"].contains("edge A"));

  const json& checksums = report["checksums"];
  CHECK(checksums.size() == 3);
  CHECK(checksums["cloud"]["rows"] > 10'000);
  CHECK(checksums["cloud"] == checksums["edge A"]);
  CHECK(checksums["cloud"] == checksums["edge B"]);

  std::set<std::string> kinds;
  std::size_t convergent = 0;
  std::set<std::string> winners;
  for (const auto& conflict : report["conflicts"]) {
    if (conflict["status"] == "convergent") {
      ++convergent;
      continue;
    }
    kinds.insert(conflict["kind"].get<std::string>());
    winners.insert(conflict["winner_node"].get<std::string>());
    CHECK(conflict["status"] == "resolved");
    CHECK(!conflict["reason"].get<std::string>().empty());
  }
  CHECK(kinds.size() == 8);
  CHECK(convergent >= 1);
  CHECK(winners == std::set<std::string>{"edge A", "edge B"});
  CHECK(report["statuses"]["convergent"] == convergent);
  CHECK(report["slow_clock"]["offset_s"] == -300);
  CHECK(report["slow_clock"]["dated_ahead_s"] >= 290);
  CHECK(report["slow_clock"]["won"] > 0);

  std::uint64_t bytes = 0;
  std::uint64_t requests = 0;
  for (const auto& step : report["steps"]) {
    bytes += step["bytes_sent"].get<std::uint64_t>();
    requests += step["requests"].get<std::uint64_t>();
    CHECK(step["ms"] >= 0);
  }
  CHECK(bytes > 100'000);
  CHECK(requests > 5);
  for (const auto& check : report["checks"]) CHECK(check["ok"] == true);
}

TEST_CASE("the demo tells its story to people") {
  const Run run = cli_test::run({"demo"});
  REQUIRE(run.status == 0);
  for (const char* part : {"edge A", "edge B", "loads languages", "update_delete", "slow",
                           "checksum", "all replicas agree"}) {
    CAPTURE(part);
    CHECK(run.out.find(part) != std::string::npos);
  }
}

TEST_CASE("the demo says which package it misses") {
  const Run run = cli_test::run({"demo", "--data-dir", "/nonexistent"});
  CHECK(run.status == 4);
  CHECK(run.err.find("iso-codes") != std::string::npos);
}

TEST_CASE("a kept cloud can be looked at, and ends with the demo") {
  Running demo({"demo", "--json", "--keep"});
  const auto report = json::parse(demo.read_line());
  const auto url = report["url"].get<std::string>();
  const Run list = cli_test::run({"conflicts", "list", "--json", "--server", url});
  CHECK(list.status == 0);
  CHECK(json::parse(list.out)["conflicts"].size() == report["conflicts"].size());
  demo.signal(SIGTERM);
  CHECK(demo.wait() == 0);
  CHECK(cli_test::run({"scan", "countries", "--server", url}).status == 3);
}

TEST_CASE("a server announces itself, and ends by either signal") {
  for (const int number : {SIGTERM, SIGINT}) {
    Running server({"serve", "--listen", "127.0.0.1:0", "--log-level", "off", "--threads", "2"});
    CHECK(server.read_line().starts_with("syncline listens on http://127.0.0.1:"));
    server.signal(number);
    CHECK(server.wait() == 0);
  }
}

TEST_CASE("a server that cannot listen says why") {
  const TestServer first;
  const std::string address = first.url().substr(std::string("http://").size());
  CHECK(cli_test::run({"serve", "--listen", address}).status == 3);
  CHECK(cli_test::run({"serve", "--listen", "0.0.0.0:0"}).status != 0);
  CHECK(cli_test::run({"serve", "--listen", "nonsense"}).status == 2);
  CHECK(cli_test::run({"serve", "--tenant", "Bad Name"}).status == 1);
  CHECK(cli_test::run({"serve", "--tenant", "a:golden"}).status == 1);
  CHECK(cli_test::run({"serve", "--log-level", "inof"}).status == 2);
}

}  // namespace
