// Peers, consumers and the log as those who run a server see them.
#include "unit/api/api_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

constexpr const char* phone = "11111111-2222-4333-8444-555555555555";
constexpr int changes = 9000;

void write_many(ApiFixture& api) {
  for (int i = 0; i < changes; ++i) {
    REQUIRE(api.replica().put("t", std::to_string(i % 10), Payload::json(std::to_string(i))));
  }
}

void register_phone(ApiFixture& api, const std::string& clock = "{}") {
  const auto answer =
      api.post("sync/register", std::string(R"({"node_id":")") + phone +
                                    R"(","protocol":[1],"name":"phone","role":"edge","clock":)" +
                                    clock + R"(,"tables":null})");
  REQUIRE(answer.status == 200);
}

std::string clock_up_to(ApiFixture& api, int seq) {
  return "{\"" + api.replica().node().to_string() + "\":" + std::to_string(seq) + "}";
}

void acknowledge(ApiFixture& api, int seq) {
  const auto answer =
      api.post("sync/heartbeat", std::string(R"({"node_id":")") + phone +
                                     R"(","cursor":null,"clock":)" + clock_up_to(api, seq) + "}");
  REQUIRE(answer.status == 200);
}

nlohmann::json phone_of(ApiFixture& api) {
  const auto answer = api.get(std::string("peers/") + phone);
  REQUIRE(answer.status == 200);
  return json_of(answer);
}

}  // namespace

TEST_CASE("a peer is shown with how it stands and what it holds back") {
  ApiFixture api;
  write_many(api);
  register_phone(api);
  acknowledge(api, 100);
  const auto peer = phone_of(api);
  CHECK(json_of(api.get("peers"))["peers"] == nlohmann::json::array({peer}));
  CHECK(peer["node_id"] == phone);
  CHECK(peer["name"] == "phone");
  CHECK(peer["state"] == "live");
  CHECK(peer["lag_changes"] == changes - 100);
  CHECK(peer["holds_back"] == nlohmann::json{{"lsn", 101}, {"changes", changes - 100}});
  CHECK(peer["holds_back_stable"] == true);
  CHECK(peer["acknowledged"][api.replica().node().to_string()] == 100);
  CHECK(peer["vouched"] == peer["acknowledged"]);
  CHECK(peer["skewed"] == false);
  CHECK(peer["lease_expires_at"] ==
        format_rfc3339(api.clock.now_us() + limits::default_lease_s * 1'000'000));
  acknowledge(api, changes);
  CHECK(phone_of(api)["holds_back"].is_null());
  CHECK(phone_of(api)["holds_back_stable"] == false);
  api.clock.advance_us(61'000'000);
  CHECK(phone_of(api)["away"] == true);
  CHECK(code_of(api.get("peers/22222222-2222-4333-8444-555555555555")) == "not_found");
  CHECK(code_of(api.get("peers/phone")) == "bad_request");
}

TEST_CASE("a forced trim marks who needed the log as stale, who then recovers") {
  ApiFixture api;
  write_many(api);
  register_phone(api);
  acknowledge(api, 100);
  const auto log = json_of(api.get("log"));
  REQUIRE(log["holders"].size() == 1);
  CHECK(log["holders"][0]["kind"] == "peer");
  CHECK(log["holders"][0]["id"] == phone);
  CHECK(log["holders"][0]["lsn"] == 101);
  CHECK(log["holders"][0]["changes"] == changes - 100);
  CHECK(code_of(api.post("log/trim", R"({"before_lsn":9000})")) == "precondition_failed");
  CHECK(api.post("log/trim", R"({"before_lsn":9000,"force":true})").status == 200);
  CHECK(phone_of(api)["state"] == "stale");
  CHECK(phone_of(api)["holds_back"].is_null());
  CHECK(json_of(api.get("log"))["holders"].empty());
  // With the snapshot it has everything.
  acknowledge(api, changes);
  CHECK(phone_of(api)["state"] == "live");
}

TEST_CASE("who is forgotten is expired until all know it, and refused") {
  ApiFixture api;
  write_many(api);
  register_phone(api);
  acknowledge(api, 100);
  const std::string tablet = "22222222-2222-4333-8444-555555555555";
  REQUIRE(api.post("sync/register",
                   R"({"node_id":")" + tablet + R"(","protocol":[1],"clock":{},"tables":null})")
              .status == 200);
  CHECK(api.erase(std::string("peers/") + phone).status == 204);
  CHECK(phone_of(api)["state"] == "expired");
  const std::string registration = std::string(R"({"node_id":")") + phone +
                                   R"(","protocol":[1],"clock":)" + clock_up_to(api, 100) +
                                   R"(,"tables":null})";
  const auto later = api.post("sync/register", registration);
  CHECK(code_of(later) == "unavailable");
  CHECK(later.headers.contains("Retry-After"));
  // Also who has never sent anything here: it may have passed on to others what it wrote.
  CHECK(api.erase(std::string("peers/") + tablet).status == 204);
  CHECK(json_of(api.get("peers/" + tablet))["state"] == "expired");
  const auto anew = api.post("sync/register", registration);
  CHECK(code_of(anew) == "peer_stale");
  CHECK(anew.status == 410);
  CHECK(json_of(anew)["expired"] == true);
  // Nobody has to hear of it any more.
  CHECK(api.erase(std::string("peers/") + tablet).status == 204);
  CHECK(code_of(api.erase("peers/" + tablet)) == "not_found");
}

