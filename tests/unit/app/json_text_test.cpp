#include "app/json_text.hpp"

#include <random>

#include <doctest/doctest.h>

namespace {

using namespace syncline::app;

TEST_CASE("members keep their exact text") {
  const std::string_view object = R"( {"a" : 1.50 , "data":{ "x":[1, 2],"y":"}\"" }, "z":null})";
  CHECK(member_text(object, "a") == "1.50");
  CHECK(member_text(object, "data") == R"({ "x":[1, 2],"y":"}\"" })");
  CHECK(member_text(object, "z") == "null");
  CHECK(!member_text(object, "x"));
  CHECK(!member_text("[1]", "a"));
  CHECK(!member_text("{}", "a"));
}

TEST_CASE("keys may be written with escapes, and the last of several counts") {
  CHECK(member_text(R"({"\u0064ata": 1})", "data") == "1");
  CHECK(member_text(R"({"a":1,"a":2})", "a") == "2");
}

TEST_CASE("elements keep their exact text") {
  CHECK(element_texts("[]").empty());
  CHECK(element_texts(" [ ] ").empty());
  CHECK(element_texts("{}").empty());
  const auto found = element_texts(R"([1 , "a,]b", {"c":[ ]},true])");
  REQUIRE(found.size() == 4);
  CHECK(found[0] == "1");
  CHECK(found[1] == R"("a,]b")");
  CHECK(found[2] == R"({"c":[ ]})");
  CHECK(found[3] == "true");
  CHECK(array_texts(R"({"rows":[1,2]})", "rows").size() == 2);
  CHECK(array_texts(R"({"rows":[1,2]})", "changes").empty());
}

TEST_CASE("any text does no harm") {
  const std::string valid = R"({"a":[1,{"b":"c\\"}],"d":"e","f":-1e5})";
  for (std::size_t size = 0; size <= valid.size(); ++size) {
    member_text(valid.substr(0, size), "d");
    array_texts(valid.substr(0, size), "a");
  }
  std::mt19937 random(20'261'121);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = valid;
    for (int change = 0; change < 3; ++change) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    member_text(text, "d");
    array_texts(text, "a");
    element_texts(text);
  }
}

TEST_CASE("strings are quoted") {
  CHECK(json_string("a\"b\n") == R"("a\"b\n")");
  CHECK(is_json(json_string("\xff")));
  CHECK(is_json("{}"));
  CHECK(!is_json("{"));
}

}  // namespace
