// Conflicts, import and export by the real program.
#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "integration/cli_process.hpp"

namespace {

using nlohmann::json;
using namespace cli_test;

// Two inserts of one row by writers who did not know of each other, as lines of an import.
std::string colliding_changes() {
  const auto change = [](char node, const char* second, const char* data) {
    return std::string(R"({"origin":"00000000-0000-4000-8000-00000000000)") + node +
           R"(","seq":1,"hlc":"2026-11-20T12:00:0)" + second +
           R"(.000000Z-000","operation":"insert","table":"t","row_id":"1","data":)" + data + "}\n";
  };
  return change('a', "1", R"({"by": "a"})") + change('b', "2", R"({"by": "b"})");
}

json parsed(const Run& run) {
  CAPTURE(run.err);
  CHECK(run.status == 0);
  const auto document = json::parse(run.out, nullptr, false);
  REQUIRE(!document.is_discarded());
  return document;
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST_CASE("a conflict is imported, listed, shown and counted") {
  const TestServer server;
  const auto imported = parsed(server.run({"import", "-", "--json"}, colliding_changes()));
  CHECK(imported["changes"] == 2);
  CHECK(imported["conflicts"] == 1);
  CHECK(imported["bad"] == 0);
  const auto repeated = parsed(server.run({"import", "-", "--json"}, colliding_changes()));
  CHECK(repeated["changes"] == 0);
  CHECK(repeated["duplicates"] == 2);

  const auto list = parsed(server.run({"conflicts", "list", "--json"}));
  REQUIRE(list["conflicts"].size() == 1);
  const json& report = list["conflicts"][0];
  CHECK(report["kind"] == "insert_insert");
  CHECK(report["status"] == "resolved");
  CHECK(report["winner_dot"]["origin"] == "00000000-0000-4000-8000-00000000000b");
  CHECK(!report["reason"].get<std::string>().empty());
  const auto id = report["id"].get<std::string>();
  CHECK(parsed(server.run({"conflicts", "show", id, "--json"}))["id"] == id);
  CHECK(server.run({"conflicts", "show", id}).out.find("insert_insert") != std::string::npos);
  CHECK(server.run({"conflicts", "list"}).out.find(id) != std::string::npos);
  CHECK(server.run({"conflicts", "stats"}).out.find("insert_insert") != std::string::npos);
  CHECK(parsed(server.run({"conflicts", "stats", "--json"})).is_object());
  const auto filtered = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"conflicts", "list", "--json"});
    return parsed(server.run(words))["conflicts"].size();
  };
  CHECK(filtered({"--status", "open"}) == 0);
  CHECK(filtered({"--kind", "insert_insert", "--table", "t", "--row", "1"}) == 1);
  CHECK(filtered({"--kind", "update_delete"}) == 0);
  CHECK(filtered({"--table", "u"}) == 0);
  CHECK(server.run({"conflicts", "list", "--status", "opne"}).status == 2);
  CHECK(server.run({"conflicts", "show", "00000000-0000-5000-8000-000000000000"}).status == 4);
}

TEST_CASE("an open conflict is resolved, once") {
  const TestServer server;
  CHECK(server.run({"tenant", "create", "shop", "--policy", "causal"}).status == 0);
  CHECK(server.run({"import", "-", "--tenant", "shop"}, colliding_changes()).status == 0);
  const auto open =
      parsed(server.run({"conflicts", "list", "--status", "open", "--json", "--tenant", "shop"}));
  REQUIRE(open["conflicts"].size() == 1);
  const auto id = open["conflicts"][0]["id"].get<std::string>();
  // A blind write over two siblings is refused.
  CHECK(server.run({"put", "t", "1", "{}", "--tenant", "shop"}).status == 5);

  CHECK(server.run({"conflicts", "resolve", id, "--tenant", "shop"}).status == 2);
  CHECK(server.run({"conflicts", "resolve", id, "--tenant", "shop", "--pick", "nobody"}).status ==
        2);
  const Run resolved = server.run({"conflicts", "resolve", id, "--tenant", "shop", "--value",
                                   R"({ "by": "both" })", "--note", "talked", "--json"});
  CHECK(parsed(resolved).is_object());
  CHECK(server.run({"get", "t", "1", "--raw", "--tenant", "shop"}).out == R"({ "by": "both" })");
  CHECK(server.run({"conflicts", "resolve", id, "--tenant", "shop", "--pick", "local"}).status ==
        5);
  CHECK(server.run({"conflicts", "show", id, "--tenant", "shop"}).out.find("resolved") !=
        std::string::npos);
}

