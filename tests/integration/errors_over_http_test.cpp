#include <string>

#include "support/edge_node.hpp"
#include "support/raw_socket.hpp"
#include "support/test_server.hpp"

namespace syncline {

using test::code_of;
using test::EdgeNode;
using test::json_of;
using test::TestClient;
using test::TestServer;

namespace {

const std::string tenant_path = "/v1/tenants/acme/";
const std::string absent_conflict = "conflicts/00000000-0000-4000-8000-000000000000";

/// Checks that `response` is a whole problem object of `code` and gives it.
nlohmann::json problem(const HttpResponse& response, const std::string& code, unsigned status) {
  CHECK_MESSAGE(response.status == status, response.body);
  CHECK(test::header_of(response, "Content-Type") == "application/problem+json");
  CHECK_FALSE(test::header_of(response, "X-Request-ID").empty());
  const auto body = json_of(response);
  CHECK(body["code"] == code);
  CHECK(body["status"] == status);
  CHECK_FALSE(body["type"].get<std::string>().empty());
  CHECK_FALSE(body["title"].get<std::string>().empty());
  CHECK_FALSE(body["detail"].get<std::string>().empty());
  return body;
}

/// The first refused change of a push that went through as a whole.
nlohmann::json refusal(const HttpResponse& response) {
  CHECK_MESSAGE(response.status == 200, response.body);
  const auto body = json_of(response);
  REQUIRE_MESSAGE(!body["rejected"].empty(), response.body);
  return body["rejected"][0];
}

}  // namespace

TEST_SUITE("errors over HTTP") {
  TEST_CASE("requests that cannot be understood") {
    TestServer server;
    server.add_tenant("acme");
    TestClient client(server);
    problem(client.get(tenant_path + "changes?limit=x"), "bad_request", 400);
    problem(client.post(tenant_path + "sync/push", "{"), "bad_request", 400);
    problem(client.put(tenant_path + "rows/t/1", "{"), "invalid_change", 400);
    problem(client.get("/v1/tenants/nobody/log"), "tenant_not_found", 404);
    problem(client.get(tenant_path + "rows/t/1"), "row_not_found", 404);
    problem(client.get(tenant_path + absent_conflict), "conflict_not_found", 404);
    problem(client.get("/v1/nothing"), "not_found", 404);
    const auto method = client.erase(tenant_path + "log");
    problem(method, "method_not_allowed", 405);
    CHECK(test::header_of(method, "Allow") == "GET, HEAD");
    problem(client.get("/healthz", {{"Accept", "image/png"}}), "protocol_unsupported", 406);
    problem(client.post("/v1/tenants", R"({"id":"acme","plan":"pro"})"), "tenant_exists", 409);
    problem(client.put(tenant_path + "rows/t/1", "1", {{"Content-Type", "image/png"}}),
            "unsupported_media_type", 415);
  }

  TEST_CASE("rows that are not as they were thought to be") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme", "unlimited", "causal");
    TestClient client(server);
    const std::string row = tenant_path + "rows/t/1";
    client.put(row, "1");
    const auto stale = problem(client.put(row, "2", {{"If-Match", "\"0000000000000000\""}}),
                               "precondition_failed", 412);
    CHECK(stale["row"]["data"] == 1);
    EdgeNode edge;
    edge.put("1", "3");
    client.post(tenant_path + "sync/register", edge.register_body());
    client.post(tenant_path + "sync/push", edge.push_body({1}));
    const auto open = problem(client.put(row, "2"), "conflict_open", 409);
    CHECK(open["heads"].size() == 2);
    const auto token = open["token"].get<std::string>();
    CHECK(client.put(row, "4", {{"If-Match", '"' + token + '"'}}).status == 200);
    const auto id = to_string(tenant.replica().conflicts().conflicts.at(0).id);
    const auto settled =
        problem(client.post(tenant_path + "conflicts/" + id + "/resolve", R"({"pick":"local"})"),
                "conflict_resolved", 409);
    CHECK(settled["report"]["id"] == id);
  }

