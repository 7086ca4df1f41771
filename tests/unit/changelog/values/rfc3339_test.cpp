#include <limits>

#include <doctest/doctest.h>

#include "syncline/hybrid_clock.hpp"

namespace syncline {
namespace {

constexpr std::uint64_t second = 1'000'000;

TEST_CASE("times are written in UTC with six digits") {
  CHECK(format_rfc3339(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(format_rfc3339(1) == "1970-01-01T00:00:00.000001Z");
  CHECK(format_rfc3339(951'782'400 * second) == "2000-02-29T00:00:00.000000Z");
  CHECK(format_rfc3339(1'795'176'000'123'456) == "2026-11-20T12:00:00.123456Z");
  CHECK(format_rfc3339(253'402'300'799'999'999) == "9999-12-31T23:59:59.999999Z");
  CHECK(format_rfc3339(std::numeric_limits<std::uint64_t>::max()) == "9999-12-31T23:59:59.999999Z");
}

TEST_CASE("times are read with any offset, case and number of digits") {
  const std::uint64_t noon = 1'795'176'000 * second;
  const std::pair<const char*, std::uint64_t> cases[] = {
      {"2026-11-20T12:00:00Z", noon},
      {"2026-11-20t12:00:00z", noon},
      {"2026-11-20T12:00:00.5Z", noon + 500'000},
      {"2026-11-20T12:00:00.123456Z", noon + 123'456},
      {"2026-11-20T12:00:00.123456789Z", noon + 123'456},
      {"2026-11-20T12:00:00.999999999Z", noon + 999'999},
      {"2026-11-20T12:00:00.000000001Z", noon},
      {"2026-11-20T13:30:00+01:30", noon},
      {"2026-11-20T06:15:00-05:45", noon},
      {"2026-11-21T11:59:00+23:59", noon},
      {"2026-11-20T12:00:00-00:00", noon},
      {"2026-11-20T12:00:00.25+00:00", noon + 250'000},
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T01:00:00+01:00", 0},
      {"1969-12-31T23:59:00-00:01", 0},
      {"2024-02-29T00:00:00Z", 1'709'164'800 * second},
      {"2016-12-31T23:59:60Z", 1'483'228'800 * second},
      {"2017-01-01T00:59:60.5+01:00", 1'483'228'800 * second + 500'000},
      {"9999-12-31T23:59:59.999999Z", 253'402'300'799'999'999},
  };
  for (const auto& [text, us] : cases) {
    CAPTURE(text);
    const auto time = parse_rfc3339(text);
    REQUIRE(time.has_value());
    CHECK(*time == us);
  }
}

TEST_CASE("what is no time, or before 1970, is refused") {
  for (const char* text : {"",
                           "2026",
                           "2026-11-20",
                           "2026-11-20T12:00:00",
                           "2026-11-20 12:00:00Z",
                           "2026-11-20T12:00Z",
                           "2026-11-20T12:00:00.Z",
                           "2026-11-20T12:00:00.1234567890Z",
                           "2026-11-20T12:00:00,5Z",
                           "2026-11-20T24:00:00Z",
                           "2026-11-20T12:60:00Z",
                           "2026-11-20T12:00:61Z",
                           "2026-11-20T12:00:60Z",
                           "2026-00-20T12:00:00Z",
                           "2026-13-20T12:00:00Z",
                           "2026-11-31T12:00:00Z",
                           "2026-11-00T12:00:00Z",
                           "2025-02-29T12:00:00Z",
                           "2026-11-20T12:00:00+24:00",
                           "2026-11-20T12:00:00+01:60",
                           "2026-11-20T12:00:00+0100",
                           "2026-11-20T12:00:00+01",
                           "2026-11-20T12:00:00ZZ",
                           "2026-11-20T12:00:00Z ",
                           " 2026-11-20T12:00:00Z",
                           "+026-11-20T12:00:00Z",
                           "2026-1-20T12:00:00Z",
                           "1969-12-31T23:59:59.999999Z",
                           "1970-01-01T00:00:00+00:01",
                           "0000-01-01T00:00:00Z",
                           "2026-11-20T12:00:00.-5Z",
                           "2026-11-20T-1:00:00Z"}) {
    CAPTURE(text);
    const auto time = parse_rfc3339(text);
    REQUIRE(!time);
    CHECK(time.error().code == ErrorCode::bad_request);
  }
}

TEST_CASE("what is written is read back") {
  for (std::uint64_t us = 1; us < 253'402'300'799'999'999; us = us * 3 + 7) {
    REQUIRE(parse_rfc3339(format_rfc3339(us)).value() == us);
  }
}

}  // namespace
}  // namespace syncline
