// Data directories of servers: stopped, killed, restored, damaged, repaired.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "integration/data_directory.hpp"

namespace {

using nlohmann::json;
using namespace cli_test;
namespace fs = std::filesystem;

// The only file that ends so in the tenant's directory, and has something in it.
std::string segment_of(const std::string& directory) {
  const auto files = json::parse(cli_test::run({"inspect", directory, "--json"}).out)["tenants"][0];
  return files["path"].get<std::string>() + '/' + files["files"].back()["name"].get<std::string>();
}

// Where the batch begins that has the row's change.
std::uint64_t offset_of(const std::string& directory, const std::string& row_id) {
  std::istringstream entries(cli_test::run({"inspect", directory, "--entries", "--json"}).out);
  std::uint64_t offset = 0;
  for (std::string line; std::getline(entries, line);) {
    const json entry = json::parse(line);
    if (entry["kind"] == "change" && entry["row_id"] == row_id) offset = entry["offset"];
  }
  REQUIRE(offset > 0);
  return offset;
}

void flip(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  REQUIRE(file);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ 0x55));
}

TEST_CASE("a server keeps everything over a stop and over a kill") {
  const Scratch scratch;
  for (const int signal : {SIGTERM, SIGKILL}) {
    const std::string data = scratch / std::to_string(signal);
    json before;
    json conflict_before;
    {
      DataServer server(data, {"--tenant", "shop:pro"});
      CHECK(server.announced()["data"]["durability"] == "commit");
      put(server, "1", R"({"n":1})");
      put(server, "1", R"({"n":2})");
      REQUIRE(server.run({"delete", "t", "1"}).status == 0);
      put(server, "2", R"({ "exact": 1.50 })");
      REQUIRE(server.run({"tenant", "set", "shop", "--table-policy", "t=causal"}).status == 0);
      REQUIRE(server.run({"tenant", "create", "gone"}).status == 0);
      REQUIRE(server.run({"tenant", "delete", "gone"}).status == 0);
      before = parsed(server.run({"changes", "--json"}));
      server.stop(signal);
    }
    // The tenant is there: asking for it again with another plan changes nothing.
    DataServer server(data, {"--tenant", "shop:free", "--tenant", "new"});
    const json& opening = server.announced()["data"];
    CHECK(opening["tenants"].size() == 2);
    CHECK(opening["tenants"][1]["id"] == "shop");
    CHECK(opening["tenants"][1]["entries"] >= 5);
    CHECK(opening["tenants"][1]["closed_cleanly"] == (signal == SIGTERM));
    CHECK(opening["tenants"][1]["identity_changed"] == false);
    CHECK(parsed(server.run({"changes", "--json"})) == before);
    CHECK(server.run({"get", "t", "2", "--raw"}).out == R"({ "exact": 1.50 })");
    CHECK(server.run({"get", "t", "1"}).status == 4);
    const json tenant = parsed(server.run({"tenant", "show", "shop", "--json"}));
    CHECK(tenant["plan"] == "pro");
    CHECK(tenant["settings"]["policies"]["tables"]["t"] == "causal");
    CHECK(server.run({"tenant", "show", "gone"}).status == 4);
    server.stop();
  }
}

TEST_CASE("every durability is served, and says so") {
  const Scratch scratch;
  for (const char* durability : {"none", "interval"}) {
    const std::string data = scratch / durability;
    {
      DataServer server(data,
                        {"--durability", durability, "--interval-ms", "20", "--tenant", "shop"});
      CHECK(server.announced()["data"]["durability"] == durability);
      put(server, "1", "{}");
      server.stop();
    }
    CHECK(raw(on(data, {"get", "t", "1", "--raw", "--tenant", "shop"})) == "{}");
  }
  CHECK(cli_test::run({"serve", "--durability", "commit"}).status == 2);
  CHECK(cli_test::run({"serve", "--interval-ms", "5"}).status == 2);
  CHECK(cli_test::run({"serve", "--restored"}).status == 2);
  CHECK(cli_test::run({"serve", "--data", scratch / "x", "--interval-ms", "5"}).status == 2);
  CHECK(cli_test::run({"serve", "--data", scratch / "x", "--durability", "often"}).status == 2);
}

TEST_CASE("a directory brought back in place takes new ids when it is told") {
  const Scratch scratch;
  const std::string data = scratch / "server";
  {
    DataServer server(data, {"--tenant", "shop"});
    put(server, "1", "{}");
    server.stop();
  }
  {
    DataServer server(data, {"--restored"});
    CHECK(server.announced()["data"]["tenants"][0]["identity_changed"] == true);
    server.stop();
  }
  DataServer server(data);
  CHECK(server.announced()["data"]["tenants"][0]["identity_changed"] == false);
  CHECK(server.run({"get", "t", "1", "--raw"}).out == "{}");
  server.stop();
}

TEST_CASE("a directory in use names who uses it") {
  const Scratch scratch;
  const std::string data = scratch / "server";
  DataServer server(data, {"--tenant", "shop"});
  put(server, "1", "{}");
  const std::string pid = std::to_string(server.process_id());
  for (const Run& refused :
       {cli_test::run({"serve", "--data", data}), on(data, {"get", "t", "1", "--tenant", "shop"}),
        cli_test::run({"repair", data})}) {
    CHECK(refused.status == 3);
    CHECK(has(refused.err, "in use by process " + pid));
  }
  const Run verified = cli_test::run({"verify", data});
  CHECK(verified.status == 0);
  CHECK(has(verified.out, pid));
  CHECK(cli_test::run({"inspect", data}).status == 0);
  server.stop();
}

