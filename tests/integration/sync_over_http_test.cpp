#include <thread>

#include "support/edge_node.hpp"
#include "support/test_server.hpp"

namespace syncline {

using test::EdgeNode;
using test::json_of;
using test::TestClient;
using test::TestServer;

namespace {

const std::string sync_path = "/v1/tenants/acme/sync/";

/// An edge with a client of its own.
struct SyncedEdge {
  explicit SyncedEdge(const TestServer& server, SyncClient::Options options = {})
      : transport(server.connect()) {
    options.tenant = "acme";
    client = std::make_unique<SyncClient>(node.replica(), *transport, std::move(options));
  }
  SyncReport sync() {
    auto report = client->sync();
    REQUIRE(report);
    return std::move(*report);
  }
  EdgeNode node;
  std::unique_ptr<Transport> transport;
  std::unique_ptr<SyncClient> client;
};

nlohmann::json post(TestClient& client, const std::string& action, const std::string& body) {
  const HttpResponse response = client.post(sync_path + action, body);
  CHECK_MESSAGE(response.status == 200, response.body);
  return json_of(response);
}

}  // namespace

TEST_SUITE("sync over HTTP") {
  TEST_CASE("a backlog larger than a batch goes over in one call, both ways") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    for (const bool json : {false, true}) {
      SyncClient::Options options;
      options.batch_changes = 300;
      options.json = json;
      SyncedEdge first(server, options);
      SyncedEdge second(server, options);
      for (int i = 0; i < 2000; ++i) {
        first.node.put((json ? "j" : "m") + std::to_string(i), "{\"n\":" + std::to_string(i) + "}");
      }
      const auto pushed = first.sync();
      CHECK(pushed.pushed == 2000);
      CHECK(pushed.accepted == 2000);
      CHECK(pushed.requests >= 7);
      const auto pulled = second.sync();
      CHECK(pulled.applied == tenant.replica().statistics().changes);
      CHECK(second.node.replica().visible_checksum() == tenant.replica().visible_checksum());
      CHECK(second.sync().requests == 1);
      CHECK(first.sync().requests >= 1);
      CHECK(first.sync().requests == 1);
      CHECK(first.node.replica().visible_checksum() == tenant.replica().visible_checksum());
    }
  }

  TEST_CASE("one change larger than a page goes through") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    SyncClient::Options options;
    options.batch_bytes = 1000;
    SyncedEdge first(server, options);
    SyncedEdge second(server, options);
    const std::string large = '"' + std::string(900'000, 'x') + '"';
    for (const char* id : {"a", "b"}) first.node.put(id, "1");
    first.node.put("large", large);
    first.node.put("z", "1");
    CHECK(first.sync().accepted == 4);
    CHECK(second.sync().applied == 4);
    CHECK(second.node.replica().visible_checksum() == tenant.replica().visible_checksum());
    TestClient client(server);
    const auto row = client.get("/v1/tenants/acme/rows/t/large");
    CHECK(json_of(row)["data"].get<std::string>().size() == 900'000);
  }

  TEST_CASE("a batch that is sent twice changes nothing") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    TestClient client(server);
    EdgeNode edge;
    for (int i = 0; i < 3; ++i) edge.put(std::to_string(i), "1");
    post(client, "register", edge.register_body());
    const auto first = post(client, "push", edge.push_body({1, 2, 3}));
    CHECK(first["applied"] == 3);
    const auto again = post(client, "push", edge.push_body({1, 2, 3}));
    CHECK(again["applied"] == 0);
    CHECK(again["duplicates"] == 3);
    CHECK(again["acked"] == first["acked"]);
    CHECK(again["lsn"] == 3);
    CHECK(tenant.replica().statistics().changes == 3);
  }

