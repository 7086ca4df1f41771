#include "syncline/error.hpp"

#include <set>

#include <doctest/doctest.h>

namespace syncline {
namespace {

TEST_CASE("every error code has a name of its own and is found by it") {
  std::set<std::string_view> names;
  for (int number = 0; number <= static_cast<int>(ErrorCode::quota_exceeded); ++number) {
    const auto code = static_cast<ErrorCode>(number);
    CHECK(names.insert(to_string(code)).second);
    CHECK(error_code_from_string(to_string(code)) == code);
  }
  CHECK(to_string(ErrorCode::bad_request) == "bad_request");
  CHECK(to_string(ErrorCode::sequence_gap) == "sequence_gap");
  CHECK(to_string(ErrorCode::internal) == "internal");
  CHECK(to_string(ErrorCode::quota_exceeded) == "quota_exceeded");
  CHECK(error_code_from_string("no such code") == ErrorCode::internal);
}

TEST_CASE("members of an error are read by name and type") {
  const Error error = Error(ErrorCode::sequence_gap, "a hole")
                          .with("expected_seq", std::uint64_t{7})
                          .with("field", std::string("seq"));
  CHECK(error.number("expected_seq") == 7);
  CHECK(error.text("field") == "seq");
  CHECK(error.number("field") == 0);
  CHECK(error.text("expected_seq").empty());
  CHECK(error.number("other") == 0);
  CHECK(to_string(error) == "sequence_gap: a hole");
  CHECK(to_string(Error(ErrorCode::depends, "")) == "depends");
}

TEST_CASE("asking a failed result for its value throws the error") {
  const Result<int> result = Error(ErrorCode::not_found, "nothing there");
  try {
    static_cast<void>(result.value());
    FAIL("it did not throw");
  } catch (const BadResultAccess& failure) {
    CHECK(failure.error().code == ErrorCode::not_found);
    CHECK(std::string(failure.what()) == "not_found: nothing there");
  }
}

}  // namespace
}  // namespace syncline