TEST_CASE("a directory that cannot be written is refused in the system's words") {
  // Not even root can make anything there.
  const Run refused = cli_test::run({"serve", "--data", "/proc/syncline-data"});
  CHECK(refused.status != 0);
  CHECK(has(refused.err, "/proc/syncline-data"));
  const Scratch scratch;
  std::ofstream(scratch / "file") << "text";
  CHECK(cli_test::run({"serve", "--data", scratch / "file"}).status != 0);
  std::ofstream(scratch / "letters.txt") << "dear all";
  const Run foreign = cli_test::run({"serve", "--data", scratch / ""});
  CHECK(foreign.status == 1);
  CHECK(has(foreign.err, "is not empty"));
}

TEST_CASE("a newer format is refused as such") {
  const Scratch scratch;
  const std::string edge = scratch / "edge";
  REQUIRE(cli_test::run({"edge", "init", edge, "--tenant", "shop"}).status == 0);
  // Format 3 with an empty body, and the hash that goes with it.
  const char bytes[] =
      "SYNCNODE\3\0\0\0\0\0\0\0"
      "\xd2\x25\x4f\x7b\xb1\xb3\x49\xa7";
  std::ofstream(edge + "/NODE", std::ios::binary) << std::string(bytes, sizeof bytes - 1);
  for (const Run& refused :
       {on(edge, {"get", "t", "1"}), cli_test::run({"verify", edge}),
        cli_test::run({"serve", "--data", edge}), cli_test::run({"repair", edge})}) {
    CHECK(refused.status == 1);
    CHECK(has(refused.err, "format 3"));
    CHECK(has(refused.err, "newer program"));
  }
}

TEST_CASE("damage is named with its place, and repaired with what came before it") {
  const Scratch scratch;
  const std::string data = scratch / "server";
  {
    DataServer server(data, {"--tenant", "shop"});
    for (const char* row : {"1", "2", "3"}) put(server, row, std::string("{\"row\":") + row + '}');
    server.stop();
  }
  const std::string segment = segment_of(data);
  const std::uint64_t offset = offset_of(data, "2");
  flip(segment, offset + 40);

  const Run verified = cli_test::run({"verify", data});
  CHECK(verified.status == 10);
  CHECK(has(verified.out, std::to_string(offset)));
  CHECK(has(verified.out, fs::path(segment).filename().string()));
  CHECK(json::parse(cli_test::run({"verify", data, "--json"}).out)["whole"] == false);
  const Run refused = cli_test::run({"serve", "--data", data});
  CHECK(refused.status == 1);
  CHECK(has(refused.err, fs::path(segment).filename().string()));
  CHECK(has(refused.err, "syncline repair " + data));

  const Run repaired = cli_test::run({"repair", data});
  CHECK(repaired.status == 0);
  CHECK(has(repaired.out, "tenant 'shop'"));
  CHECK(cli_test::run({"verify", data}).status == 0);
  CHECK(raw(on(data, {"get", "t", "1", "--raw", "--tenant", "shop"})) == R"({"row":1})");
  CHECK(on(data, {"get", "t", "2", "--tenant", "shop"}).status == 4);
  CHECK(has(cli_test::run({"repair", data}).out, "everything is whole"));

  flip(data + "/NODE", 20);
  CHECK(cli_test::run({"verify", data}).status == 10);
  CHECK(has(cli_test::run({"serve", "--data", data}).err, "syncline repair"));
  CHECK(has(cli_test::run({"repair", data}).out, "taken from its copy"));
  CHECK(cli_test::run({"verify", data}).status == 0);
}

TEST_CASE("an unfinished write at the end is cut off, and said") {
  const Scratch scratch;
  const std::string data = scratch / "server";
  {
    DataServer server(data, {"--tenant", "shop"});
    put(server, "1", "{}");
    put(server, "2", "{}");
    server.stop(SIGKILL);
  }
  // As if the power had gone while the last batch was written.
  const std::string segment = segment_of(data);
  flip(segment, offset_of(data, "2") + 40);
  const Run verified = cli_test::run({"verify", data});
  CHECK(verified.status == 0);
  CHECK(has(verified.out, "unfinished end"));
  {
    DataServer server(data);
    const json& opening = server.announced()["data"]["tenants"][0];
    CHECK(opening["torn_bytes"] > 0);
    CHECK(has(segment, opening["torn_file"].get<std::string>()));
    CHECK(opening["closed_cleanly"] == false);
    CHECK(server.run({"get", "t", "1", "--raw"}).out == "{}");
    CHECK(server.run({"get", "t", "2"}).status == 4);
    put(server, "2", "{}");
    server.stop();
  }
  DataServer server(data);
  CHECK(server.announced()["data"]["tenants"][0]["torn_bytes"] == 0);
  CHECK(server.run({"get", "t", "2", "--raw"}).out == "{}");
  server.stop();
}

}  // namespace
