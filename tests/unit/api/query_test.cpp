#include "api/query.hpp"

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline {

using api::percent_decode;
using api::Query;

TEST_SUITE("query") {
  TEST_CASE("escapes are decoded, and malformed ones refused") {
    CHECK(percent_decode("a%20b%2Fc", false) == "a b/c");
    CHECK(percent_decode("a+b", false) == "a+b");
    CHECK(percent_decode("a+b", true) == "a b");
    for (const char* wrong : {"%", "%1", "%zz", "a%2"}) {
      CHECK_FALSE(percent_decode(wrong, false));
    }
    CHECK(percent_decode("a%00b", false) == std::string("a\0b", 3));
    CHECK_FALSE(Query::parse("a=%"));
    CHECK_FALSE(Query::parse("%=1"));
  }

  TEST_CASE("numbers have bounds, and the error tells them") {
    auto query = *Query::parse("limit=7&big=99&word=x&empty=");
    CHECK(*query.number("limit", 1, 1, 10) == 7);
    CHECK(*query.number("absent", 3, 1, 10) == 3);
    const auto big = query.number("big", 1, 1, 10);
    REQUIRE_FALSE(big);
    CHECK(big.error().code == ErrorCode::bad_request);
    CHECK(big.error().text("parameter") == "big");
    CHECK(big.error().detail == "The parameter \"big\" is \"99\"; right is a number from 1 to 10.");
    CHECK_FALSE(query.number("word", 1, 1, 10));
    CHECK_FALSE(query.number("empty", 1, 1, 10));
  }

  TEST_CASE("lists may be repeated, separated by commas, and have encoded commas") {
    auto query = *Query::parse("t=a,b&t=c%2Cd");
    CHECK(*query.list("t") == std::vector<std::string>{"a", "b", "c,d"});
    CHECK(query.list("u")->empty());
  }

  TEST_CASE("an empty element of a list is an error, because no filter would come of it") {
    for (const char* wrong : {"t=", "t", "t=,", "t=a,", "t=,a", "t=a,,b", "t=a&t="}) {
      const auto list = Query::parse(wrong)->list("t");
      REQUIRE_FALSE(list);
      CHECK(list.error().code == ErrorCode::bad_request);
      CHECK(list.error().text("parameter") == "t");
    }
  }

  TEST_CASE("targets may be whole URLs") {
    for (const char* target : {"/a/b?c=d", "http://host/a/b?c=d", "HTTPS://user@host:80/a/b?c=d"}) {
      CHECK(api::origin_form(target) == "/a/b?c=d");
    }
    CHECK(api::origin_form("http://host?c=http://x/") == "?c=http://x/");
    CHECK(api::origin_form("http://host").empty());
    CHECK(api::origin_form("/a?b=http://c/d") == "/a?b=http://c/d");
    CHECK(api::origin_form("ftp://host/a") == "ftp://host/a");
    CHECK(api::origin_form("*") == "*");
  }

  TEST_CASE("a parameter that nobody looked for, or that comes twice, is an error") {
    auto query = *Query::parse("limit=1&limt=2");
    CHECK(query.number("limit", 1, 1, 9));
    const auto finished = query.finish();
    REQUIRE_FALSE(finished);
    CHECK(finished.error().detail == "There is no parameter \"limt\" here. There are: limit.");
    auto twice = *Query::parse("a=1&a=2");
    CHECK_FALSE(twice.text("a"));
    CHECK(Query::parse("&&")->finish());
  }

  TEST_CASE("payload styles") {
    CHECK(*Query::parse("")->payload() == JsonPayload::text);
    CHECK(*Query::parse("payload=base64")->payload() == JsonPayload::base64);
    CHECK_FALSE(Query::parse("payload=hex")->payload());
  }
}

}  // namespace syncline
