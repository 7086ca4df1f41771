#include "app/import_line.hpp"

#include <doctest/doctest.h>

namespace {

using namespace syncline;
using namespace syncline::app;

std::string fault(std::string_view text) {
  const auto line = parse_import_line(text);
  return line ? std::string() : line.error().detail;
}

TEST_CASE("a row becomes a write that keeps the payload's bytes") {
  const auto line = parse_import_line(R"({"table":"t","row_id":"1","data":{ "n": 1.50 },"x":2})");
  REQUIRE(line.has_value());
  CHECK(line->kind == ImportLine::Kind::row);
  CHECK(line->text == R"({"operation":"put","table":"t","row_id":"1","data":{ "n": 1.50 }})");
}

TEST_CASE("a row may carry bytes") {
  const auto line =
      parse_import_line(R"({"table":"t","row_id":"1","data_base64":"AAE=","format":"bytes"})");
  REQUIRE(line.has_value());
  CHECK(line->text ==
        R"({"operation":"put","table":"t","row_id":"1","data_base64":"AAE=","format":"bytes"})");
}

TEST_CASE("a change is told by its origin and sent as it is") {
  const std::string text =
      R"({"origin":"6f1d0000-0000-4000-8000-000000000001","seq":7,)"
      R"("hlc":"2026-11-20T12:00:00.123456Z-000","operation":"insert","table":"t","row_id":"1",)"
      R"("data":{"a": 1},"transaction":{"number":6,"index":1,"count":2}})";
  const auto line = parse_import_line(text);
  REQUIRE(line.has_value());
  CHECK(line->kind == ImportLine::Kind::change);
  CHECK(line->text == text);
  CHECK(line->dot.seq == 7);
  CHECK(line->dot.origin.to_string() == "6f1d0000-0000-4000-8000-000000000001");
  REQUIRE(line->transaction);
  CHECK(line->transaction->index == 1);
}

TEST_CASE("a bad line says what is wrong") {
  CHECK(fault("{\"table\":") == "this is not JSON");
  CHECK(fault("[]") == "this is not a JSON object");
  CHECK(fault(R"({"row_id":"1","data":1})") == "the member 'table' is missing");
  CHECK(fault(R"({"table":"t","data":1})") == "the member 'row_id' is missing");
  CHECK(fault(R"({"table":"t","row_id":1,"data":1})") == "'row_id' is not a string");
  CHECK(fault(R"({"table":"t","row_id":"1"})") ==
        "there is neither 'data' nor 'data_base64' with 'format'");
  CHECK(!fault(R"({"origin":"x","seq":1})").empty());
}

TEST_CASE("an exported row is read back") {
  const std::string line = row_line("a\"b", "ü", R"({"hlc":"x","data":{ "k" : [1] }})");
  CHECK(line == R"({"table":"a\"b","row_id":"ü","data":{ "k" : [1] }})");
  CHECK(parse_import_line(line).has_value());
  CHECK(
      parse_import_line(row_line("t", "1", R"({"data_base64":"","format":"bytes"})")).has_value());
}

}  // namespace