TEST_CASE("a named consumer goes on where it was, and holds the log until it is forgotten") {
  ApiFixture api;
  write_many(api);
  const auto first = json_of(api.get("changes?consumer=search&limit=3000"));
  CHECK(first["changes"][0]["lsn"] == 1);
  // Not before it asks for more has it dealt with that.
  CHECK(json_of(api.get("consumers"))["consumers"][0]["lsn"] == 0);
  const std::string cursor = first["cursor"];
  const auto second = json_of(api.get("changes?consumer=search&limit=3000&since=" + cursor));
  CHECK(second["changes"][0]["lsn"] == 3001);
  const auto again = json_of(api.get("changes?consumer=search&limit=10"));
  CHECK(again["changes"][0]["lsn"] == 3001);
  const auto shown = json_of(api.get("consumers"))["consumers"][0];
  CHECK(shown["name"] == "search");
  CHECK(shown["state"] == "live");
  CHECK(shown["lag_changes"] == changes - 3000);
  CHECK(shown["holds_back"]["lsn"] == 3001);
  CHECK(json_of(api.get("log"))["consumers"][0] == shown);
  const auto refused = api.post("log/trim", R"({"before_lsn":9000})");
  CHECK(code_of(refused) == "precondition_failed");
  CHECK(json_of(refused)["detail"].get<std::string>().find("'search'") != std::string::npos);
  CHECK(json_of(refused)["needed_lsn"] == 3001);

  REQUIRE(api.post("log/trim", R"({"before_lsn":9000,"force":true})").status == 200);
  CHECK(json_of(api.get("consumers"))["consumers"][0]["state"] == "stale");
  CHECK(code_of(api.get("changes?consumer=search")) == "cursor_trimmed");
  CHECK(api.get("changes?consumer=search&since=beginning").status == 200);
  CHECK(json_of(api.get("consumers"))["consumers"][0]["state"] == "live");
  CHECK(api.erase("consumers/search").status == 204);
  CHECK(json_of(api.get("consumers"))["consumers"].empty());
  CHECK(code_of(api.erase("consumers/search")) == "not_found");
  CHECK(code_of(api.get("changes?consumer=a%20b")) == "bad_request");
  // A request that is refused moves nobody.
  CHECK(code_of(api.get("changes?consumer=search&limit=0")) == "bad_request");
  CHECK(json_of(api.get("consumers"))["consumers"].empty());
}

TEST_CASE("a snapshot that is being read is shown and holds the log") {
  ApiFixture api;
  write_many(api);
  REQUIRE(api.get("sync/snapshot?limit=5").status == 200);
  const auto log = json_of(api.get("log"));
  REQUIRE(log["snapshot_readers"].size() == 1);
  CHECK(log["snapshot_readers"][0]["lsn"] == changes);
  CHECK(log["snapshot_readers"][0]["node_id"].is_null());
  CHECK(log["holders"].empty());  // it needs nothing that there is
}

TEST_CASE("the home, the lease and how far consumers may lag are settings") {
  ApiFixture api;
  const auto shown = [&] { return json_of(api.get("/v1/tenants/acme"))["settings"]; };
  CHECK(shown()["home"] == "self");
  CHECK(shown()["lease_s"] == limits::default_lease_s);
  CHECK(shown()["consumer_max_lag"].is_null());
  const auto set = [&](const std::string& settings) {
    return api.patch("/v1/tenants/acme", "{\"settings\":" + settings + "}");
  };
  CHECK(
      set(std::string(R"({"home":")") + phone + R"(","lease_s":60,"consumer_max_lag":5})").status ==
      200);
  CHECK(shown()["home"] == phone);
  CHECK(shown()["lease_s"] == 60);
  CHECK(shown()["consumer_max_lag"] == 5);
  CHECK(set(R"({"home":null,"consumer_max_lag":null})").status == 200);
  CHECK(shown()["home"].is_null());
  CHECK(shown()["lease_s"] == 60);
  const auto version = shown()["version"];
  for (const char* wrong :
       {R"({"home":"me"})", R"({"home":3})", R"({"lease_s":59})", R"({"lease_s":"60"})",
        R"({"lease_s":999999999999})", R"({"consumer_max_lag":0})",
        R"({"home":"00000000-0000-0000-0000-000000000000"})"}) {
    CAPTURE(wrong);
    CHECK(code_of(set(wrong)) == "bad_request");
  }
  CHECK(shown()["version"] == version);
  register_phone(api);
  CHECK(set(R"({"home":"self"})").status == 200);
  const auto registered =
      api.post("sync/register", std::string(R"({"node_id":")") + phone +
                                    R"(","protocol":[1],"clock":{},"tables":null})");
  CHECK(json_of(registered)["settings"]["home"] == api.replica().node().to_string());
  CHECK(json_of(registered)["lease_s"] == 60);
}

TEST_CASE("the server says what is stable, and ends leases, by itself") {
  ApiFixture api;
  REQUIRE(api.replica().put("t", "a", Payload::json("1")));
  api.api.maintain();
  CHECK(json_of(api.get("log"))["stable"]["number"] == 0);
  api.clock.advance_us(60'000'000);
  api.api.maintain();
  const auto stable = json_of(api.get("log"))["stable"];
  CHECK(stable["number"] == 1);
  CHECK(stable["clock"][api.replica().node().to_string()] == 1);
  register_phone(api, clock_up_to(api, 1));
  acknowledge(api, 1);
  api.clock.advance_us((limits::default_lease_s + 1) * 1'000'000);
  api.api.maintain();
  CHECK(phone_of(api)["state"] == "expired");
}
