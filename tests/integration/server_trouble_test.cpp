// What edges that follow a server live through: it is killed, brought back from a backup, or loses
// everything. They heal by themselves, and no write is lost.
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "integration/data_directory.hpp"
#include "integration/faulty_world.hpp"
#include "integration/live_device.hpp"

namespace {

using namespace cli_test;
using nlohmann::json;
using syncline::test::comes_true;
using syncline::test::LiveDevice;
namespace fs = std::filesystem;

using Rows = std::map<std::string, std::string>;

Rows rows_of(const Run& exported) {
  REQUIRE_MESSAGE(exported.status == 0, exported.err);
  Rows rows;
  std::istringstream lines(exported.out);
  for (std::string line; std::getline(lines, line);) {
    const json row = json::parse(line);
    rows[row["row_id"].get<std::string>()] = row["data"].dump();
  }
  return rows;
}

Rows rows_of(const syncline::Replica& replica) {
  Rows rows;
  const syncline::RowPage page = replica.scan("t");
  for (const syncline::Row& row : page.rows) {
    rows[std::string(row.winner->row_id)] = std::string(row.winner->data);
  }
  return rows;
}

/// What all have to agree on of each conflict, as `conflict_names` has it.
std::set<std::string> conflicts_of(const Run& listed) {
  std::set<std::string> names;
  const json page = parsed(listed);
  for (const json& report : page["conflicts"]) {
    const json& winner = report["winner_dot"];
    std::string dot = "none";
    if (winner.is_object()) {
      dot = winner["origin"].get<std::string>() + ':' + winner["seq"].dump();
    }
    names.insert(report["id"].get<std::string>() + ' ' + report["status"].get<std::string>() + ' ' +
                 dot);
  }
  return names;
}

const std::vector<std::string> list_conflicts{"conflicts", "list",    "--json", "--status",
                                              "all",       "--limit", "10000"};

/// A server, two edges of which each is a process that follows it, and a program with the library.
class Troubled {
 public:
  Troubled() {
    server_ =
        std::make_unique<DataServer>(directory_, std::vector<std::string>{"--tenant", "shop"});
    address_ = server_->address();
    for (const char* name : {"one", "two"}) {
      const Run made = cli_test::run({"edge", "init", scratch_ / name, "--server", server_->url(),
                                      "--tenant", "shop", "--name", name});
      REQUIRE_MESSAGE(made.status == 0, made.err);
      follow(name);
    }
    device_ = std::make_unique<LiveDevice>(server_->url(), "shop");
    device_->put("shared", "\"before\"");
    device_->put("kept", "1");
    REQUIRE(server_->run({"put", "t", "server", "1"}).status == 0);
    expected_ = {{"kept", "1"}, {"server", "1"}};
    all_meet();
  }

  DataServer& server() { return *server_; }
  LiveDevice& device() { return *device_; }
  const std::string& directory() const { return directory_; }
  std::string path(const std::string& name) const { return scratch_ / name; }

  /// Ends the edge's program, writes in its directory, and lets it follow again.
  void write_at(const std::string& edge, const Rows& rows) {
    stop_following(edge);
    for (const auto& [row, data] : rows) {
      const Run written = on(scratch_ / edge, {"put", "t", row, data});
      REQUIRE_MESSAGE(written.status == 0, written.err);
    }
    follow(edge);
  }
  /// Rows that have to be everywhere in the end.
  void expect(const std::string& row, const std::string& data) { expected_[row] = data; }

  /// The server is gone, all write, two of them the same row; `change` does something to its data.
  template <typename Change>
  void while_it_is_down(Change change, std::vector<std::string> more = {}) {
    server_->stop(SIGKILL);
    write_at("one", {{"from-one", "1"}, {"shared", "\"one\""}});
    device_->put("from-device", "1");
    device_->put("shared", "\"device\"");
    change();
    more.insert(more.end(), {"--listen", address_});
    server_ = std::make_unique<DataServer>(directory_, more);
    REQUIRE(server_->run({"put", "t", "after", "1"}).status == 0);
    for (const char* row : {"from-one", "from-device", "after"}) expect(row, "1");
  }

