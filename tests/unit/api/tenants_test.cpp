#include "api_fixture.hpp"

namespace syncline {

using test::ApiFixture;
using test::code_of;
using test::json_of;

TEST_SUITE("tenant resources") {
  TEST_CASE("tenants are created, listed, changed and deleted") {
    ApiFixture api;
    const auto created = api.post("/v1/tenants", R"({"id":"b1","plan":"starter",
        "settings":{"policies":{"default":"causal","tables":{"x":"lww"}}}})");
    CHECK(created.status == 201);
    CHECK(created.headers.at("Location") == "/v1/tenants/b1");
    CHECK(json_of(created)["settings"]["policies"]["tables"]["x"] == "lww");
    CHECK(code_of(api.post("/v1/tenants", R"({"id":"b1","plan":"pro"})")) == "tenant_exists");
    CHECK(code_of(api.post("/v1/tenants", R"({"id":"B!","plan":"pro"})")) == "bad_request");
    CHECK(code_of(api.post("/v1/tenants", R"({"id":"c","plan":"golden"})")) == "bad_request");
    CHECK(code_of(api.post("/v1/tenants",
                           R"({"id":"c","plan":"pro","settings":{"policies":{"default":"x"}}})")) ==
          "bad_request");
    const auto page = json_of(api.get("/v1/tenants?limit=1"));
    CHECK(page["tenants"][0]["id"] == "acme");
    CHECK(json_of(api.get("/v1/tenants?page=" + page["next_page"].get<std::string>()))["tenants"]
              .size() == 1);
    const auto changed = api.patch("/v1/tenants/b1", R"({"plan":"pro",
        "settings":{"policies":{"tables":{"x":null,"y":"lww"}},"max_clock_drift_ms":5}})");
    CHECK(changed.status == 200);
    const auto body = json_of(changed);
    CHECK(body["plan"] == "pro");
    CHECK(body["settings"]["version"] == 2);
    CHECK(body["settings"]["max_clock_drift_ms"] == 5);
    CHECK(body["settings"]["policies"]["default"] == "causal");
    CHECK(body["settings"]["policies"]["tables"] == nlohmann::json{{"y", "lww"}});
    CHECK(code_of(api.patch("/v1/tenants/b1", R"({"plan":"golden","settings":{}})")) ==
          "bad_request");
    CHECK(json_of(api.get("/v1/tenants/b1"))["settings"]["version"] == 2);
    CHECK(api.erase("/v1/tenants/b1").status == 204);
    CHECK(code_of(api.get("/v1/tenants/b1")) == "tenant_not_found");
  }

  TEST_CASE("settings that stay as they are count no version up") {
    ApiFixture api;
    const std::string same = R"({"settings":{"policies":{"default":"lww","tables":{"x":null}}}})";
    for (const std::string& nothing :
         {std::string(R"({"settings":{}})"), std::string(R"({"settings":null})"), same}) {
      const auto response = api.patch("/v1/tenants/acme", nothing);
      CHECK(response.status == 200);
      CHECK(json_of(response)["settings"]["version"] == 1);
    }
    const auto changed = api.patch("/v1/tenants/acme", R"({"settings":{"max_clock_drift_ms":1}})");
    CHECK(json_of(changed)["settings"]["version"] == 2);
  }

  TEST_CASE("a tenant needs an id and a plan") {
    ApiFixture api;
    const auto no_id = api.post("/v1/tenants", R"({"plan":"pro"})");
    CHECK(code_of(no_id) == "bad_request");
    CHECK(json_of(no_id)["member"] == "id");
    CHECK(no_id.body.find("is missing") != std::string::npos);
    const auto no_plan = api.post("/v1/tenants", R"({"id":"b","plan":null})");
    CHECK(code_of(no_plan) == "bad_request");
    CHECK(json_of(no_plan)["member"] == "plan");
    CHECK(json_of(no_plan)["detail"] ==
          "The member \"plan\" is missing; there are: free, starter, pro, enterprise, unlimited.");
  }

  TEST_CASE("wrong members are named") {
    ApiFixture api;
    for (const std::string wrong :
         {R"({"settings":5})", R"({"settings":{"policies":5}})",
          R"({"settings":{"policies":{"default":5}}})", R"({"settings":{"policies":{"tables":5}}})",
          R"({"settings":{"policies":{"tables":{"x":5}}}})",
          R"({"settings":{"policies":{"tables":{"":"lww"}}}})",
          R"({"settings":{"max_clock_drift_ms":-1}})", R"({"plan":5})"}) {
      const auto response = api.patch("/v1/tenants/acme", wrong);
      CHECK_MESSAGE(code_of(response) == "bad_request", wrong);
      CHECK(json_of(response).contains("member"));
    }
  }

  TEST_CASE("tenants see nothing of each other") {
    ApiFixture api;
    REQUIRE(api.tenants.create("other", "unlimited"));
    api.put("rows/t/1", "1");
    CHECK(api.get("/v1/tenants/other/rows/t/1").status == 404);
    CHECK(json_of(api.get("/v1/tenants/other/changes"))["changes"].empty());
    CHECK(json_of(api.get("/v1/tenants/other/log"))["changes"] == 0);
    CHECK(code_of(api.get("/v1/tenants/nobody/rows/t/1")) == "tenant_not_found");
  }

  TEST_CASE("plans, usage, peers and the log are shown") {
    ApiFixture api("lww", "pro");
    api.put("rows/t/1", "1");
    api.put("rows/t/2", "1");
    api.erase("rows/t/2");
    const auto plans = json_of(api.get("/v1/plans"))["plans"];
    CHECK(plans.size() == 5);
    CHECK(plans[4]["storage_bytes"].is_null());
    api.connection = 7;
    api.get("rows/t/1");
    const auto usage = json_of(api.get("usage"));
    CHECK(usage["connections"] == 1);
    CHECK(usage["plan"]["name"] == "pro");
    CHECK(usage["storage_bytes"] > 0);
    const auto log = json_of(api.get("log"));
    CHECK(log["lsn"] == 3);
    CHECK(log["rows"] == 1);
    CHECK(log["tombstones"] == 1);
    CHECK(log["enabled"] == true);
    CHECK(log["log_id"] == api.replica().log_id().to_string());
    const std::string node = "6f1d0000-0000-4000-8000-000000000001";
    const auto registered = api.post(
        "sync/register",
        R"({"protocol":[1],"role":"edge","name":"phone","clock":{},"node_id":")" + node + "\"}");
    CHECK(registered.status == 200);
    const auto peers = json_of(api.get("peers"))["peers"];
    REQUIRE(peers.size() == 1);
    CHECK(peers[0]["name"] == "phone");
    CHECK(peers[0]["lag_changes"] == 3);
    CHECK(peers[0]["away"] == false);
  }

  TEST_CASE("health, and readiness until the server stops") {
    ApiFixture api;
    CHECK(api.get("/healthz").status == 200);
    CHECK(api.get("/readyz").status == 200);
    api.stopping = true;
    CHECK(api.get("/healthz").status == 200);
    const auto stopping = api.get("/readyz");
    CHECK(stopping.status == 503);
    CHECK(stopping.headers.contains("Retry-After"));
  }

  TEST_CASE("unknown paths, methods and formats") {
    ApiFixture api;
    CHECK(code_of(api.get("/v2/x")) == "not_found");
    const auto wrong_method = api.send({"POST", "/healthz", {}, {}});
    CHECK(code_of(wrong_method) == "method_not_allowed");
    CHECK(wrong_method.headers.at("Allow") == "GET, HEAD");
    const auto wrong_accept = api.get("/healthz", {{"Accept", "text/html"}});
    CHECK(wrong_accept.status == 406);
    CHECK(json_of(wrong_accept)["supported"] ==
          nlohmann::json{"application/json", "application/msgpack"});
    CHECK(api.get("http://host:80/v1/tenants?limit=1").status == 200);
    CHECK(code_of(api.get("http://host")) == "not_found");
  }

  TEST_CASE("a plan's limits are kept") {
    ApiFixture api("lww", "free");
    CHECK(code_of(api.put("rows/t/1", "1")) == "change_log_disabled");
    CHECK(json_of(api.put("rows/t/1", "1"))["plan"] == "free");
    std::size_t served = 2;
    HttpResponse last;
    while ((last = api.get("rows/t/1")).status == 404) ++served;
    CHECK(served == 10);
    CHECK(code_of(last) == "rate_limited");
    CHECK(last.headers.at("Retry-After") == "1");
    api.clock.advance_us(1'000'000);
    CHECK(api.get("rows/t/1").status == 404);
    for (api.connection = 1; api.connection <= 5; ++api.connection) {
      CHECK(api.get("rows/t/1").status == 404);
    }
    CHECK(code_of(api.get("rows/t/1")) == "rate_limited");
    api.api.connection_closed(1);
    CHECK(api.get("rows/t/1").status == 404);
    // Whoever runs the server can always look, and lift the limits.
    CHECK(api.patch("/v1/tenants/acme", R"({"plan":"unlimited"})").status == 200);
    CHECK(api.put("rows/t/1", "1").status == 201);
  }
}

}  // namespace syncline