  TEST_CASE("two pushes of one batch at once leave each change once") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    EdgeNode edge;
    std::vector<Lsn> lsns;
    for (Lsn lsn = 1; lsn <= 500; ++lsn) {
      edge.put(std::to_string(lsn), "1");
      lsns.push_back(lsn);
    }
    const std::string body = edge.push_body(lsns);
    TestClient one(server);
    TestClient other(server);
    post(one, "register", edge.register_body());
    nlohmann::json answers[2];
    std::thread first([&] { answers[0] = post(one, "push", body); });
    std::thread second([&] { answers[1] = post(other, "push", body); });
    first.join();
    second.join();
    const auto sum = [&](const char* member) {
      return answers[0][member].get<int>() + answers[1][member].get<int>();
    };
    CHECK(sum("applied") == 500);
    CHECK(sum("duplicates") == 500);
    CHECK(answers[0]["acked"] == answers[1]["acked"]);
    CHECK(tenant.replica().statistics().changes == 500);
  }

  TEST_CASE("a pull by a filter that matches nothing moves the cursor") {
    TestServer server;
    server.add_tenant("acme");
    TestClient client(server);
    for (int i = 0; i < 10; ++i) client.put("/v1/tenants/acme/rows/t/" + std::to_string(i), "1");
    const EdgeNode edge;
    post(client, "register", edge.register_body(R"(["other"])"));
    const std::string head = R"({"node_id":")" + edge.id() + R"(","limit":100,"cursor":)";
    const auto first = post(client, "pull", head + "null}");
    CHECK(first["changes"].empty());
    CHECK(first["has_more"] == false);
    const std::string cursor = first["cursor"].dump();
    const auto again = post(client, "pull", head + cursor + "}");
    CHECK(again["cursor"] == first["cursor"]);
    CHECK(again["covers"] == first["covers"]);
    client.put("/v1/tenants/acme/rows/other/1", "1");
    client.put("/v1/tenants/acme/rows/t/more", "1");
    const auto found = post(client, "pull", head + cursor + "}");
    REQUIRE(found["changes"].size() == 1);
    CHECK(found["changes"][0]["lsn"] == 11);
    CHECK(found["cursor"] != first["cursor"]);
  }

  TEST_CASE("a push with a hole is refused from there on, and nothing is lost") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    TestClient client(server);
    EdgeNode edge;
    for (int i = 0; i < 4; ++i) edge.put(std::to_string(i), "1");
    post(client, "register", edge.register_body());
    const auto holed = post(client, "push", edge.push_body({1, 3, 4}));
    CHECK(holed["applied"] == 1);
    REQUIRE(holed["rejected"].size() == 2);
    CHECK(holed["rejected"][0]["code"] == "sequence_gap");
    CHECK(holed["rejected"][0]["expected_seq"] == 2);
    CHECK(holed["rejected"][0]["seq"] == 3);
    CHECK(holed["acked"][edge.id()] == 1);
    const auto whole = post(client, "push", edge.push_body({2, 3, 4}));
    CHECK(whole["applied"] == 3);
    CHECK(whole["rejected"].empty());
    CHECK(tenant.replica().visible_checksum() == edge.replica().visible_checksum());
  }

  TEST_CASE("edges that collide end up the same and agree on the report") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    SyncedEdge first(server);
    SyncedEdge second(server);
    first.node.put("1", "\"base\"");
    first.sync();
    second.sync();
    first.node.put("1", "\"first\"");
    REQUIRE(second.node.replica().erase("t", "1"));
    first.sync();
    CHECK(second.sync().conflicts.size() == 1);
    first.sync();
    const auto checksum = tenant.replica().visible_checksum();
    CHECK(first.node.replica().visible_checksum() == checksum);
    CHECK(second.node.replica().visible_checksum() == checksum);
    const auto id = tenant.replica().conflicts().conflicts.at(0).id;
    CHECK(first.node.replica().conflict(id)->winner_dot ==
          second.node.replica().conflict(id)->winner_dot);
  }

  TEST_CASE("a snapshot brings a newcomer to where the server is") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    SyncedEdge first(server);
    for (int i = 0; i < 1500; ++i) first.node.put(std::to_string(i % 700), std::to_string(i));
    first.sync();
    SyncedEdge second(server);
    second.node.put("own", "1");
    REQUIRE(second.client->bootstrap());
    second.sync();
    CHECK(second.node.replica().visible_checksum() == tenant.replica().visible_checksum());
    TestClient client(server);
    std::size_t rows = 0;
    std::string page = sync_path + "snapshot?limit=100";
    while (true) {
      const auto part = json_of(client.get(page));
      rows += part["rows"].size();
      if (part["next_page"].is_null()) break;
      page = sync_path + "snapshot?limit=100&page=" + part["next_page"].get<std::string>();
    }
    CHECK(rows == 701);
  }

  TEST_CASE("a round in one request: register, push, heartbeat, pull") {
    TestServer server;
    server.add_tenant("acme");
    TestClient client(server);
    client.put("/v1/tenants/acme/rows/t/server", "1");
    EdgeNode edge;
    edge.put("edge", "1");
    const std::string body = R"({"node_id":")" + edge.id() + R"(","register":)" +
                             edge.register_body() + R"(,"push":)" + edge.push_body({1}) +
                             R"(,"heartbeat":{"clock":{},"cursor":null},"pull":{"cursor":null}})";
    const auto round = post(client, "exchange", body);
    CHECK(round["register"]["protocol"] == 1);
    CHECK(round["push"]["applied"] == 1);
    CHECK(round["heartbeat"].contains("lag"));
    CHECK(round["pull"]["changes"].size() == 1);
    CHECK(round["known"][0] == 1);
  }
}

}  // namespace syncline