  /// Waits until everybody has what everybody wrote.
  void all_meet() {
    CHECK(comes_true([&] { return nobody_lacks_anything(); }));
    device_->wait_until_synced();
  }

  /// Ends the edges and compares all.
  void check_all_same(std::size_t conflicts) {
    for (const char* name : {"one", "two"}) stop_following(name);
    const Rows rows = rows_of(server_->run({"export"}));
    for (const auto& [row, data] : expected_) {
      CAPTURE(row);
      REQUIRE(rows.contains(row));
      CHECK(rows.at(row) == data);
    }
    CHECK(rows.contains("shared"));
    CHECK(rows.size() == expected_.size() + 1);
    const std::set<std::string> known = conflicts_of(server_->run(list_conflicts));
    CHECK(known.size() == conflicts);
    CHECK(rows_of(device_->replica()) == rows);
    CHECK(syncline::test::conflict_names(device_->replica()) == known);
    for (const char* name : {"one", "two"}) {
      CAPTURE(name);
      CHECK(rows_of(on(scratch_ / name, {"export"})) == rows);
      CHECK(conflicts_of(on(scratch_ / name, list_conflicts)) == known);
      CHECK(cli_test::run({"verify", scratch_ / name}).status == 0);
    }
    server_->stop();
    CHECK(cli_test::run({"verify", directory_}).status == 0);
  }

 private:
  void follow(const std::string& edge) {
    following_[edge] = std::make_unique<Running>(
        std::vector<std::string>{"sync", scratch_ / edge, "--follow", "--json"});
  }
  void stop_following(const std::string& edge) {
    const auto found = following_.find(edge);
    if (found == following_.end()) return;
    found->second->signal(SIGTERM);
    CHECK(found->second->wait() == 0);
    following_.erase(found);
  }
  /// By the server's word, and by what it has.
  bool nobody_lacks_anything() {
    const json peers = parsed(server_->run({"peers", "list", "--json"}))["peers"];
    std::size_t up_to_date = 0;
    for (const json& peer : peers) {
      if (peer["state"] == "live" && peer["lag_changes"] == 0) ++up_to_date;
    }
    if (up_to_date != 3) return false;
    const Rows rows = rows_of(server_->run({"export"}));
    for (const auto& [row, data] : expected_) {
      if (!rows.contains(row)) return false;
    }
    return true;
  }

  const Scratch scratch_;
  const std::string directory_ = scratch_ / "server";
  std::string address_;
  std::unique_ptr<DataServer> server_;
  std::map<std::string, std::unique_ptr<Running>> following_;
  std::unique_ptr<LiveDevice> device_;
  Rows expected_;
};

TEST_CASE("edges that follow a server live through its being killed") {
  Troubled world;
  world.while_it_is_down([] {});
  world.all_meet();
  world.check_all_same(1);
}

TEST_CASE("edges that follow give a server back what it lost since its backup") {
  Troubled world;
  const Run copied = cli_test::run({"backup", world.directory(), world.path("backup")});
  REQUIRE_MESSAGE(copied.status == 0, copied.err);
  REQUIRE(world.server().run({"put", "t", "server-later", "1"}).status == 0);
  world.write_at("two", {{"two-later", "1"}});
  world.device().put("device-later", "1");
  for (const char* row : {"server-later", "two-later", "device-later"}) world.expect(row, "1");
  world.all_meet();
  world.while_it_is_down([&] {
    fs::remove_all(world.directory());
    fs::copy(world.path("backup"), world.directory(), fs::copy_options::recursive);
  });
  CHECK(world.server().announced()["data"]["tenants"][0]["identity_changed"] == true);
  world.all_meet();
  world.check_all_same(1);
}

TEST_CASE("edges that follow give everything to a server that begins anew") {
  Troubled world;
  world.while_it_is_down([&] { fs::remove_all(world.directory()); }, {"--tenant", "shop"});
  world.all_meet();
  world.check_all_same(1);
}

}  // namespace
