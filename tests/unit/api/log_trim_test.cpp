#include "unit/api/api_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

constexpr int changes = 10'000;

/// Ten thousand changes of ten rows, one a second.
void write_many(ApiFixture& api) {
  for (int i = 0; i < changes; ++i) {
    REQUIRE(api.replica().put("t", std::to_string(i % 10), Payload::json(std::to_string(i))));
    api.clock.advance_us(1'000'000);
  }
}

constexpr const char* phone = "11111111-2222-4333-8444-555555555555";

const std::string node_member = std::string(R"("node_id":")") + phone + '"';

void register_phone(ApiFixture& api) {
  REQUIRE(api.post("sync/register", "{" + node_member +
                                        R"(,"protocol":[1],"name":"phone","role":"edge",)"
                                        R"("clock":{},"tables":null})")
              .status == 200);
}

/// It has everything that the server wrote up to `seq`.
void acknowledge(ApiFixture& api, int seq) {
  const std::string self = api.replica().node().to_string();
  REQUIRE(api.post("sync/heartbeat", "{" + node_member + R"(,"cursor":null,"clock":{")" + self +
                                         "\":" + std::to_string(seq) + "}}")
              .status == 200);
}

}  // namespace

TEST_CASE("a trim drops what rows do not need, and an old cursor is told") {
  ApiFixture api;
  write_many(api);
  const std::string old_cursor = json_of(api.get("changes?since=beginning&limit=1"))["cursor"];
  const std::string good_cursor = json_of(api.get("changes?since=lsn:9000&limit=1"))["cursor"];
  const HttpResponse trimmed = api.post("log/trim", R"({"before_lsn":9000})");
  REQUIRE(trimmed.status == 200);
  const Lsn oldest = json_of(trimmed)["oldest_lsn"];
  CHECK(oldest > 1);
  CHECK(oldest <= 9000);
  CHECK(json_of(api.get("log"))["oldest_lsn"] == oldest);
  CHECK(code_of(api.get("changes?since=" + old_cursor)) == "cursor_trimmed");
  CHECK(api.get("changes?since=" + good_cursor).status == 200);
  for (int row = 0; row < 10; ++row) {
    CHECK(json_of(api.get("rows/t/" + std::to_string(row)))["data"] == changes - 10 + row);
  }
  // Before what there is: nothing to do.
  CHECK(json_of(api.post("log/trim", R"({"before_lsn":1})"))["oldest_lsn"] == oldest);
}

TEST_CASE("a replica that has not acknowledged holds a trim back, unless it is forced") {
  ApiFixture api;
  write_many(api);
  register_phone(api);
  acknowledge(api, 5000);
  const HttpResponse refused = api.post("log/trim", R"({"before_lsn":9000})");
  CHECK(code_of(refused) == "precondition_failed");
  CHECK(json_of(refused)["needed_lsn"] == 5001);
  CHECK(json_of(refused)["detail"].get<std::string>().find("phone") != std::string::npos);
  CHECK(json_of(api.get("log"))["oldest_lsn"] == 1);
  const Lsn allowed = json_of(api.post("log/trim", R"({"before_lsn":5001})"))["oldest_lsn"];
  CHECK(allowed > 1);
  CHECK(json_of(api.post("log/trim", R"({"before_lsn":9000,"force":true})"))["oldest_lsn"] >
        allowed);
}

TEST_CASE("a trim that makes no sense is refused") {
  ApiFixture api;
  CHECK(code_of(api.post("log/trim", "{}")) == "bad_request");
  CHECK(code_of(api.post("log/trim", R"({"before_lsn":"9"})")) == "bad_request");
  CHECK(code_of(api.post("log/trim", R"({"before_lsn":3})")) == "bad_request");
  CHECK(code_of(api.post("log/trim", R"({"before_lsn":1,"force":"yes"})")) == "bad_request");
}

TEST_CASE("retention is a setting, is shown, and is enforced by age, count and size") {
  for (const char* retention :
       {R"({"max_age_s":2000})", R"({"max_changes":2000})", R"({"max_bytes":150000})"}) {
    CAPTURE(retention);
    ApiFixture api;
    write_many(api);
    const HttpResponse set = api.patch(
        "/v1/tenants/acme", std::string(R"({"settings":{"retention":)") + retention + "}}");
    REQUIRE(set.status == 200);
    const auto wanted = nlohmann::json::parse(retention);
    for (const auto& [name, value] : wanted.items()) {
      CHECK(json_of(set)["settings"]["retention"][name] == value);
      CHECK(json_of(api.get("log"))["retention"][name] == value);
    }
    api.api.maintain();
    const Lsn oldest = json_of(api.get("log"))["oldest_lsn"];
    CHECK(oldest > 3000);
    CHECK(oldest <= 8001);
    CHECK(api.patch("/v1/tenants/acme", R"({"settings":{"retention":null}})").status == 200);
    CHECK(json_of(api.get("log"))["retention"].is_null());
  }
}

TEST_CASE("retention waits for replicas that have not acknowledged") {
  ApiFixture api;
  write_many(api);
  register_phone(api);
  acknowledge(api, 100);
  REQUIRE(
      api.patch("/v1/tenants/acme", R"({"settings":{"retention":{"max_changes":10}}})").status ==
      200);
  api.api.maintain();
  CHECK(json_of(api.get("log"))["oldest_lsn"] == 1);
  acknowledge(api, 9000);
  api.api.maintain();
  CHECK(json_of(api.get("log"))["oldest_lsn"] > 4000);
}

TEST_CASE("a retention that makes no sense is refused, and nothing is changed") {
  ApiFixture api;
  for (const char* retention : {"3", R"({"max_age_s":0})", R"({"max_age_s":"1d"})",
                                R"({"max_aeg_s":5})", R"({"max_changes":-1})"}) {
    CAPTURE(retention);
    const HttpResponse refused = api.patch(
        "/v1/tenants/acme", std::string(R"({"settings":{"retention":)") + retention + "}}");
    CHECK(code_of(refused) == "bad_request");
  }
  CHECK(json_of(api.get("/v1/tenants/acme"))["settings"]["version"] == 1);
}

TEST_CASE("a replica whose lease ran out holds nothing back") {
  ApiFixture api;
  register_phone(api);
  write_many(api);
  constexpr std::uint64_t day_us = std::uint64_t{24} * 3600 * 1'000'000;
  api.clock.advance_us(80 * day_us);
  CHECK(code_of(api.post("log/trim", R"({"before_lsn":9000})")) == "precondition_failed");
  api.clock.advance_us(11 * day_us);
  CHECK(api.post("log/trim", R"({"before_lsn":9000})").status == 200);
}
