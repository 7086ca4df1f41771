// Edges of some tables, and first exchanges, over a network that cuts off one request after
// another.
#include <algorithm>
#include <mutex>

#include "integration/data_directory.hpp"
#include "integration/faulty_world.hpp"

namespace syncline::test {
namespace {

using cli_test::DataServer;
using cli_test::on;
using cli_test::parsed;
using cli_test::raw;
using cli_test::Run;
using cli_test::Scratch;
using nlohmann::json;

/// A server, and an edge on disk behind a network that breaks.
struct PartialWorld {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  DataServer server{scratch / "server", {"--tenant", "shop", "--durability", "none"}};
  FaultProxy network{port()};
  std::uint64_t cut_rounds = 0;

  std::uint16_t port() const {
    const std::string address = server.address();
    return static_cast<std::uint16_t>(std::stoul(address.substr(address.find(':') + 1)));
  }
  void init(std::vector<std::string> more) {
    std::vector<std::string> words{"edge",     "init", edge,     "--server", network.url(),
                                   "--tenant", "shop", "--name", "edge"};
    words.insert(words.end(), more.begin(), more.end());
    const Run made = cli_test::run(words);
    REQUIRE_MESSAGE(made.status == 0, made.err);
  }
  void put(const std::string& table, const std::string& row, const std::string& data) {
    REQUIRE(server.run({"put", table, row, data}).status == 0);
  }
  void put_at_edge(const std::string& table, const std::string& row, const std::string& data) {
    REQUIRE(on(edge, {"put", table, row, data}).status == 0);
  }
  /// Rounds of which each is cut off at a later byte, of a request and of an answer in turn, until
  /// one gets through.
  void sync_with_cuts() {
    constexpr std::uint64_t step_bytes = 150;
    for (std::uint64_t attempt = 0; attempt < 200; ++attempt) {
      Faults faults;
      const std::uint64_t byte = attempt / 2 * step_bytes;
      (attempt % 2 == 0 ? faults.cut_requests_after : faults.cut_answers_after) = byte;
      faults.stay_cut = true;
      network.set(faults);
      const Run run = cli_test::run({"sync", edge, "--json"});
      const int status = run.status;
      network.set({});
      if (status == 0) {
        CHECK(attempt > 1);  // else nothing was cut
        return;
      }
      CHECK_MESSAGE(status == 3, run.err);
      ++cut_rounds;
    }
    FAIL("no round got through");
  }
  std::string rows_at_edge(const std::string& table) {
    return raw(on(edge, {"export", "--table", table}));
  }
  std::string rows_at_server(const std::string& table) {
    return raw(server.run({"export", "--table", table}));
  }
  bool holds_none(const std::string& table) {
    return raw(on(edge, {"export"})).find("\"table\":\"" + table + '"') == std::string::npos;
  }
};

}  // namespace

TEST_CASE_FIXTURE(PartialWorld, "an edge changes its tables over a network that cuts everything") {
  for (const char* table : {"a", "b", "c"}) {
    for (const char* row : {"1", "2"}) put(table, row, R"({"by":"server"})");
  }
  init({"--table", "a"});
  put_at_edge("a", "own", R"({"by":"edge"})");
  sync_with_cuts();
  CHECK(rows_at_edge("a") == rows_at_server("a"));
  CHECK(holds_none("b"));

  // What was written to a table that goes away is not lost with it.
  put_at_edge("a", "1", R"({"by":"edge"})");
  put_at_edge("a", "last", R"({"by":"edge"})");
  put("b", "3", R"({"by":"server"})");
  REQUIRE(cli_test::run({"edge", "set", edge, "--table", "b"}).status == 0);
  sync_with_cuts();
  CHECK(holds_none("a"));
  CHECK(rows_at_edge("b") == rows_at_server("b"));
  CHECK(server.run({"get", "a", "1", "--raw"}).out == R"({"by":"edge"})");
  CHECK(server.run({"get", "a", "last", "--raw"}).out == R"({"by":"edge"})");

  // Back again, with what others wrote meanwhile, and with more.
  put("a", "1", R"({"by":"server again"})");
  put("c", "1", R"({"by":"server again"})");
  put_at_edge("b", "own", R"({"by":"edge"})");
  REQUIRE(cli_test::run({"edge", "set", edge, "--table", "a", "--table", "b"}).status == 0);
  sync_with_cuts();
  for (const char* table : {"a", "b"}) CHECK(rows_at_edge(table) == rows_at_server(table));
  CHECK(holds_none("c"));

  REQUIRE(cli_test::run({"edge", "set", edge, "--all-tables"}).status == 0);
  sync_with_cuts();
  REQUIRE(cli_test::run({"sync", edge}).status == 0);
  CHECK(raw(on(edge, {"export"})) == raw(server.run({"export"})));
  const json idle = parsed(cli_test::run({"sync", edge, "--json"}));
  CHECK(idle["pulled"] == 0);
  CHECK(idle["pushed"] == 0);
  CHECK(
      parsed(server.run({"conflicts", "list", "--json", "--status", "all"}))["conflicts"].empty());
  // One edge all the time, not one a failure.
  const json peers = parsed(server.run({"peers", "list", "--json"}))["peers"];
  CHECK(peers.size() == 1);
  CHECK(cut_rounds > 8);
  CHECK(cli_test::run({"verify", edge}).status == 0);
  server.stop();
}

TEST_CASE("a first exchange over a network that cuts every connection takes each page once") {
  std::mutex mutex;
  std::vector<std::string> pages;
  Server::Options options;
  options.access_log = [&](const AccessLogLine& line) {
    if (line.target.find("/sync/snapshot") == std::string::npos) return;
    const std::lock_guard lock(mutex);
    pages.push_back(line.target);
  };
  TestServer server(options);
  Replica& cloud = server.add_tenant("acme").replica();
  constexpr int rows = 600;
  for (int i = 0; i < 2 * rows; ++i) {
    // Nothing that would be worth less on the wire.
    std::string data(1, '"');
    for (unsigned k = 0, x = static_cast<unsigned>(i) * 2654435761U; k < 200; ++k) {
      x = x * 1664525U + 1013904223U;
      data += static_cast<char>('a' + (x >> 24) % 26);
    }
    REQUIRE(cloud.put("t", std::to_string(i % rows), Payload::json(data + '"')));
  }
  FaultProxy network(server.server().port());
  Participant whole("acme", network.url(), 50);
  whole.sync();
  const std::size_t without_cuts = pages.size();
  REQUIRE(without_cuts >= 12);
  const std::uint64_t all_bytes = network.counts().answer_bytes;
  CHECK(whole.replica().visible_checksum() == cloud.visible_checksum());
  pages.clear();

  // A bit more than two pages and a half fit into what a connection lives for.
  Participant edge("acme", network.url(), 50);
  edge.put("own", "1");
  std::size_t cuts = 0;
  for (bool done = false; !done;) {
    REQUIRE(cuts < 50);
    Faults faults;
    faults.cut_answers_after = all_bytes * 5 / 2 / without_cuts + 500;
    faults.stay_cut = true;
    network.set(faults);
    const std::uint64_t before = network.counts().cuts;
    done = edge.client().sync().has_value();
    if (network.counts().cuts == before) REQUIRE(done);
    cuts += network.counts().cuts - before;
    network.set({});
    if (!done) CHECK_FALSE(edge.replica().get("t", "1").exists());
  }
  CHECK(cuts >= 4);
  CHECK(edge.sync().rejected.empty());
  CHECK(edge.replica().visible_checksum() == cloud.visible_checksum());
  const std::lock_guard lock(mutex);
  CHECK(pages.size() <= without_cuts + cuts);
  // Nothing is asked for more often than it was lost.
  std::sort(pages.begin(), pages.end());
  std::size_t again = 0;
  for (std::size_t i = 1; i < pages.size(); ++i) again += pages[i] == pages[i - 1] ? 1 : 0;
  CHECK(again <= cuts);
  CHECK(pages.size() - again == without_cuts);
}

}  // namespace syncline::test
