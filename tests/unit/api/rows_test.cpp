#include "api_fixture.hpp"

namespace syncline {

using test::ApiFixture;
using test::code_of;
using test::json_of;

namespace {

const NodeId elsewhere = *NodeId::parse("6f1d0000-0000-4000-8000-000000000001");

std::string tag_of(const HttpResponse& response) { return response.headers.at("ETag"); }

}  // namespace

TEST_SUITE("rows") {
  TEST_CASE("a row is written, read and deleted") {
    ApiFixture api;
    const auto absent = api.get("rows/t/1");
    CHECK(absent.status == 404);
    CHECK(code_of(absent) == "row_not_found");
    const auto inserted = api.put("rows/t/1", "{\"b\": 1,  \"a\":2}");
    CHECK(inserted.status == 201);
    CHECK(json_of(inserted)["operation"] == "insert");
    CHECK(json_of(inserted)["lsn"] == 1);
    CHECK(inserted.body.find("{\"b\": 1,  \"a\":2}") != std::string::npos);
    const auto read = api.get("rows/t/1");
    CHECK(read.status == 200);
    CHECK(tag_of(read) == tag_of(inserted));
    CHECK(tag_of(read) != tag_of(absent));
    CHECK(read.body.find("{\"b\": 1,  \"a\":2}") != std::string::npos);
    CHECK(json_of(read)["origin"] == api.replica().node().to_string());
    CHECK(json_of(read)["siblings"].empty());
    CHECK(api.put("rows/t/1", "3").status == 200);
    CHECK(api.erase("rows/t/1").status == 200);
    CHECK(code_of(api.get("rows/t/1")) == "row_not_found");
    CHECK(code_of(api.erase("rows/t/1")) == "row_not_found");
    CHECK(json_of(api.put("rows/t/1", "4"))["operation"] == "insert");
  }

  TEST_CASE("payloads keep their bytes and formats") {
    ApiFixture api;
    const std::string packed(
        "\x81\xa1"
        "a\x01",
        4);
    api.put("rows/t/m", packed, {{"Content-Type", "application/msgpack"}});
    auto row = json_of(api.get("rows/t/m"));
    CHECK(row["format"] == "msgpack");
    CHECK(*from_base64(row["data_base64"].get<std::string>()) == packed);
    const std::string raw("\0\xff", 2);
    api.put("rows/t/r", raw, {{"Content-Type", "application/octet-stream"}});
    row = json_of(api.get("rows/t/r"));
    CHECK(row["format"] == "bytes");
    CHECK(*from_base64(row["data_base64"].get<std::string>()) == raw);
    api.put("rows/t/j", " 1 ");
    row = json_of(api.get("rows/t/j?payload=base64"));
    CHECK(*from_base64(row["data_base64"].get<std::string>()) == " 1 ");
    const auto refused = api.put("rows/t/j", "x", {{"Content-Type", "text/plain"}});
    CHECK(code_of(refused) == "unsupported_media_type");
    CHECK(json_of(refused)["supported"].size() == 3);
    CHECK(code_of(api.put("rows/t/j", "1", {{"Content-Encoding", "gzip"}})) ==
          "unsupported_media_type");
    CHECK(code_of(api.put("rows/t/j", "{broken")) == "invalid_change");
    CHECK(code_of(api.put("rows/t/" + std::string(1025, 'x'), "1")) == "invalid_change");
  }

  TEST_CASE("If-Match writes only what was seen") {
    ApiFixture api;
    const auto first = tag_of(api.put("rows/t/1", "1"));
    const auto second = tag_of(api.put("rows/t/1", "2", {{"If-Match", first}}));
    const auto refused = api.put("rows/t/1", "3", {{"If-Match", first}});
    CHECK(refused.status == 412);
    CHECK(code_of(refused) == "precondition_failed");
    CHECK(json_of(refused)["row"]["data"] == 2);
    CHECK('"' + json_of(refused)["token"].get<std::string>() + '"' == second);
    CHECK(tag_of(refused) == second);
    CHECK(code_of(api.erase("rows/t/1", {{"If-Match", first}})) == "precondition_failed");
    CHECK(api.put("rows/t/1", "4", {{"If-Match", "\"x\", " + second}}).status == 200);
    CHECK(code_of(api.put("rows/t/none", "1", {{"If-Match", "*"}})) == "precondition_failed");
    const auto absent = tag_of(api.get("rows/t/none"));
    CHECK(api.put("rows/t/none", "1", {{"If-Match", absent}}).status == 201);
    CHECK(api.get("rows/t/1", {{"If-None-Match", tag_of(api.get("rows/t/1"))}}).status == 304);
    CHECK(api.get("rows/t/1", {{"If-None-Match", first}}).status == 200);
  }

  TEST_CASE("of the tags in If-Match the strong ones count") {
    ApiFixture api;
    const auto tag = tag_of(api.put("rows/t/1", "1"));
    for (const std::string& never : {"W/" + tag, "\"x\", W/" + tag, std::string("\"x\", \"y\""),
                                     "\"x," + tag.substr(1), std::string("\"*\"")}) {
      const auto refused = api.put("rows/t/1", "2", {{"If-Match", never}});
      CHECK_MESSAGE(code_of(refused) == "precondition_failed", never);
      CHECK(json_of(refused)["row"]["data"] == 1);
      CHECK(tag_of(refused) == tag);
      CHECK(code_of(api.erase("rows/t/1", {{"If-Match", never}})) == "precondition_failed");
    }
    CHECK(api.get("rows/t/1", {{"If-None-Match", "W/" + tag}}).status == 304);
    const auto second = api.put("rows/t/1", "2", {{"If-Match", "\"x,y\",W/\"z\" , " + tag}});
    CHECK(second.status == 200);
    CHECK(api.put("rows/t/1", "3", {{"If-Match", tag_of(second) + ", \"x\""}}).status == 200);
    CHECK(api.put("rows/t/1", "4", {{"If-Match", "*"}}).status == 200);
    CHECK(api.erase("rows/t/1", {{"If-Match", "*"}}).status == 200);
    CHECK(code_of(api.put("rows/t/1", "5", {{"If-Match", "*"}})) == "precondition_failed");
    CHECK(code_of(api.erase("rows/t/1", {{"If-Match", "*"}})) == "precondition_failed");
  }

  TEST_CASE("a row id may contain anything") {
    ApiFixture api;
    CHECK(api.put("rows/t/a%00b", "1").status == 201);
    CHECK(json_of(api.get("rows/t/a%00b"))["row_id"] == std::string("a\0b", 3));
    CHECK(api.get("rows/t/a").status == 404);
  }

  TEST_CASE("If-None-Match: * inserts only") {
    ApiFixture api;
    const Headers insert_only{{"If-None-Match", "*"}};
    CHECK(api.put("rows/t/1", "1", insert_only).status == 201);
    const auto refused = api.put("rows/t/1", "2", insert_only);
    CHECK(code_of(refused) == "precondition_failed");
    CHECK(json_of(refused)["row"]["data"] == 1);
    CHECK(code_of(api.put("rows/t/1", "2", {{"If-None-Match", "\"x\""}})) == "bad_request");
  }

  TEST_CASE("siblings are shown, and under causal only a token writes over them") {
    ApiFixture api("causal");
    api.put("rows/t/1", "\"here\"");
    api.write_elsewhere(elsewhere, 1, "1", "\"there\"");
    const auto read = api.get("rows/t/1");
    CHECK(json_of(read)["siblings"].size() == 2);
    CHECK(json_of(read)["data"] == "there");
    const auto refused = api.put("rows/t/1", "\"both\"");
    CHECK(refused.status == 409);
    CHECK(code_of(refused) == "conflict_open");
    CHECK(json_of(refused)["heads"].size() == 2);
    CHECK('"' + json_of(refused)["token"].get<std::string>() + '"' == tag_of(read));
    CHECK(api.put("rows/t/1", "\"both\"", {{"If-Match", tag_of(read)}}).status == 200);
    CHECK(json_of(api.get("rows/t/1"))["siblings"].empty());
  }

  TEST_CASE("a repeat with the same Idempotency-Key writes nothing") {
    ApiFixture api;
    const auto first = api.put("rows/t/1", "1", {{"Idempotency-Key", "k"}});
    const auto again = api.put("rows/t/1", "1", {{"Idempotency-Key", "k"}});
    CHECK(again.status == 201);
    CHECK(again.body == first.body);
    CHECK(api.replica().log().last_lsn() == 1);
    CHECK(code_of(api.put("rows/t/1", "2", {{"Idempotency-Key", "k"}})) == "bad_request");
  }

  TEST_CASE("rows are listed in pages by id") {
    ApiFixture api;
    for (const char* id : {"c", "a", "e", "b", "d"}) api.put(std::string("rows/t/") + id, "1");
    api.erase("rows/t/b");
    std::string seen;
    std::string after;
    while (true) {
      const auto page = json_of(api.get("rows/t?limit=2&after=" + after));
      for (const auto& row : page["rows"]) seen += row["row_id"].get<std::string>();
      if (page["next_page"].is_null()) break;
      after = page["next_page"];
    }
    CHECK(seen == "acde");
    CHECK(json_of(api.get("rows/t?include_deleted=true"))["rows"].size() == 5);
    CHECK(json_of(api.get("rows/nothing"))["rows"].empty());
    CHECK(code_of(api.get("rows/t?limit=0")) == "bad_request");
    CHECK(code_of(api.get("rows/t?include_deleted=yes")) == "bad_request");
  }

  TEST_CASE("history comes newest first, in pages") {
    ApiFixture api;
    for (int i = 1; i <= 5; ++i) api.put("rows/t/1", std::to_string(i));
    api.put("rows/t/2", "0");
    const auto first = json_of(api.get("rows/t/1/history?limit=3"));
    CHECK(first["changes"][0]["data"] == 5);
    CHECK(first["changes"].size() == 3);
    CHECK(first["changes"][0]["lsn"] == 5);
    const auto second =
        json_of(api.get("rows/t/1/history?limit=3&page=" + first["next_page"].get<std::string>()));
    CHECK(second["changes"].size() == 2);
    CHECK(second["changes"][1]["data"] == 1);
    CHECK(second["next_page"].is_null());
  }

  TEST_CASE("a transaction is written as a whole or not at all") {
    ApiFixture api;
    api.put("rows/t/old", "1");
    const auto written = api.post("transactions", R"({"changes":[
        {"operation":"insert","table":"t","row_id":"new","data":{"x": 1}},
        {"operation":"update","table":"t","row_id":"old","data_base64":"AP8=","format":"bytes"},
        {"operation":"delete","table":"t","row_id":"new"}]})");
    CHECK(written.status == 200);
    const auto changes = json_of(written)["changes"];
    REQUIRE(changes.size() == 3);
    CHECK(changes[2]["transaction"]["count"] == 3);
    CHECK(written.body.find("{\"x\": 1}") != std::string::npos);
    const Lsn before = api.replica().log().last_lsn();
    const auto refused = api.post("transactions", R"({"changes":[
        {"operation":"put","table":"t","row_id":"a","data":1},
        {"operation":"insert","table":"t","row_id":"old","data":1}]})");
    CHECK(code_of(refused) == "precondition_failed");
    CHECK(json_of(refused)["index"] == 1);
    CHECK(json_of(refused)["row"]["row_id"] == "old");
    CHECK(api.replica().log().last_lsn() == before);
    for (const char* wrong :
         {"[]", "{}", R"({"changes":[]})", R"({"changes":[1]})",
          R"({"changes":[{"operation":"upsert","table":"t","row_id":"a","data":1}]})",
          R"({"changes":[{"operation":"put","table":5,"row_id":"a","data":1}]})",
          R"({"changes":[{"operation":"put","table":"t","row_id":"a","data_base64":"!"}]})"}) {
      CHECK(code_of(api.post("transactions", wrong)) == "bad_request");
    }
  }
}

}  // namespace syncline
