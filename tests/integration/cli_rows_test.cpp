// The commands on rows, changes and tenants, against a real server process.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "integration/cli_process.hpp"

namespace {

using nlohmann::json;
using namespace cli_test;

json parsed(const Run& run) {
  CAPTURE(run.err);
  CHECK(run.status == 0);
  const auto document = json::parse(run.out, nullptr, false);
  REQUIRE(!document.is_discarded());
  return document;
}

TEST_CASE("a row is written, read, listed and deleted") {
  const TestServer server;
  const auto put =
      parsed(server.run({"put", "countries", "NO", R"({ "name": "Norge" })", "--json"}));
  CHECK(put["operation"] == "insert");
  CHECK(put["table"] == "countries");
  CHECK(put["seq"] == 1);
  CHECK(server.run({"put", "countries", "SE", "-"}, "{\"name\": \"Sverige\"}\n").status == 0);

  const Run row = server.run({"get", "countries", "NO", "--json"});
  CHECK(row.out.find(R"({ "name": "Norge" })") != std::string::npos);  // the exact bytes
  CHECK(parsed(row)["token"].get<std::string>().size() == 16);
  CHECK(server.run({"get", "countries", "NO", "--raw"}).out == R"({ "name": "Norge" })");
  const Run shown = server.run({"get", "countries", "NO"});
  CHECK(shown.out.find("token") != std::string::npos);
  CHECK(shown.out.find("Norge") != std::string::npos);

  const auto scanned = parsed(server.run({"scan", "countries", "--json"}));
  REQUIRE(scanned["rows"].size() == 2);
  CHECK(scanned["rows"][1]["row_id"] == "SE");
  CHECK(scanned["next"].is_null());
  const auto first = parsed(server.run({"scan", "countries", "--json", "--limit", "1"}));
  CHECK(first["rows"].size() == 1);
  CHECK(first["next"] == "NO");
  CHECK(server.run({"scan", "countries", "--after", "NO"}).out.find("Sverige") !=
        std::string::npos);

  const auto deleted = parsed(server.run({"delete", "countries", "NO", "--json"}));
  CHECK(deleted["operation"] == "delete");
  CHECK(server.run({"get", "countries", "NO"}).status == 4);
  CHECK(server.run({"delete", "countries", "NO"}).status == 4);

  const auto history = parsed(server.run({"history", "countries", "NO", "--json"}));
  REQUIRE(history["changes"].size() == 2);
  CHECK(history["changes"][0]["operation"] == "delete");
  CHECK(server.run({"history", "countries", "NO"}).out.find("insert") != std::string::npos);
}

TEST_CASE("conditions are kept and fail with 5") {
  const TestServer server;
  CHECK(server.run({"put", "t", "1", "1", "--insert-only"}).status == 0);
  const Run again = server.run({"put", "t", "1", "2", "--insert-only"});
  CHECK(again.status == 5);
  CHECK(again.err.find("precondition_failed") != std::string::npos);
  const std::string token =
      parsed(server.run({"get", "t", "1", "--json"}))["token"].get<std::string>();
  CHECK(server.run({"put", "t", "1", "2", "--if-match", token}).status == 0);
  CHECK(server.run({"put", "t", "1", "3", "--if-match", token}).status == 5);
  CHECK(server.run({"delete", "t", "1", "--if-match", token}).status == 5);
  const auto once = parsed(server.run({"put", "t", "k", "1", "--idempotency-key", "x", "--json"}));
  const auto twice = parsed(server.run({"put", "t", "k", "1", "--idempotency-key", "x", "--json"}));
  CHECK(once == twice);
}

TEST_CASE("payloads may be bytes") {
  const TestServer server;
  const std::string bytes("\x00\x01\xff\n", 4);
  CHECK(server.run({"put", "flags", "NO", "-", "--format", "bytes"}, bytes).status == 0);
  CHECK(server.run({"get", "flags", "NO", "--raw"}).out == bytes);
}

TEST_CASE("changes are listed, filtered and resumed") {
  const TestServer server;
  for (const char* row : {"1", "2", "3"}) CHECK(server.run({"put", "a", row, "{}"}).status == 0);
  CHECK(server.run({"put", "b", "1", "{}"}).status == 0);
  CHECK(server.run({"put", "a", "1", "{\"n\":2}"}).status == 0);
  CHECK(parsed(server.run({"changes", "--json"}))["changes"].size() == 5);
  CHECK(parsed(server.run({"changes", "--json", "--table", "b"}))["changes"].size() == 1);
  CHECK(parsed(server.run({"changes", "--json", "--exclude-table", "b"}))["changes"].size() == 4);
  CHECK(parsed(server.run({"changes", "--json", "--operation", "update"}))["changes"].size() == 1);
  const auto row =
      parsed(server.run({"changes", "--json", "--table", "a", "--row", "1", "--before"}));
  REQUIRE(row["changes"].size() == 2);
  CHECK(row["changes"][1].contains("before"));
  const auto page = parsed(server.run({"changes", "--json", "--limit", "2"}));
  CHECK(page["changes"].size() == 2);
  CHECK(page["has_more"] == true);
  const auto rest =
      parsed(server.run({"changes", "--json", "--since", page["cursor"].get<std::string>()}));
  CHECK(rest["changes"].size() == 3);
  CHECK(server.run({"changes"}).out.find("operation") != std::string::npos);
  CHECK(server.run({"changes", "--row", "1"}).status == 2);
}

TEST_CASE("changes are followed until interrupted") {
  const TestServer server;
  CHECK(server.run({"put", "t", "1", "{}"}).status == 0);
  Running follower(
      {"changes", "--follow", "--json", "--since", "beginning", "--server", server.url()});
  CHECK(json::parse(follower.read_line())["row_id"] == "1");
  CHECK(server.run({"put", "t", "2", "{}"}).status == 0);
  CHECK(json::parse(follower.read_line())["row_id"] == "2");
  follower.signal(SIGINT);
  CHECK(follower.wait() == 0);
}

TEST_CASE("tenants are created, changed and deleted") {
  const TestServer server;
  const auto created = parsed(server.run({"tenant", "create", "shop", "--plan", "pro", "--policy",
                                          "causal", "--table-policy", "logs=lww", "--json"}));
  CHECK(created["id"] == "shop");
  CHECK(created["plan"] == "pro");
  CHECK(created["settings"]["policies"]["default"] == "causal");
  CHECK(server.run({"tenant", "create", "shop"}).status == 5);
  CHECK(server.run({"tenant", "create", "museum"}).out.find("unlimited") != std::string::npos);
  const auto list = parsed(server.run({"tenant", "list", "--json"}));
  REQUIRE(list["tenants"].size() == 3);
  CHECK(list["tenants"][0]["id"] == "default");
  CHECK(server.run({"tenant", "list"}).out.find("logs=lww") != std::string::npos);

  const auto set = parsed(server.run(
      {"tenant", "set", "shop", "--plan", "starter", "--table-policy", "carts=causal", "--json"}));
  CHECK(set["plan"] == "starter");
  CHECK(set["settings"]["policies"]["default"] == "causal");
  CHECK(set["settings"]["policies"]["tables"] == json({{"logs", "lww"}, {"carts", "causal"}}));
  CHECK(server.run({"tenant", "show", "shop"}).out.find("starter") != std::string::npos);
  CHECK(server.run({"tenant", "set", "shop"}).status == 2);
  CHECK(server.run({"tenant", "set", "shop", "--table-policy", "carts"}).status == 2);
  CHECK(server.run({"tenant", "set", "shop", "--plan", "golden"}).status != 0);

  CHECK(server.run({"put", "t", "1", "{}", "--tenant", "shop"}).status == 0);
  CHECK(server.run({"get", "t", "1"}).status == 4);  // another tenant
  CHECK(parsed(server.run({"tenant", "delete", "shop", "--json"}))["deleted"] == "shop");
  CHECK(server.run({"tenant", "show", "shop"}).status == 4);
  CHECK(server.run({"tenant", "delete", "shop"}).status == 4);
}

TEST_CASE("an export of a table that is not there names those that are") {
  const TestServer server;
  CHECK(server.run({"export", "nosuch"}).err == "syncline: not_found: no table 'nosuch'\n");
  CHECK(server.run({"export"}).status == 0);
  CHECK(server.run({"put", "b", "1", "{}"}).status == 0);
  CHECK(server.run({"put", "a", "1", "{}"}).status == 0);
  const Run run = server.run({"export", "a", "nosuch"});
  CHECK(run.status == 4);
  CHECK(run.out.empty());
  CHECK(run.err == "syncline: not_found: no table 'nosuch'; there are: a, b\n");
  CHECK(server.run({"delete", "a", "1"}).status == 0);
  CHECK(server.run({"export", "a"}).status == 0);
}

TEST_CASE("a reader that goes away ends an export quietly") {
  const TestServer server;
  std::string rows;  // far more than a pipe holds
  for (int i = 0; i < 2000; ++i) {
    rows += R"({"table":"t","row_id":")" + std::to_string(i) + R"(","data":")" +
            std::string(200, 'x') + "\"}\n";
  }
  CHECK(server.run({"import", "-"}, rows).status == 0);
  for (const char* options : {"", " --changes"}) {
    const std::string command = std::string("exec 3>&1; { '") + SYNCLINE_BINARY + "' export" +
                                options + " --server " + server.url() +
                                " 2>&3; echo status $? >&3; } | head -n 1 >/dev/null";
    FILE* const shell = popen(command.c_str(), "r");
    REQUIRE(shell != nullptr);
    std::string said;
    for (int letter = 0; (letter = std::fgetc(shell)) != EOF;) said += static_cast<char>(letter);
    CHECK(pclose(shell) == 0);
    CHECK(said == "status 0\n");
  }
}

