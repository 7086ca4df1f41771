#include "app/text_width.hpp"

#include <doctest/doctest.h>

namespace {

using namespace syncline::app;

TEST_CASE("width counts columns, not bytes") {
  CHECK(text_width("") == 0);
  CHECK(text_width("abc") == 3);
  CHECK(text_width("Åland") == 5);
  CHECK(text_width("Rīga") == 4);
  CHECK(text_width("中国") == 4);
  CHECK(text_width("한국") == 4);
  CHECK(text_width("e\u0301") == 1);  // a combining accent
  CHECK(text_width("🇳🇴") == 2);       // a flag is two regional indicators
  CHECK(text_width("🐧") == 2);
  CHECK(text_width("\xff\xfe") == 2);  // not UTF-8
  CHECK(text_width("\xe4\xb8") == 2);  // cut in the middle
}

TEST_CASE("a text is cut to a width and says so") {
  CHECK(cut_to_width("Norway", 6) == "Norway");
  CHECK(cut_to_width("Norway", 5) == "Norw…");
  CHECK(cut_to_width("Norway", 1) == "…");
  CHECK(cut_to_width("Norway", 0).empty());
  CHECK(cut_to_width("中国人", 4) == "中…");  // the second would need column 4 and 5
}

TEST_CASE("no text can steer the terminal") {
  CHECK(printable("a\nb\tc") == "a b c");
  CHECK(printable("\x1b[31mred") == " [31mred");
  CHECK(printable("a\u202Eb") == "a b");
  CHECK(printable("a\u0085b") == "a b");
  CHECK(printable("a\xff") == "a\uFFFD");
  CHECK(printable("Türkiye") == "Türkiye");
  CHECK(printable("\xc0\x80\xed\xa0\x80").find('\0') == std::string::npos);
}

}  // namespace
