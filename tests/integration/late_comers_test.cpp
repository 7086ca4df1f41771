// Edges that come when the server has a long past, and the commands that show who is there.

#include "integration/data_directory.hpp"
#include "integration/faulty_world.hpp"
#include "integration/live_device.hpp"

namespace {

using namespace cli_test;
using namespace std::chrono_literals;
using nlohmann::json;
using syncline::test::comes_true;

syncline::Server::Options often() {
  syncline::Server::Options options;
  options.maintenance_interval = 5ms;
  options.marker_interval = 1ms;
  return options;
}

/// A server that says all the time what is stable, with an edge that has seen a row come and go,
/// until nobody remembers it.
struct GrownServer {
  const Scratch scratch;
  syncline::test::TestServer server{often()};
  syncline::Replica& cloud = server.add_tenant("shop").replica();
  const std::string first = scratch / "first";

  GrownServer() {
    init(first, "first");
    for (const char* row : {"stays", "gone"}) put(row, "1");
    sync(first);
    REQUIRE(on(first, {"delete", "t", "gone"}).status == 0);
    sync(first);
    REQUIRE(comes_true([&] {
      sync(first);
      return cloud.statistics().tombstones == 0;
    }));
  }
  Run run(const std::vector<std::string>& words) {
    const std::string url = server.server().url();
    return cli_test::run(words, {}, {"SYNCLINE_SERVER=" + url, "SYNCLINE_TENANT=shop"});
  }
  void put(const std::string& row, const std::string& data) {
    REQUIRE(run({"put", "t", row, data}).status == 0);
  }
  static json sync(const std::string& edge) {
    return parsed(cli_test::run({"sync", edge, "--json"}));
  }
  void init(const std::string& directory, const std::string& name) {
    const Run made = run({"edge", "init", directory, "--name", name});
    REQUIRE_MESSAGE(made.status == 0, made.err);
  }
  json log() { return parsed(run({"log", "show", "--json"})); }
  json peers() { return parsed(run({"peers", "list", "--json"}))["peers"]; }
  std::string id_of(const std::string& name) {
    const json all = peers();
    for (const json& peer : all) {
      if (peer["name"] == name && peer["state"] == "live") return peer["node_id"];
    }
    FAIL(all.dump());
    return {};
  }
};

}  // namespace

TEST_CASE_FIXTURE(GrownServer, "an edge that wrote before it ever came in keeps what it wrote") {
  const std::string late = scratch / "late";
  init(late, "late");
  REQUIRE(on(late, {"put", "t", "own", R"({"by":"late"})"}).status == 0);
  REQUIRE(on(late, {"put", "t", "stays", R"({"by":"late"})"}).status == 0);
  std::string lines;
  for (int i = 0; i < 100; ++i) {
    lines += R"({"table":"t","row_id":"r)" + std::to_string(i) + R"(","data":)" +
             std::to_string(i) + "}\n";
  }
  REQUIRE(cli_test::run({"import", "-", "--data", late}, lines).status == 0);
  const json round = sync(late);
  CHECK(round["rejected"].empty());
  CHECK(round["identity_changed"].is_object());
  // It is written later than what the server has of the row, and says so in a report.
  for (int i = 0; i < 2; ++i) {
    for (const std::string& edge : {late, first}) sync(edge);
  }
  const std::string rows = raw(run({"export"}));
  CHECK(raw(on(late, {"export"})) == rows);
  CHECK(raw(on(first, {"export"})) == rows);
  CHECK(run({"get", "t", "own", "--raw"}).out == R"({"by":"late"})");
  CHECK(run({"get", "t", "r99", "--raw"}).out == "99");
  CHECK(run({"get", "t", "gone"}).status == 4);
  const std::vector<std::string> list{"conflicts", "list", "--json", "--status", "all"};
  const json known = parsed(run(list))["conflicts"];
  REQUIRE(known.size() == 1);
  CHECK(known[0]["row_id"] == "stays");
  for (const std::string& edge : {late, first}) {
    const json here = parsed(on(edge, list))["conflicts"];
    REQUIRE(here.size() == 1);
    CHECK(here[0]["id"] == known[0]["id"]);
    CHECK(here[0]["winner_dot"] == known[0]["winner_dot"]);
  }
  // An idle round says nothing new, and under the one id that it has now.
  CHECK(sync(late)["pushed"] == 0);
  CHECK(peers().size() == 2);
}

