#include "changelog/codec/json_text.hpp"

#include <random>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "changelog/codec/text_check.hpp"

namespace syncline::codec {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs items_of(std::string_view text) {
  Pairs pairs;
  for (JsonItems items(text); items.next();) {
    pairs.emplace_back(items.key(), items.value());
  }
  return pairs;
}

TEST_CASE("members and elements come as they were written") {
  CHECK(items_of("{}").empty());
  CHECK(items_of(" { } ").empty());
  CHECK(items_of("[ ]").empty());
  CHECK(items_of("12").empty());
  CHECK(items_of("\"[1]\"").empty());
  CHECK(items_of("").empty());
  CHECK(items_of(R"( { "a" : 1 , "b\"}" :[1, {"x":"]"}] ,"c":"\\" } )") ==
        Pairs{{R"("a")", "1"}, {R"("b\"}")", R"([1, {"x":"]"}])"}, {R"("c")", R"("\\")"}});
  CHECK(items_of("[1.50 ,\"a,b\",{\"k\": [ ] }\n,null]") ==
        Pairs{{"", "1.50"}, {"", "\"a,b\""}, {"", "{\"k\": [ ] }"}, {"", "null"}});
}

TEST_CASE("escapes say what they say") {
  CHECK(json_unquoted(R"("")").empty());
  CHECK(json_unquoted(R"("plain")") == "plain");
  CHECK(json_unquoted(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(json_unquoted(R"("\u0041\u00E9\u20ac\ud83d\uDE00.")") ==
        "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80.");
  CHECK(json_unquoted(R"("\u0000")") == std::string(1, '\0'));
}

TEST_CASE("what is not UTF-8 is replaced, so that JSON stays JSON") {
  const auto quoted = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  CHECK(quoted("") == R"("")");
  CHECK(quoted("a\"b\\c\n\x01\x1F\x7F") == "\"a\\\"b\\\\c\\n\\u0001\\u001f\x7F\"");
  CHECK(quoted("\xC3\xA9") == "\"\xC3\xA9\"");
  CHECK(quoted("\xC3") == "\"\xEF\xBF\xBD\"");
  CHECK(quoted("\xFF"
               "a") ==
        "\"\xEF\xBF\xBD"
        "a\"");
}

TEST_CASE("random strings are written and read as nlohmann does") {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 20, '\0');
    for (char& byte : text) byte = static_cast<char>(random() % 2 == 0 ? random() : random() % 64);
    std::string quoted;
    append_json_string(quoted, text);
    REQUIRE(is_json(quoted));
    REQUIRE(nlohmann::json::parse(quoted).get<std::string>() == json_unquoted(quoted));
    if (is_utf8(text)) REQUIRE(json_unquoted(quoted) == text);
  }
}

}  // namespace
}  // namespace syncline::codec
