#include "api/media.hpp"

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "sync/report_json.hpp"

namespace syncline {

namespace {

HttpRequest with(std::string name, std::string value) {
  HttpRequest request;
  request.headers.emplace(std::move(name), std::move(value));
  return request;
}

}  // namespace

TEST_SUITE("media") {
  TEST_CASE("Accept decides, with its weights") {
    const auto accepted = [](const char* accept) {
      return api::accepted_format(with("accept", accept));
    };
    CHECK(*api::accepted_format({}) == BodyFormat::json);
    CHECK(*accepted("*/*") == BodyFormat::json);
    CHECK(*accepted("text/html, application/*;q=0.1") == BodyFormat::json);
    CHECK(*accepted("application/msgpack") == BodyFormat::msgpack);
    CHECK(*accepted("Application/MsgPack; q=1.0, application/json;q=0.9") == BodyFormat::msgpack);
    CHECK(*accepted("application/msgpack;q=0.5, application/json") == BodyFormat::json);
    CHECK(*accepted("application/json;q=0, */*") == BodyFormat::msgpack);
    for (const char* wrong :
         {"text/html", "application/xml;q=1", "*/*;q=0", "application/json;q=0.000"}) {
      const auto refused = accepted(wrong);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == ErrorCode::protocol_unsupported);
      CHECK(problem_to_body(refused.error())["supported"] ==
            nlohmann::json{"application/json", "application/msgpack"});
    }
  }

  TEST_CASE("bodies that cannot be understood are named as such") {
    auto request = with("Content-Type", "text/plain");
    request.body = "{}";
    CHECK(api::read_body(request).error().code == ErrorCode::unsupported_media_type);
    request = with("Content-Encoding", "gzip");
    request.body = "{}";
    CHECK(api::read_body(request).error().code == ErrorCode::unsupported_media_type);
    CHECK(problem_to_body(api::read_body(request).error())["supported"] ==
          nlohmann::json::array({"identity"}));
    request = with("Content-Type", "application/json; charset=utf-8");
    request.body = "{\"a\":1}";
    CHECK((*api::read_body(request))["a"] == 1);
    request.body = "[1]";
    CHECK(api::read_object(request).error().code == ErrorCode::bad_request);
    request.body = "{";
    CHECK(api::read_body(request).error().code == ErrorCode::bad_request);
    request.body = "";
    CHECK(api::read_body(request).error().code == ErrorCode::bad_request);
  }

  TEST_CASE("both formats give the same document") {
    HttpRequest json;
    json.body = R"({"a":[1,"x",null,true]})";
    const auto document = api::read_body(json);
    REQUIRE(document);
    auto packed = with("Content-Type", "application/msgpack");
    packed.body = api::body_response(*document, BodyFormat::msgpack).body;
    CHECK(*api::read_body(packed) == *document);
  }
}

}  // namespace syncline