TEST_CASE("sides are picked") {
  for (const std::string& pick :
       {std::string("local"), std::string("00000000-0000-4000-8000-00000000000a:1")}) {
    const TestServer server;
    CHECK(server.run({"tenant", "create", "shop", "--policy", "causal"}).status == 0);
    CHECK(server.run({"import", "-", "--tenant", "shop"}, colliding_changes()).status == 0);
    const auto open = parsed(server.run({"conflicts", "list", "--json", "--tenant", "shop"}));
    const auto id = open["conflicts"][0]["id"].get<std::string>();
    const Run resolved =
        server.run({"conflicts", "resolve", id, "--tenant", "shop", "--pick", pick});
    CHECK(resolved.status == 0);
    CHECK(server.run({"get", "t", "1", "--raw", "--tenant", "shop"}).out == R"({"by": "a"})");
  }
}

TEST_CASE("rows go out and come in with their exact bytes") {
  const TestServer server({"default", "copy"});
  std::string lines;
  for (int i = 0; i < 1500; ++i) {
    lines += R"({"table":"numbers","row_id":")" + std::to_string(i) + R"(","data":{ "n" : )" +
             std::to_string(i) + ".50 }}\n";
  }
  lines += R"({"table":"flags","row_id":"NO","data_base64":"AAH/","format":"bytes"})"
           "\n\n";
  const auto imported = parsed(server.run({"import", "-", "--json"}, lines));
  CHECK(imported["rows"] == 1501);
  CHECK(imported["lines"] == 1501);
  CHECK(server.run({"delete", "numbers", "7"}).status == 0);

  const Run all = server.run({"export"});
  CHECK(all.status == 0);
  CHECK(sorted_lines(all.out).size() == 1500);
  CHECK(all.out.find(R"("data":{ "n" : 8.50 })") != std::string::npos);
  CHECK(all.out.find(R"("row_id":"7",)") == std::string::npos);
  CHECK(server.run({"export", "flags"}).out ==
        R"({"table":"flags","row_id":"NO","data_base64":"AAH/","format":"bytes"})"
        "\n");

  CHECK(server.run({"import", "-", "--tenant", "copy"}, all.out).status == 0);
  CHECK(server.run({"export", "--tenant", "copy"}).out == all.out);
}

TEST_CASE("changes go out and come in with their past") {
  const TestServer server({"default", "copy"});
  CHECK(server.run({"import", "-"}, colliding_changes()).status == 0);
  CHECK(server.run({"put", "u", "1", "{ }"}).status == 0);
  CHECK(server.run({"put", "u", "1", "[ ]"}).status == 0);
  CHECK(server.run({"delete", "u", "1"}).status == 0);
  const Run log = server.run({"export", "--changes"});
  CHECK(log.status == 0);
  CHECK(sorted_lines(log.out).size() == 5);
  const auto imported = parsed(server.run({"import", "-", "--tenant", "copy", "--json"}, log.out));
  CHECK(imported["changes"] == 5);
  CHECK(imported["conflicts"] == 1);
  // The same changes, the same conflict; only the places in the log may differ.
  const auto names = [](const std::string& text) {
    std::vector<std::string> result;
    for (const std::string& line : sorted_lines(text)) {
      json change = json::parse(line);
      change.erase("lsn");
      change.erase("received_at");
      result.push_back(change.dump());
    }
    std::sort(result.begin(), result.end());
    return result;
  };
  CHECK(names(server.run({"export", "--changes", "--tenant", "copy"}).out) == names(log.out));
  CHECK(server.run({"export", "--tenant", "copy"}).out == server.run({"export"}).out);
}

TEST_CASE("bad lines are named, the others are taken, and the status is 6") {
  const TestServer server;
  const Run run = server.run({"import", "-", "--json"},
                             "{\"table\":\"t\",\"row_id\":\"1\",\"data\":1}\n"
                             "{broken\n"
                             "{\"table\":\"t\",\"data\":1}\n"
                             "{\"table\":\"\",\"row_id\":\"2\",\"data\":1}\n"
                             "{\"table\":\"t\",\"row_id\":\"3\",\"data\":1}\n");
  CHECK(run.status == 6);
  CHECK(run.err.find("-:2: this is not JSON") != std::string::npos);
  CHECK(run.err.find("-:3: the member 'row_id' is missing") != std::string::npos);
  CHECK(run.err.find("-:4: invalid_change") != std::string::npos);
  const auto counts = json::parse(run.out);
  CHECK(counts["rows"] == 2);
  CHECK(counts["bad"] == 3);
  CHECK(server.run({"get", "t", "3"}).status == 0);
}

TEST_CASE("a refused change is named by its line") {
  const TestServer server;
  // seq 2 without seq 1: a hole.
  const Run run = server.run(
      {"import", "-"},
      R"({"origin":"00000000-0000-4000-8000-00000000000a","seq":2,)"
      R"("hlc":"2026-11-20T12:00:00.000000Z-000","operation":"insert","table":"t","row_id":"1",)"
      R"("data":1})"
      "\n");
  CHECK(run.status == 6);
  CHECK(run.err.find("-:1: sequence_gap") != std::string::npos);
}

TEST_CASE("a file that is not there is not found") {
  const TestServer server;
  CHECK(server.run({"import", "/nonexistent.ndjson"}).status == 4);
}

}  // namespace
