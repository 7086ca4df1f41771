#include "api_fixture.hpp"

namespace syncline {

using test::ApiFixture;
using test::code_of;
using test::json_of;

namespace {

const NodeId elsewhere = *NodeId::parse("6f1d0000-0000-4000-8000-000000000001");

void fill(ApiFixture& api) {
  api.put("rows/a/1", "1");
  api.put("rows/b/1", "2");
  api.put("rows/a/1", "3");
  api.erase("rows/a/1");
}

}  // namespace

TEST_SUITE("changes") {
  TEST_CASE("a consumer reads on by its cursor") {
    ApiFixture api;
    fill(api);
    const auto first = json_of(api.get("changes?limit=3"));
    CHECK(first["changes"].size() == 3);
    CHECK(first["has_more"] == true);
    CHECK(first["lsn"] == 4);
    CHECK(first["oldest_lsn"] == 1);
    CHECK(first["changes"][0].contains("received_at"));
    const auto rest = json_of(api.get("changes?since=" + first["cursor"].get<std::string>()));
    REQUIRE(rest["changes"].size() == 1);
    CHECK(rest["changes"][0]["operation"] == "delete");
    CHECK(rest["has_more"] == false);
    CHECK(json_of(api.get("changes?since=now"))["changes"].empty());
    CHECK(json_of(api.get("changes?since=lsn:2"))["changes"][0]["lsn"] == 3);
    CHECK(json_of(api.get("changes?since=time:2020-01-01T00:00:00Z"))["changes"].size() == 4);
    CHECK(json_of(api.get("changes?since=time:2099-01-01T00:00:00Z"))["changes"].empty());
  }

  TEST_CASE("filters choose, and one that lets nothing through moves the cursor") {
    ApiFixture api;
    fill(api);
    CHECK(json_of(api.get("changes?tables=a"))["changes"].size() == 3);
    CHECK(json_of(api.get("changes?exclude_tables=a"))["changes"].size() == 1);
    CHECK(json_of(api.get("changes?operations=update,delete"))["changes"].size() == 2);
    CHECK(json_of(api.get("changes?tables=a&row_id=1"))["changes"].size() == 3);
    CHECK(json_of(api.get("changes?origins=" + elsewhere.to_string()))["changes"].empty());
    const auto nothing = json_of(api.get("changes?tables=none"));
    CHECK(nothing["changes"].empty());
    CHECK(json_of(api.get("changes?since=" + nothing["cursor"].get<std::string>()))["changes"]
              .empty());
  }

  TEST_CASE("a page ends at the size of its before images as well") {
    ApiFixture api;
    const std::string large = '"' + std::string(900'000, 'x') + '"';
    for (int i = 0; i < 12; ++i) {
      // Small changes, each with a large image before it.
      api.put("rows/a/" + std::to_string(i), large);
      api.put("rows/a/" + std::to_string(i), "1");
    }
    std::size_t pages = 0;
    std::size_t changes = 0;
    std::string since = "beginning";
    for (bool more = true; more; ++pages) {
      const auto response = api.get("changes?include=before&operations=update&since=" + since);
      CHECK(response.body.size() < 10'000'000);
      const auto page = json_of(response);
      changes += page["changes"].size();
      since = page["cursor"].get<std::string>();
      more = page["has_more"].get<bool>();
    }
    CHECK(pages > 1);
    CHECK(changes == 12);
  }

  TEST_CASE("before images and conflicts are shown on request") {
    ApiFixture api;
    fill(api);
    auto changes = json_of(api.get("changes?include=before"))["changes"];
    CHECK(changes[2]["before"] == 1);
    CHECK(changes[3]["before"] == 3);
    CHECK_FALSE(json_of(api.get("changes"))["changes"][2].contains("before"));
    api.write_elsewhere(elsewhere, 1, "x", "1");
    api.put("rows/t/y", "1");
    api.write_elsewhere(elsewhere, 2, "y", "2");
    changes = json_of(api.get("changes?tables=t&include=conflicts,before"))["changes"];
    REQUIRE(changes.size() == 3);
    CHECK(changes[0]["conflicts"].empty());
    REQUIRE(changes[1]["conflicts"].size() == 1);
    CHECK(changes[1]["conflicts"] == changes[2]["conflicts"]);
    CHECK(changes[2]["conflicts"][0]["kind"] == "insert_insert");
  }

  TEST_CASE("MessagePack carries the records, with lists beside them") {
    ApiFixture api;
    fill(api);
    const auto packed = api.get("changes?include=before", {{"Accept", "application/msgpack"}});
    CHECK(packed.headers.at("Content-Type") == "application/msgpack");
    const auto body = nlohmann::json::from_msgpack(packed.body);
    CHECK(body["changes"].size() == 4);
    CHECK(body["changes"][0].size() == 13);
    CHECK(body["lsns"] == nlohmann::json({1, 2, 3, 4}));
    CHECK(body["received_at"].size() == 4);
    CHECK(body["before"][0].is_null());
    CHECK(body["before"][2]["format"] == "json");
  }

  TEST_CASE("a long poll waits, goes on where it was, and ends with a moved cursor") {
    ApiFixture api;
    fill(api);
    auto reply =
        api.ask({"GET", "/v1/tenants/acme/changes?tables=z&feed=longpoll&wait_ms=5000", {}, {}});
    REQUIRE(std::holds_alternative<api::Wait>(reply));
    auto wait = std::get<api::Wait>(std::move(reply));
    CHECK(wait.seen == 4);
    CHECK(wait.timeout == std::chrono::milliseconds(5000));
    api.put("rows/b/1", "5");
    reply = wait.resume(false);
    REQUIRE(std::holds_alternative<api::Wait>(reply));
    wait = std::get<api::Wait>(std::move(reply));
    CHECK(wait.seen == 5);
    auto last = wait.resume(true);
    REQUIRE(std::holds_alternative<HttpResponse>(last));
    const auto body = json_of(std::get<HttpResponse>(last));
    CHECK(body["changes"].empty());
    api.put("rows/z/1", "6");
    const auto woken = std::get<HttpResponse>(wait.resume(false));
    CHECK(json_of(woken)["changes"].size() == 1);
    CHECK(
        json_of(api.get("changes?since=" + body["cursor"].get<std::string>()))["changes"].size() ==
        1);
  }

  TEST_CASE("what is wrong in a query is named") {
    ApiFixture api;
    const auto wrong = [&](const std::string& query, const std::string& parameter) {
      const auto response = api.get("changes?" + query);
      CHECK_MESSAGE(code_of(response) == "bad_request", query);
      CHECK_MESSAGE(
          json_of(response)["detail"].get<std::string>().find(parameter) != std::string::npos,
          response.body);
    };
    wrong("limit=0", "limit");
    wrong("limit=100000000", "limit");
    wrong("operations=upsert", "operations");
    wrong("operations=stable", "operations");
    wrong("origins=me", "origins");
    wrong("include=after", "include");
    wrong("feed=push", "longpoll");
    wrong("feed=poll&wait_ms=5", "wait_ms");
    wrong("wait_ms=60001", "wait_ms");
    wrong("row_id=1", "row_id");
    wrong("tabels=a", "tabels");
    wrong("since=yesterday", "beginning");
    wrong("payload=hex", "payload");
  }

  TEST_CASE("a cursor of another log is told apart") {
    ApiFixture first;
    ApiFixture second;
    fill(first);
    fill(second);
    const auto cursor = json_of(first.get("changes"))["cursor"].get<std::string>();
    const auto response = second.get("changes?since=" + cursor);
    CHECK(response.status == 410);
    CHECK(code_of(response) == "log_reset");
    CHECK(json_of(response)["log_id"] == second.replica().log_id().to_string());
  }
}

}  // namespace syncline