TEST_CASE_FIXTURE(GrownServer, "peers are listed, shown and forgotten, and come back") {
  const std::string id = id_of("first");
  const Run list = run({"peers", "list"});
  CHECK(list.status == 0);
  CHECK(has(list.out, id));
  CHECK(has(list.out, "first"));
  CHECK(has(list.out, "live"));
  const Run text = run({"peers", "show", id});
  CHECK(text.status == 0);
  CHECK(has(text.out, "lease until"));
  const json shown = parsed(run({"peers", "show", id, "--json"}));
  CHECK(shown["node_id"] == id);
  CHECK(shown["name"] == "first");
  CHECK(shown["away"] == false);
  CHECK(shown["lag_changes"] <= 1);  // a marker may have come after it
  CHECK(shown["changes_pushed"] == 1);
  CHECK(run({"peers", "show", "22222222-2222-4333-8444-555555555555"}).status == 4);
  CHECK(run({"peers", "show", "somebody"}).status != 0);

  REQUIRE(on(first, {"put", "t", "offline", "1"}).status == 0);
  CHECK(has(run({"peers", "forget", id}).out, "given up"));
  // It was the only one, so nobody has to hear of it first.
  CHECK(comes_true([&] { return cli_test::run({"sync", first}).status == 0; }));
  sync(first);
  CHECK(run({"get", "t", "offline", "--raw"}).out == "1");
  CHECK(id_of("first") != id);
  CHECK(raw(on(first, {"export"})) == raw(run({"export"})));
}

TEST_CASE_FIXTURE(GrownServer, "the log and its consumers are shown as they are") {
  put("more", "1");
  const json log = this->log();
  CHECK(log["enabled"] == true);
  CHECK(log["oldest_lsn"] == 1);
  CHECK(log["changes"] == log["lsn"]);
  CHECK(log["rows"] == 2);
  CHECK(log["tombstones"] == 0);
  CHECK(log["stable"]["number"] > 0);
  REQUIRE(log["holders"].size() == 1);
  CHECK(log["holders"][0]["kind"] == "peer");
  CHECK(log["holders"][0]["id"] == id_of("first"));
  CHECK(log["holders"][0]["name"] == "first");
  const Run text = run({"log", "show"});
  CHECK(has(text.out, "held by"));
  CHECK(has(text.out, "(first)"));

  CHECK(parsed(run({"consumers", "list", "--json"}))["consumers"].empty());
  syncline::HttpTransportOptions to_server;
  to_server.url = server.server().url();
  const auto transport = syncline::make_http_transport(to_server);
  REQUIRE(transport);
  const std::string changes = "/v1/tenants/shop/changes?consumer=search";
  const auto page = (*transport)->send({"GET", changes + "&since=beginning&limit=2", {}, {}});
  REQUIRE(page);
  REQUIRE(page->status == 200);
  const std::string cursor = syncline::test::json_of(*page)["cursor"];
  // It has dealt with a page when it asks for what comes behind it.
  REQUIRE((*transport)->send({"GET", changes + "&limit=1&since=" + cursor, {}, {}}));
  const json consumers = parsed(run({"consumers", "list", "--json"}))["consumers"];
  REQUIRE(consumers.size() == 1);
  CHECK(consumers[0]["name"] == "search");
  CHECK(consumers[0]["state"] == "live");
  // Markers may lie between; what it read is behind it, what it did not read is not.
  const std::uint64_t place = consumers[0]["lsn"];
  CHECK(place >= syncline::test::json_of(*page)["changes"][1]["lsn"].get<std::uint64_t>());
  CHECK(place < log["lsn"].get<std::uint64_t>());
  CHECK(has(run({"consumers", "list"}).out, "search"));
  CHECK(this->log()["holders"].size() == 2);
  const Run refused = run({"log", "trim", "--before", log["lsn"].dump()});
  CHECK(refused.status == 5);
  CHECK(has(refused.err, "search"));
  CHECK(run({"consumers", "forget", "search"}).status == 0);
  CHECK(run({"consumers", "forget", "search"}).status == 4);
  CHECK(run({"log", "trim"}).status == 0);
}