TEST_CASE("output that cannot be written is an error") {
  const std::string command = std::string("'") + SYNCLINE_BINARY + "' version >/dev/full 2>&1";
  CHECK(WEXITSTATUS(std::system(command.c_str())) == 1);
}

TEST_CASE("a bad line of an import names the member") {
  const TestServer server;
  const Run run = server.run({"import", "-"}, R"({"origin":"x","seq":1})");
  CHECK(run.status == 6);
  CHECK(run.err.find("-:1: 'origin': ") != std::string::npos);
}

TEST_CASE("a plan without a change log refuses writes with 7") {
  const TestServer server({"default", "small:free"});
  const Run refused = server.run({"--tenant", "small", "put", "t", "1", "{}"});
  CHECK(refused.status == 7);
  CHECK(refused.err.find("change_log_disabled") != std::string::npos);
}

TEST_CASE("failures have their own exit status") {
  CHECK(run({"get", "t", "1", "--server", "http://127.0.0.1:1"}).status == 3);
  CHECK(run({"get", "t", "1", "--server", "nonsense"}).status != 0);
  CHECK(run({"gte", "t", "1"}).status == 2);
  CHECK(run({"gte", "t", "1"}).err.find("did you mean 'get'?") != std::string::npos);
  CHECK(run({}).status == 2);
  const TestServer server;
  CHECK(server.run({"get", "t", "1", "--tenant", "nobody"}).status == 4);
  const Run no_json = server.run({"put", "t", "1", "{broken"});
  CHECK(no_json.status == 6);
  CHECK(no_json.err.find("not JSON") != std::string::npos);
  CHECK(server.run({"put", "t", "1", "@/nonexistent"}).status == 4);
}

TEST_CASE("version and help need no server") {
  CHECK(json::parse(run({"version", "--json"}).out)["protocol"][0] == 1);
  CHECK(run({"--version"}).out.starts_with("syncline "));
  for (const auto& words : {std::vector<std::string>{"--help"},
                            {"serve", "--help"},
                            {"tenant", "create", "--help"},
                            {"conflicts", "resolve", "--help"}}) {
    const Run help = run(words);
    CHECK(help.status == 0);
    CHECK(help.out.find("examples:") != std::string::npos);
  }
}

}  // namespace
