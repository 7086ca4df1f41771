#include "app/table.hpp"

#include <doctest/doctest.h>

#include "app/text_width.hpp"

namespace {

using namespace syncline::app;

Table countries() {
  Table table({{.title = "id", .may_shrink = false},
               {.title = "name"},
               {.title = "rows", .right = true, .may_shrink = false}});
  table.add({"AX", "Åland Islands", "7"});
  table.add({"CN", "中国", "1,234"});
  return table;
}

TEST_CASE("columns line up whatever the script") {
  CHECK(countries().to_text(0) ==
        "id  name            rows\n"
        "AX  Åland Islands      7\n"
        "CN  中国           1,234\n");
}

TEST_CASE("titles can be left away") {
  CHECK(countries().to_text(0, false) ==
        "AX  Åland Islands      7\n"
        "CN  中国           1,234\n");
}

TEST_CASE("the widest column is cut where the terminal is narrow") {
  const std::string text = countries().to_text(20);
  CHECK(text ==
        "id  name        rows\n"
        "AX  Åland Is…      7\n"
        "CN  中国       1,234\n");
}

TEST_CASE("columns that may not shrink never do") {
  Table table({{.title = "id", .may_shrink = false}, {.title = "why"}});
  table.add({"0123456789", "because"});
  CHECK(table.to_text(4) == "id          why\n0123456789  becau…\n");
}

TEST_CASE("cells are made to fit the columns") {
  Table table({{.title = "a"}, {.title = "b"}});
  CHECK(table.empty());
  table.add({"1"});
  table.add({"1", "2", "3"});
  table.add({"x\ny", ""});
  CHECK(!table.empty());
  CHECK(table.to_text(0) == "a    b\n1\n1    2\nx y\n");
}

TEST_CASE("a minimal width keeps pages in line") {
  Table table({{.title = "n", .right = true, .min_width = 4}, {.title = "x"}});
  table.add({"7", "y"});
  CHECK(table.to_text(0, false) == "   7  y\n");
}

TEST_CASE("numbers are grouped and bytes have units") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000) == "1,000");
  CHECK(grouped(13'286'000) == "13,286,000");
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(999) == "999 B");
  CHECK(human_bytes(1'340) == "1.3 kB");
  CHECK(human_bytes(4'000'000) == "4.0 MB");
  CHECK(human_bytes(999'990) == "1.0 MB");
}

}  // namespace
