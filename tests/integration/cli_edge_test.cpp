// Edges: directories that work offline and exchange with a server.
#include <csignal>
#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "integration/data_directory.hpp"

namespace {

using nlohmann::json;
using namespace cli_test;
namespace fs = std::filesystem;

TEST_CASE("an edge works offline, and exchanges when its server is there") {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  DataServer server(scratch / "server", {"--tenant", "shop"});
  put(server, "1", R"({"from":"server"})");
  const Run made = cli_test::run(
      {"edge", "init", edge, "--server", server.url(), "--tenant", "shop", "--name", "tablet"});
  CAPTURE(made.err);
  REQUIRE(made.status == 0);

  REQUIRE(on(edge, {"put", "t", "2", R"({"from":"edge"})"}).status == 0);
  CHECK(on(edge, {"get", "t", "1"}).status == 4);
  const json first = parsed(cli_test::run({"sync", edge, "--json"}));
  CHECK(first["pushed"] == 1);
  CHECK(first["pulled"] == 1);
  CHECK(raw(on(edge, {"get", "t", "1", "--raw"})) == R"({"from":"server"})");
  CHECK(server.run({"get", "t", "2", "--raw"}).out == R"({"from":"edge"})");

  // Both write the same row while they cannot see each other.
  put(server, "1", R"({"by":"server"})");
  REQUIRE(on(edge, {"put", "t", "1", R"({"by":"edge"})"}).status == 0);
  const Run second = cli_test::run({"sync", edge});
  CHECK(second.status == 0);
  CHECK(has(second.out, "conflicts 1"));
  const json here = parsed(on(edge, {"conflicts", "list", "--json"}));
  const json there = parsed(server.run({"conflicts", "list", "--json"}));
  REQUIRE(here["conflicts"].size() == 1);
  REQUIRE(there["conflicts"].size() == 1);
  CHECK(here["conflicts"][0]["id"] == there["conflicts"][0]["id"]);
  CHECK(parsed(on(edge, {"conflicts", "stats", "--json"}))["total"] == 1);
  const std::string id = here["conflicts"][0]["id"];
  CHECK(on(edge, {"conflicts", "show", id}).status == 0);
  CHECK(on(edge, {"conflicts", "resolve", id, "--value", R"({"by":"both"})"}).status == 0);
  REQUIRE(cli_test::run({"sync", edge}).status == 0);
  CHECK(server.run({"get", "t", "1", "--raw"}).out == R"({"by":"both"})");
  CHECK(on(edge, {"scan", "t"}).out == server.run({"scan", "t"}).out);
  CHECK(parsed(cli_test::run({"sync", edge, "--json"}))["pulled"] == 0);
  CHECK(has(server.run({"conflicts", "list"}).out, "resolved"));

  // Policies that the server sets are known offline.
  REQUIRE(server.run({"tenant", "set", "shop", "--table-policy", "t=causal"}).status == 0);
  REQUIRE(cli_test::run({"sync", edge}).status == 0);
  const json settings = parsed(on(edge, {"tenant", "show", "shop", "--json"}))["settings"];
  CHECK(settings["policies"]["tables"]["t"] == "causal");

  server.stop();
  CHECK(cli_test::run({"sync", edge}).status == 3);
  CHECK(on(edge, {"put", "t", "3", "{}"}).status == 0);
  CHECK(on(edge, {"history", "t", "3"}).status == 0);
}

TEST_CASE("commands on a directory end as they do against a server") {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  DataServer server(scratch / "server", {"--tenant", "shop"});
  REQUIRE(
      cli_test::run({"edge", "init", edge, "--server", server.url(), "--tenant", "shop"}).status ==
      0);
  const std::vector<std::vector<std::string>> commands{
      {"get", "t", "none"},
      {"put", "t", "1", "{broken"},
      {"put", "t", "1", "{}", "--insert-only"},
      {"put", "t", "1", "{}", "--insert-only"},
      {"put", "t", "1", "{}", "--if-match", "0000000000000000"},
      {"delete", "t", "1"},
      {"delete", "t", "1"},
      {"scan", "t", "--json"},
      {"changes", "--since", "nonsense"},
      {"conflicts", "list"},
      {"conflicts", "show", "2c1f0c86-7d0e-5a54-9b0e-3a6a4fd1d6b2"},
      {"get", "t", "1", "--tenant", "other"}};
  for (const auto& words : commands) {
    CAPTURE(words.front());
    const Run there = server.run(words);
    const Run here = on(edge, words);
    CHECK(here.status == there.status);
    if (there.status != 0) CHECK(here.err == there.err);
  }
  CHECK(on(edge, {"changes", "--follow"}).status == 2);
  CHECK(on(edge, {"get", "t", "1", "--server", server.url()}).status == 2);
  CHECK(on(edge, {"tenant", "set", "shop", "--policy", "causal"}).status == 1);
  const Run missing = on(scratch / "nothing", {"get", "t", "1"});
  CHECK(missing.status == 4);
  CHECK(has(missing.err, "syncline edge init"));
  CHECK_FALSE(fs::exists(scratch / "nothing"));
  server.stop();
}

TEST_CASE("following survives a server that is away, and keeps the directory to itself") {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  std::string address;
  {
    DataServer server(scratch / "server", {"--tenant", "shop"});
    address = server.address();
    REQUIRE(cli_test::run({"edge", "init", edge, "--server", server.url(), "--tenant", "shop"})
                .status == 0);
    server.stop();
  }
  REQUIRE(on(edge, {"put", "t", "1", "{}"}).status == 0);
  Running following({"sync", edge, "--follow", "--interval-ms", "20", "--json"});
  DataServer server(scratch / "server", {"--listen", address});
  const json round = json::parse(following.read_line(), nullptr, false);
  REQUIRE(round.is_object());
  CHECK(round["pushed"] == 1);
  put(server, "2", R"({"n":2})");
  CHECK(json::parse(following.read_line(), nullptr, false)["pulled"] == 1);
  const Run refused = on(edge, {"put", "t", "3", "{}"});
  CHECK(refused.status != 0);
  CHECK(has(refused.err, "in use"));
  following.signal(SIGTERM);
  CHECK(following.wait() == 0);
  CHECK(server.run({"scan", "t"}).out == on(edge, {"scan", "t"}).out);
  // Live, which is what it does if nothing else is said.
  REQUIRE(on(edge, {"put", "t", "3", "{}"}).status == 0);
  Running live({"sync", edge, "--follow", "--json"});
  CHECK(json::parse(live.read_line(), nullptr, false)["pushed"] == 1);
  live.signal(SIGINT);
  CHECK(live.wait() == 0);
  server.stop();
}

TEST_CASE("an edge holds the tables that it was told to") {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  DataServer server(scratch / "server", {"--tenant", "shop"});
  for (const char* const table : {"a", "b"}) {
    REQUIRE(server.run({"put", table, "1", "{}"}).status == 0);
  }
  REQUIRE(cli_test::run(
              {"edge", "init", edge, "--server", server.url(), "--tenant", "shop", "--table", "a"})
              .status == 0);
  REQUIRE(cli_test::run({"sync", edge}).status == 0);
  CHECK(on(edge, {"get", "a", "1"}).status == 0);
  CHECK(on(edge, {"get", "b", "1"}).status == 4);
  CHECK(cli_test::run({"edge", "set", edge}).status == 2);
  REQUIRE(cli_test::run({"edge", "set", edge, "--table", "b"}).status == 0);
  REQUIRE(cli_test::run({"sync", edge}).status == 0);
  CHECK(on(edge, {"get", "a", "1"}).status == 4);
  CHECK(on(edge, {"get", "b", "1"}).status == 0);
  REQUIRE(cli_test::run({"edge", "set", edge, "--all-tables"}).status == 0);
  REQUIRE(cli_test::run({"sync", edge}).status == 0);
  CHECK(on(edge, {"get", "a", "1"}).status == 0);
  CHECK(on(edge, {"get", "b", "1"}).status == 0);
  server.stop();
}

TEST_CASE("a backup of a running server is restored, and its edges bring the rest back") {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  const std::string backup = scratch / "backup";
  std::string address;
  {
    DataServer server(scratch / "server", {"--tenant", "shop"});
    address = server.address();
    put(server, "1", R"({"n":1})");
    const Run copied = cli_test::run({"backup", scratch / "server", backup});
    CAPTURE(copied.err);
    REQUIRE(copied.status == 0);
    CHECK(cli_test::run({"backup", scratch / "server", backup}).status == 1);
    REQUIRE(cli_test::run({"verify", backup}).status == 0);
    put(server, "2", R"({"n":2})");
    REQUIRE(cli_test::run({"edge", "init", edge, "--server", server.url(), "--tenant", "shop"})
                .status == 0);
    REQUIRE(on(edge, {"put", "t", "3", R"({"n":3})"}).status == 0);
    REQUIRE(cli_test::run({"sync", edge}).status == 0);
    server.stop(SIGKILL);
  }
  // The disk is lost, and the backup takes its place.
  fs::remove_all(scratch / "server");
  fs::copy(backup, scratch / "server", fs::copy_options::recursive);
  DataServer server(scratch / "server", {"--listen", address});
  CHECK(server.announced()["data"]["tenants"][0]["identity_changed"] == true);
  CHECK(server.run({"get", "t", "2"}).status == 4);
  put(server, "4", R"({"n":4})");
  const Run synced = cli_test::run({"sync", edge});
  CAPTURE(synced.err);
  CHECK(synced.status == 0);
  for (const std::string row : {"1", "2", "3", "4"}) {
    CAPTURE(row);
    CHECK(server.run({"get", "t", row, "--raw"}).out == "{\"n\":" + row + '}');
    CHECK(raw(on(edge, {"get", "t", row, "--raw"})) == "{\"n\":" + row + '}');
  }
  server.stop();
}

}  // namespace