  TEST_CASE("replicas that are not what they were thought to be") {
    TestServer server;
    server.add_tenant("acme");
    TestClient client(server);
    EdgeNode edge;
    for (int i = 0; i < 3; ++i) edge.put("1", std::to_string(i));
    problem(client.post(tenant_path + "sync/push", edge.push_body({1})), "peer_stale", 410);
    problem(client.post(tenant_path + "sync/register",
                        R"({"protocol":[99],"clock":{},"node_id":")" + edge.id() + "\"}"),
            "protocol_unsupported", 406);
    client.post(tenant_path + "sync/register", edge.register_body());
    const auto gap = refusal(client.post(tenant_path + "sync/push", edge.push_body({2})));
    CHECK(gap["code"] == "sequence_gap");
    CHECK(gap["expected_seq"] == 1);
    client.post(tenant_path + "sync/push", edge.push_body({1, 2, 3}));
    problem(client.post(tenant_path + "sync/register",
                        R"({"protocol":[1],"clock":{},"node_id":")" + edge.id() + "\"}"),
            "replica_rewound", 409);
    std::string forged = edge.push_body({1});
    forged.replace(forged.find("\"data\":0"), 8, "\"data\":9");
    CHECK(refusal(client.post(tenant_path + "sync/push", forged))["code"] == "dot_mismatch");
    std::string malformed = edge.push_body({1});
    malformed.replace(malformed.find("insert"), 6, "upsert");
    CHECK(refusal(client.post(tenant_path + "sync/push", malformed))["code"] == "invalid_change");
    EdgeNode fast(600'000'000);
    fast.put("2", "1");
    client.post(tenant_path + "sync/register", fast.register_body());
    const auto drift = refusal(client.post(tenant_path + "sync/push", fast.push_body({1})));
    CHECK(drift["code"] == "clock_drift");
    CHECK(drift.contains("time"));
  }

  TEST_CASE("a cursor of another log") {
    TestServer server;
    server.add_tenant("acme");
    server.add_tenant("other");
    TestClient client(server);
    client.put(tenant_path + "rows/t/1", "1");
    const auto cursor = json_of(client.get(tenant_path + "changes"))["cursor"].get<std::string>();
    const auto reset =
        problem(client.get("/v1/tenants/other/changes?since=" + cursor), "log_reset", 410);
    CHECK(reset.contains("log_id"));
  }

  TEST_CASE("what is too large") {
    TenantManager::Options limits;
    limits.max_change_bytes = 1000;
    limits.max_body_bytes = 2000;
    limits.max_batch_changes = 3;
    TestServer server({}, limits);
    server.add_tenant("acme");
    TestClient client(server);
    const auto change = problem(
        client.put(tenant_path + "rows/t/1", '"' + std::string(1500, 'x') + '"'), "too_large", 413);
    CHECK(change["limit"] == 1000);
    problem(client.put(tenant_path + "rows/t/1", std::string(500'000, 'x')), "too_large", 413);
    const std::string one = R"({"operation":"put","table":"t","row_id":"1","data":1})";
    const auto many =
        problem(client.post(tenant_path + "transactions",
                            R"({"changes":[)" + one + "," + one + "," + one + "," + one + "]}"),
                "too_large", 413);
    CHECK(many["limit"] == 3);
    CHECK(client.put(tenant_path + "rows/t/1", "1").status == 201);
  }

  TEST_CASE("what a plan does not allow") {
    ManualClock clock(1'700'000'000'000'000);
    Server::Options options;
    options.clock = &clock;
    TestServer server(options);
    server.add_tenant("acme", "free");
    Tenant& full = server.add_tenant("full", "starter");
    TestClient client(server);
    const auto disabled =
        problem(client.put(tenant_path + "rows/t/1", "1"), "change_log_disabled", 403);
    CHECK(disabled["plan"] == "free");
    for (int i = 1; i < 10; ++i) CHECK(client.get(tenant_path + "log").status == 200);
    const auto limited = client.get(tenant_path + "log");
    problem(limited, "rate_limited", 429);
    CHECK(test::header_of(limited, "Retry-After") == "1");
    clock.advance_us(1'000'000);
    CHECK(client.get(tenant_path + "log").status == 200);
    std::vector<std::unique_ptr<TestClient>> others;
    for (int i = 1; i < 5; ++i) {
      others.push_back(std::make_unique<TestClient>(server));
      CHECK(others.back()->get(tenant_path + "log").status == 200);
    }
    TestClient sixth(server);
    const auto refused = sixth.get(tenant_path + "log");
    problem(refused, "rate_limited", 429);
    CHECK_FALSE(test::header_of(refused, "Retry-After").empty());
    full.replica().set_plan_limits(300, "");
    CHECK(client.put("/v1/tenants/full/rows/t/1", "1").status == 201);
    const auto quota =
        problem(client.put("/v1/tenants/full/rows/t/2", '"' + std::string(400, 'x') + '"'),
                "quota_exceeded", 507);
    CHECK(quota["limit"] == 300);
    CHECK(client.get("/v1/tenants/full/rows/t/1").status == 200);
  }

  TEST_CASE("bytes that are no HTTP end their own connection only") {
    TestServer server;
    server.add_tenant("acme");
    TestClient client(server);
    std::string garbage;
    unsigned state = 12345;
    for (int round = 0; round < 100; ++round) {
      test::RawSocket socket(server.server().port());
      garbage.clear();
      for (int i = 0; i < 300; ++i) {
        state = state * 1'664'525U + 1'013'904'223U;
        garbage.push_back(static_cast<char>(state >> 24));
      }
      socket.send(garbage + "\r\n\r\n");
      const std::string answer = socket.receive_all();
      CHECK((answer.empty() || answer.starts_with("HTTP/1.1 4")));
    }
    CHECK(client.get("/healthz").status == 200);
  }
}

}  // namespace syncline
