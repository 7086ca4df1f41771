#include "app/value_check.hpp"

#include <doctest/doctest.h>

namespace {

using namespace syncline::app;

TEST_CASE("a number is digits and nothing else") {
  CHECK(parse_number("1", {}) == 1);
  CHECK(parse_number("18446744073709551615", {}) == 18'446'744'073'709'551'615U);
  CHECK(parse_number("0", {.from = 0}) == 0);
  CHECK(parse_number("1024", {.from = 1, .to = 1024}) == 1024);
  for (const char* word : {"", "0", "-1", "+1", "abc", "1x", " 1", "1 ", "1.5", "0x10",
                           "18446744073709551616", "-18446744073709551615"}) {
    CAPTURE(word);
    CHECK(!parse_number(word, {}));
    CHECK(!number_fault(word, {}).empty());
  }
  CHECK(!parse_number("1025", {.from = 1, .to = 1024}));
}

TEST_CASE("the sentence has the range and the word") {
  CHECK(number_fault("7", {}).empty());
  CHECK(number_fault("abc", {}) == "a number from 1, not 'abc'");
  CHECK(number_fault("-5", {.from = 0}) == "a number from 0, not '-5'");
  CHECK(number_fault("0", {.from = 1, .to = 1024}) == "a number from 1 to 1024, not '0'");
  CHECK(number_fault("18446744073709551616", {}) ==
        "a number from 1 to 18446744073709551615, not '18446744073709551616'");
}

TEST_CASE("names have a length") {
  CHECK(table_fault("t").empty());
  CHECK(table_fault(std::string(255, 't')).empty());
  CHECK(table_fault("") == "a table's name has 1 to 255 bytes");
  CHECK(!table_fault(std::string(256, 't')).empty());
  CHECK(row_id_fault(std::string(1024, 'r')).empty());
  CHECK(row_id_fault("") == "a row's id has 1 to 1024 bytes");
  CHECK(!row_id_fault(std::string(1025, 'r')).empty());
}

TEST_CASE("a table's policy is a pair with a policy that there is") {
  CHECK(table_policy_fault("orders=causal").empty());
  CHECK(table_policy_fault("a=b=lww").empty());
  CHECK(table_policy_fault("orders") == "write it like orders=causal, not 'orders'");
  CHECK(table_policy_fault("=lww") == "write it like orders=causal, not '=lww'");
  CHECK(table_policy_fault("orders=casual") ==
        "'casual' is not one of causal, lww; did you mean 'causal'?");
  CHECK(!table_policy_fault("orders=").empty());
}

}  // namespace
