#include "support/edge_node.hpp"
#include "support/test_server.hpp"

namespace syncline {

using test::EdgeNode;
using test::json_of;
using test::TestClient;
using test::TestServer;

namespace {

const std::string tenant_path = "/v1/tenants/acme/";
const Headers packed{{"Accept", "application/msgpack"}};

}  // namespace

TEST_SUITE("formats over HTTP") {
  TEST_CASE("what carries no changes is the same document in JSON and MessagePack") {
    TestServer server;
    server.add_tenant("acme");
    TestClient client(server);
    client.put(tenant_path + "rows/t/1", "1");
    for (const std::string target :
         {"/healthz", "/readyz", "/v1/plans", "/v1/tenants", "/v1/tenants/acme",
          "/v1/tenants/acme/peers", "/v1/tenants/acme/log", "/v1/tenants/acme/conflicts",
          "/v1/tenants/acme/conflicts/stats"}) {
      const auto json = client.get(target);
      const auto msgpack = client.get(target, packed);
      CHECK(test::header_of(json, "Content-Type") == "application/json");
      CHECK(test::header_of(msgpack, "Content-Type") == "application/msgpack");
      CHECK_MESSAGE(json_of(json) == nlohmann::json::from_msgpack(msgpack.body), target);
    }
  }

  TEST_CASE("changes are the same in both, byte by byte") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    TestClient client(server);
    client.put(tenant_path + "rows/t/1", "{\"b\" : 1.50, \"a\":[ ]}");
    client.put(tenant_path + "rows/t/2", "raw", {{"Content-Type", "application/octet-stream"}});
    const auto json = json_of(client.get(tenant_path + "changes"));
    const auto msgpack =
        nlohmann::json::from_msgpack(client.get(tenant_path + "changes", packed).body);
    CHECK(json["cursor"] == msgpack["cursor"]);
    const LogReader reader = tenant.replica().log();
    for (Lsn lsn = 1; lsn <= 2; ++lsn) {
      const auto record = reader.at(lsn).change.record;
      const std::vector<std::uint8_t> stored(record.begin(), record.end());
      CHECK(nlohmann::json::to_msgpack(msgpack["changes"][lsn - 1]) == stored);
      const auto change = change_from_json(json["changes"][lsn - 1].dump());
      REQUIRE(change);
      CHECK(change->dot == reader.at(lsn).change.dot);
    }
    const auto text = client.get(tenant_path + "changes").body;
    CHECK(text.find("{\"b\" : 1.50, \"a\":[ ]}") != std::string::npos);
  }

  TEST_CASE("a push in either format leaves the same") {
    TestServer server;
    Tenant& one = server.add_tenant("acme");
    Tenant& two = server.add_tenant("other");
    EdgeNode edge;
    for (int i = 0; i < 20; ++i) edge.put(std::to_string(i % 7), std::to_string(i));
    auto transport = server.connect();
    SyncClient::Options options;
    options.tenant = "acme";
    options.json = true;
    REQUIRE(SyncClient(edge.replica(), *transport, options).sync());
    options.tenant = "other";
    options.json = false;
    REQUIRE(SyncClient(edge.replica(), *transport, options).sync());
    CHECK(one.replica().visible_checksum() == edge.replica().visible_checksum());
    CHECK(two.replica().visible_checksum() == edge.replica().visible_checksum());
    CHECK(one.replica().origin(edge.replica().node()).chain ==
          two.replica().origin(edge.replica().node()).chain);
  }

  TEST_CASE("the same key repeats the first answer over any connection") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    TestClient first(server);
    TestClient second(server);
    const Headers key{{"Idempotency-Key", "6b1c"}};
    const std::string body =
        R"({"changes":[{"operation":"put","table":"t","row_id":"1","data":1}]})";
    const auto answer = first.post(tenant_path + "transactions", body, key);
    const auto repeat = second.post(tenant_path + "transactions", body, key);
    CHECK(answer.status == 200);
    CHECK(repeat.body == answer.body);
    CHECK(tenant.replica().statistics().changes == 1);
    CHECK(test::code_of(second.post(tenant_path + "transactions", body + " ", key)) ==
          "bad_request");
  }
}

}  // namespace syncline
