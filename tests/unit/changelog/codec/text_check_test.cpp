#include "changelog/codec/text_check.hpp"

#include <random>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace syncline::codec {
namespace {

TEST_CASE("UTF-8 is told from what only looks like it") {
  for (const char* text : {"", "ascii", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
                           "long enough for eight at once \xE2\x82\xAC and after it"}) {
    CAPTURE(text);
    CHECK(is_utf8(text));
  }
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2x", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xFE",
        "long enough for eight at once \xE2\x82", "1234567\x80"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
  }
}

TEST_CASE("JSON is told from what only looks like it") {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "10",
                           "-1.50",
                           "1e5",
                           "1E+5",
                           "0.1e-5",
                           "1e-999",
                           "\"\"",
                           "[]",
                           "{}",
                           " \t\r\n[ 1 , 2 ] \n",
                           "{\"a\":{\"a\":[]},\"a\":1}",
                           R"("\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00")",
                           "\"\x7F\"",
                           "[[],{},\"\",0]",
                           "\"\xE2\x82\xAC twelve and more bytes \xF0\x9F\x98\x80\""}) {
    CAPTURE(text);
    CHECK(is_json(text));
  }
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nullx",
                           "True",
                           "+1",
                           "01",
                           "-",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x1",
                           "NaN",
                           "1e999",
                           "-1e999",
                           "[",
                           "]",
                           "[1",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{\"a\" 1}",
                           "{1:1}",
                           "[}",
                           "{]",
                           "[1}",
                           "\"",
                           "\"a",
                           "'a'",
                           "\"\n\"",
                           "\"\x01\"",
                           R"("\x")",
                           R"("\)",
                           R"("\u12")",
                           R"("\u12g4")",
                           R"("\uD800")",
                           R"("\uD800x")",
                           R"("\uD800\n")",
                           R"("\uD800\u0041")",
                           R"("\uDC00")",
                           "\"\x80\"",
                           "\"\xC0\x80\"",
                           "\xEF\xBB\xBF{}",
                           "1 1",
                           "[] x",
                           "//x\n1",
                           "[1]/**/"}) {
    CAPTURE(text);
    CHECK_FALSE(is_json(text));
  }
  CHECK_FALSE(is_json(std::string_view("{}\0", 3)));
  CHECK_FALSE(is_json(std::string_view("\"\0\"", 3)));
  CHECK(is_json(std::string(308, '9')));
  CHECK_FALSE(is_json(std::string(400, '9')));
}

TEST_CASE("nesting has a limit, however it is closed") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(is_json(nested(64)));
  CHECK_FALSE(is_json(nested(65)));
  CHECK(is_json(nested(72), 72));
  CHECK_FALSE(is_json(nested(73), 72));
  CHECK_FALSE(is_json(std::string(1'000'000, '[')));
  CHECK(is_json("[]", 1));
  CHECK_FALSE(is_json("[]", 0));
  CHECK(is_json("1", 0));
}

TEST_CASE("mutated JSON is JSON exactly when nlohmann's parser says so") {
  const std::string seeds[] = {
      R"({"name":"Ann \u00e9 \ud83d\ude00","total":-12.50e-3,"tags":["a",null,true,false,{}]})",
      "[1,22,333, \"a long enough string with \xE2\x82\xAC in it\" , [[[ ]]] ]",
      R"("\\\"\/\b\f\n\r\t")", "0.0e+1"};
  constexpr std::string_view alphabet = "{}[]\",:\\/u0123456789.eE+-abtfn \n\x80\xC3\xA9\xED\xA0";
  std::mt19937_64 random(9);
  std::size_t accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = seeds[random() % 4];
    for (std::uint64_t edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
      const std::size_t position = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          text[position] = c;
          break;
        case 1:
          text.erase(position, 1);
          break;
        default:
          text.insert(position, 1, c);
          break;
      }
    }
    const bool expected = nlohmann::json::accept(text);
    CAPTURE(text);
    REQUIRE(is_json(text) == expected);
    accepted += expected ? 1 : 0;
  }
  CHECK(accepted > 10'000);
}

}  // namespace
}  // namespace syncline::codec
