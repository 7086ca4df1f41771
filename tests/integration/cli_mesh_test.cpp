// Edges that serve one another, as processes.
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "integration/data_directory.hpp"

namespace {

using nlohmann::json;
using namespace cli_test;

/// An address that nobody listens on now, for edges that have to know each other before they start.
std::string free_address() {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(descriptor >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  REQUIRE(bind(descriptor, raw, size) == 0);
  REQUIRE(getsockname(descriptor, raw, &size) == 0);
  close(descriptor);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

std::string url_of(const std::string& address) { return "http://" + address; }

/// Who answers for tenant "shop" at an address.
struct Place {
  std::string address;

  Run run(const std::vector<std::string>& words) const {
    return cli_test::run(words, {}, {"SYNCLINE_SERVER=" + url_of(address), "SYNCLINE_TENANT=shop"});
  }
  void put(const std::string& row, const std::string& data) const {
    const Run done = run({"put", "t", row, data});
    CAPTURE(done.err);
    REQUIRE(done.status == 0);
  }
  /// All that has to be the same everywhere: rows, conflicts, and how many changes there are.
  std::string state() const {
    const Run rows = run({"scan", "t"});
    const Run log = run({"log", "show", "--json"});
    const Run conflicts = run({"conflicts", "list", "--json"});
    if (rows.status != 0 || log.status != 0 || conflicts.status != 0) return "none";
    std::string told = rows.out;
    const json listed = json::parse(conflicts.out);
    for (const json& conflict : listed["conflicts"]) {
      told +=
          conflict["id"].get<std::string>() + ' ' + conflict["status"].get<std::string>() + '\n';
    }
    return told + json::parse(log.out)["changes"].dump() + " changes\n";
  }
};

/// Waits until all show the same and hold `changes` changes, and gives what they show.
std::string settled(const std::vector<Place>& places, std::size_t changes) {
  const std::string end = std::to_string(changes) + " changes\n";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  std::vector<std::string> states;
  while (std::chrono::steady_clock::now() < deadline) {
    states.clear();
    for (const Place& place : places) states.push_back(place.state());
    const bool same = std::all_of(states.begin(), states.end(), [&](const std::string& state) {
      return state == states.front() && state.ends_with('\n' + end);
    });
    if (same) return states.front();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::string all;
  for (const std::string& state : states) all += "---\n" + state;
  FAIL("not the same, or not " << end << all);
  return {};
}

void init(const std::string& directory, const std::string& server) {
  const Run made = cli_test::run({"edge", "init", directory, "--server", server, "--tenant", "shop",
                                  "--name", directory.substr(directory.rfind('/') + 1)});
  CAPTURE(made.err);
  REQUIRE(made.status == 0);
}

/// An edge that serves.
class ServingEdge {
 public:
  ServingEdge(std::string directory, std::string address, std::vector<std::string> more = {})
      : directory_(std::move(directory)), place_{std::move(address)}, more_(std::move(more)) {
    start();
  }
  void start() {
    std::vector<std::string> words{"edge",         "serve",  directory_,    "--listen",
                                   place_.address, "--json", "--log-level", "off"};
    words.insert(words.end(), more_.begin(), more_.end());
    process_ = std::make_unique<Running>(words);
    const json announced = json::parse(process_->read_line(), nullptr, false);
    REQUIRE(announced.is_object());
    CHECK(announced["url"] == url_of(place_.address));
    CHECK(announced["tenant"] == "shop");
  }
  void stop(int signal = SIGTERM) {
    process_->signal(signal);
    CHECK(process_->wait() == (signal == SIGKILL ? -1 : 0));
  }
  const Place& place() const { return place_; }
  Running& process() { return *process_; }

 private:
  std::string directory_;
  Place place_;
  std::vector<std::string> more_;
  std::unique_ptr<Running> process_;
};

/// Where nobody is, for edges whose server is out of reach.
const char* const nowhere = "http://127.0.0.1:9";

TEST_CASE("two edges on one network synchronise without their server, and bring it all later") {
  const Scratch scratch;
  const std::string cloud_address = free_address();
  init(scratch / "a", url_of(cloud_address));
  init(scratch / "b", url_of(cloud_address));
  ServingEdge a(scratch / "a", free_address());
  ServingEdge b(scratch / "b", free_address(), {"--peer", url_of(a.place().address)});
  a.place().put("1", R"({"by":"a"})");
  b.place().put("2", R"({"by":"b"})");
  settled({a.place(), b.place()}, 2);
  // The server comes, and hears of both from either.
  DataServer cloud(scratch / "cloud", {"--tenant", "shop", "--listen", cloud_address});
  const Place home{cloud_address};
  home.put("3", R"({"by":"cloud"})");
  const std::string rows = settled({a.place(), b.place(), home}, 3);
  CHECK(has(rows, R"({"by":"b"})"));
  b.stop(SIGINT);
  a.stop();
  CHECK(raw(on(scratch / "a", {"get", "t", "2", "--raw"})) == R"({"by":"b"})");
  cloud.stop();
}

TEST_CASE("in a line the middle passes on what it gets, and can be killed meanwhile") {
  const Scratch scratch;
  DataServer cloud(scratch / "cloud", {"--tenant", "shop"});
  const Place home{cloud.address()};
  REQUIRE(cloud.run({"tenant", "set", "shop", "--table-policy", "t=causal"}).status == 0);
  init(scratch / "a", cloud.url());
  init(scratch / "b", nowhere);
  init(scratch / "c", nowhere);
  ServingEdge a(scratch / "a", free_address());
  ServingEdge b(scratch / "b", free_address(), {"--no-home", "--peer", url_of(a.place().address)});
  ServingEdge c(scratch / "c", free_address(), {"--no-home", "--peer", url_of(b.place().address)});
  const std::vector<Place> all{home, a.place(), b.place(), c.place()};
  home.put("shared", "{}");
  c.place().put("c", "{}");
  settled(all, 2);
  // Both ends write the same row while there is nothing between them.
  b.stop(SIGKILL);
  home.put("shared", R"({"by":"cloud"})");
  c.place().put("shared", R"({"by":"c"})");
  b.start();
  const std::string parted = settled(all, 4);
  CHECK(has(parted, " open\n"));
  // The settings are the server's, also where nobody has ever reached it.
  const json told = parsed(c.place().run({"tenant", "show", "shop", "--json"}));
  CHECK(told["settings"]["policies"]["tables"]["t"] == "causal");
  const json found = parsed(c.place().run({"conflicts", "list", "--json"}));
  REQUIRE(found["conflicts"].size() == 1);
  const std::string id = found["conflicts"][0]["id"];
  REQUIRE(c.place().run({"conflicts", "resolve", id, "--value", R"({"by":"both"})"}).status == 0);
  CHECK(has(settled(all, 5), " resolved\n"));
  c.stop();
  b.stop();
  a.stop();
  cloud.stop();
}

TEST_CASE("in a ring and in a star everybody gets every change once") {
  const Scratch scratch;
  std::vector<std::string> addresses;
  for (int i = 0; i < 3; ++i) addresses.push_back(free_address());
  const auto peer = [&](std::size_t i) { return url_of(addresses[i]); };
  std::vector<std::vector<std::string>> asks;
  SUBCASE("ring") { asks = {{"--peer", peer(1)}, {"--peer", peer(2)}, {"--peer", peer(0)}}; }
  SUBCASE("star") { asks = {{}, {"--peer", peer(0)}, {"--peer", peer(0)}}; }
  SUBCASE("everybody asks everybody") {
    asks = {{"--peer", peer(1), "--peer", peer(2)},
            {"--peer", peer(0), "--peer", peer(2)},
            {"--peer", peer(0), "--peer", peer(1)}};
  }
  std::vector<std::unique_ptr<ServingEdge>> edges;
  std::vector<Place> all;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::string directory = scratch / std::to_string(i);
    init(directory, nowhere);
    asks[i].push_back("--no-home");
    edges.push_back(std::make_unique<ServingEdge>(directory, addresses[i], asks[i]));
    all.push_back(edges.back()->place());
  }
  for (const Place& place : all) {
    place.put(place.address, "{}");
    place.put("shared", json(place.address).dump());
  }
  settled(all, 6);
  all[1].put("shared", R"("last")");
  CHECK(has(settled(all, 7), R"("last")"));
  for (const auto& edge : edges) edge->stop();
}

TEST_CASE("an edge finds its server where it moved, and one that has nothing gets everything") {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  {
    DataServer server(scratch / "server", {"--tenant", "shop"});
    init(edge, server.url());
    put(server, "1", "{}");
    REQUIRE(cli_test::run({"sync", edge}).status == 0);
    server.stop();
  }
  REQUIRE(on(edge, {"put", "t", "2", "{}"}).status == 0);
  DataServer moved(scratch / "server", {"--listen", free_address()});
  put(moved, "3", "{}");
  CHECK(cli_test::run({"edge", "set", edge, "--server", "nonsense"}).status == 2);
  REQUIRE(cli_test::run({"edge", "set", edge, "--server", moved.url()}).status == 0);
  const json round = parsed(cli_test::run({"sync", edge, "--json"}));
  CHECK(round["pushed"] == 1);
  CHECK(round["pulled"] == 1);
  CHECK(moved.run({"scan", "t"}).out == on(edge, {"scan", "t"}).out);
  moved.stop();

  DataServer other(scratch / "other", {"--tenant", "shop"});
  put(other, "4", "{}");
  const json set = parsed(cli_test::run({"edge", "set", edge, "--server", other.url(), "--json"}));
  CHECK(set["server"] == other.url());
  CHECK(set["tables"].is_null());
  REQUIRE(cli_test::run({"sync", edge}).status == 0);
  CHECK(other.run({"scan", "t"}).out == on(edge, {"scan", "t"}).out);
  for (const std::string row : {"1", "2", "3", "4"}) {
    CHECK(on(edge, {"get", "t", row}).status == 0);
  }
  CHECK(parsed(cli_test::run({"sync", edge, "--json"}))["pulled"] == 0);
  other.stop();
}

TEST_CASE("what cannot serve is told so") {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  REQUIRE(cli_test::run({"edge", "init", edge, "--server", nowhere, "--table", "t"}).status == 0);
  const Run filtered = cli_test::run({"edge", "serve", edge});
  CHECK(filtered.status == 1);
  CHECK(has(filtered.err, "--all-tables"));
  REQUIRE(cli_test::run({"edge", "set", edge, "--all-tables"}).status == 0);
  const Run own = cli_test::run({"edge", "serve", edge, "--peer", "http://localhost:8438"});
  CHECK(own.status == 2);
  CHECK(has(own.err, "this edge itself"));
  const Run twice = cli_test::run(
      {"edge", "serve", edge, "--peer", "http://localhost:7", "--peer", "http://127.0.0.1:7/"});
  CHECK(twice.status == 2);
  CHECK(has(twice.err, "twice"));
  const Run server = cli_test::run({"edge", "serve", edge, "--peer", nowhere});
  CHECK(server.status == 2);
  CHECK(has(server.err, "the edge's server"));
  const Run as_server = cli_test::run({"serve", "--data", edge});
  CHECK(has(as_server.err, "syncline edge serve " + edge));
}

}  // namespace
