#include "api_fixture.hpp"

namespace syncline {

using test::ApiFixture;
using test::code_of;
using test::json_of;

namespace {

const NodeId elsewhere = *NodeId::parse("6f1d0000-0000-4000-8000-000000000001");

/// Rows "0", "1", … each written here and elsewhere.
void collide(ApiFixture& api, int rows) {
  for (int i = 0; i < rows; ++i) {
    // So that what is written elsewhere is the later of the two.
    api.clock.advance_us(1'000'000);
    api.put("rows/t/" + std::to_string(i), "\"here\"");
    api.write_elsewhere(elsewhere, static_cast<Sequence>(i) + 1, std::to_string(i), "\"there\"");
  }
}

std::string first_id(ApiFixture& api) {
  return json_of(api.get("conflicts?limit=1"))["conflicts"][0]["id"];
}

}  // namespace

TEST_SUITE("conflict resources") {
  TEST_CASE("reports are listed, filtered and paged") {
    ApiFixture api;
    collide(api, 5);
    const auto all = json_of(api.get("conflicts"));
    REQUIRE(all["conflicts"].size() == 5);
    CHECK(all["next_page"].is_null());
    const auto& report = all["conflicts"][0];
    CHECK(report["kind"] == "insert_insert");
    CHECK(report["status"] == "resolved");
    CHECK(report["policy"] == "lww");
    CHECK(report["winner"] == "remote");
    CHECK(report["local"]["data"] == "here");
    CHECK_FALSE(report["reason"].get<std::string>().empty());
    const auto count = [&](const std::string& query) {
      return json_of(api.get("conflicts?" + query))["conflicts"].size();
    };
    CHECK(count("status=open") == 0);
    CHECK(count("status=resolved") == 5);
    CHECK(count("status=all&kind=insert_insert&winner=remote&table=t") == 5);
    CHECK(count("kind=update_update") == 0);
    CHECK(count("winner=local") == 0);
    CHECK(count("table=t&row_id=3") == 1);
    CHECK(count("since=2020-01-01T00:00:00Z") == 5);
    CHECK(count("since=2099-01-01T00:00:00Z") == 0);
    std::size_t seen = 0;
    std::string page;
    while (true) {
      const auto part = json_of(api.get("conflicts?limit=2" + page));
      seen += part["conflicts"].size();
      if (part["next_page"].is_null()) break;
      page = "&page=" + part["next_page"].get<std::string>();
    }
    CHECK(seen == 5);
    for (const std::string wrong :
         {"status=maybe", "kind=x", "winner=me", "since=now", "limit=0", "x=1"}) {
      CHECK_MESSAGE(code_of(api.get("conflicts?" + wrong)) == "bad_request", wrong);
    }
  }

  TEST_CASE("one report, and none") {
    ApiFixture api;
    collide(api, 1);
    const std::string id = first_id(api);
    CHECK(json_of(api.get("conflicts/" + id))["id"] == id);
    CHECK(code_of(api.get("conflicts/00000000-0000-4000-8000-000000000000")) ==
          "conflict_not_found");
    CHECK(code_of(api.get("conflicts/nonsense")) == "bad_request");
  }

  TEST_CASE("an open conflict is resolved once") {
    ApiFixture api("causal");
    collide(api, 1);
    const std::string path = "conflicts/" + first_id(api) + "/resolve";
    for (const std::string wrong :
         {"{}", R"({"pick":"both"})", R"({"pick":"local","data":1})", R"({"pick":{"origin":"x"}})",
          R"({"delete":false})", R"({"data":1,"note":5})"}) {
      CHECK_MESSAGE(code_of(api.post(path, wrong)) == "bad_request", wrong);
    }
    const auto settled = api.post(path, R"({"pick":"local","note":"they agreed","actor":"ann"})");
    CHECK(settled.status == 200);
    CHECK(json_of(settled)["conflict"]["status"] == "resolved");
    CHECK(json_of(settled)["change"]["data"] == "here");
    CHECK(json_of(api.get("rows/t/0"))["data"] == "here");
    const auto again = api.post(path, R"({"pick":"remote"})");
    CHECK(again.status == 409);
    CHECK(code_of(again) == "conflict_resolved");
    CHECK(json_of(again)["report"]["status"] == "resolved");
  }

  TEST_CASE("other ways to settle") {
    ApiFixture api("causal");
    collide(api, 3);
    const auto ids = json_of(api.get("conflicts"))["conflicts"];
    const auto settle = [&](std::size_t i, const std::string& body) {
      return api.post("conflicts/" + ids[i]["id"].get<std::string>() + "/resolve", body).status;
    };
    CHECK(settle(0, R"({"data": {"merged":  true}})") == 200);
    CHECK(api.get("rows/t/0").body.find("{\"merged\":  true}") != std::string::npos);
    CHECK(settle(1, R"({"delete": true})") == 200);
    CHECK(api.get("rows/t/1").status == 404);
    const nlohmann::json dot{{"origin", elsewhere.to_string()}, {"seq", 3}};
    CHECK(settle(2, nlohmann::json{{"pick", dot}}.dump()) == 200);
    CHECK(json_of(api.get("rows/t/2"))["data"] == "there");
  }

  TEST_CASE("counts") {
    ApiFixture api;
    collide(api, 3);
    const auto stats = json_of(api.get("conflicts/stats"));
    CHECK(stats["total"] == 3);
    CHECK(stats["by_kind"]["insert_insert"] == 3);
    CHECK(stats["by_table"]["t"] == 3);
    CHECK(stats["by_hour"].size() == 1);
  }
}

}  // namespace syncline
