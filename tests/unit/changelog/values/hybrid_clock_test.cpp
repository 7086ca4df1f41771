#include "syncline/hybrid_clock.hpp"

#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "syncline/clock.hpp"

namespace syncline {
namespace {

TEST_CASE("a local write is later than all that was seen, whatever the wall clock says") {
  HybridClock clock;
  CHECK(clock.tick(1000) == HybridTime::from_us(1000));
  CHECK(clock.tick(1000) == HybridTime::from_us(1000, 1));
  CHECK(clock.tick(10) == HybridTime::from_us(1000, 2));
  CHECK(clock.tick(2000) == HybridTime::from_us(2000));
  clock.observe(HybridTime::from_us(9000, 5), 2001);
  CHECK(clock.last() == HybridTime::from_us(9000, 5));
  CHECK(clock.tick(2002) == HybridTime::from_us(9000, 6));
  clock.observe(HybridTime::from_us(1), 9500);
  CHECK(clock.last() == HybridTime::from_us(9500));
}

TEST_CASE("a full counter goes over into the microseconds") {
  HybridClock clock(HybridTime::from_us(1000, 4095));
  CHECK(clock.tick(0) == HybridTime::from_us(1001));
}

TEST_CASE("at the end of time the clock stands still instead of starting again") {
  constexpr HybridTime end{std::numeric_limits<std::uint64_t>::max()};
  HybridClock clock;
  clock.observe(end, 1000);
  CHECK(clock.tick(1000) == end);
  CHECK(HybridTime::from_us(std::numeric_limits<std::uint64_t>::max(), 99'999) == end);
}

TEST_CASE("the text of a hybrid time") {
  const auto time = HybridTime::from_us(1'795'176'000'123'456, 0xABC);
  CHECK(time.to_string() == "2026-11-20T12:00:00.123456Z-abc");
  CHECK(HybridTime::parse("2026-11-20T12:00:00.123456Z-abc").value() == time);
  CHECK(HybridTime{}.to_string() == "1970-01-01T00:00:00.000000Z-000");
  const HybridTime end{std::numeric_limits<std::uint64_t>::max()};
  CHECK(end.to_string() == "2112-09-17T23:53:47.370495Z-fff");
  CHECK(HybridTime::parse(end.to_string()).value() == end);
}

TEST_CASE("text order is numeric order, and every time reads back") {
  std::mt19937_64 random(3);
  HybridTime previous{random()};
  for (int i = 0; i < 5000; ++i) {
    const HybridTime time{random() >> (random() % 64)};
    REQUIRE(HybridTime::parse(time.to_string()).value() == time);
    REQUIRE((time < previous) == (time.to_string() < previous.to_string()));
    previous = time;
  }
}

TEST_CASE("a time with several texts would have no order, so there is one") {
  for (const char* text : {"", "2026-11-20T12:00:00.123456Z", "2026-11-20T12:00:00.123456Z-00",
                           "2026-11-20T12:00:00.123456Z-0000", "2026-11-20T12:00:00.123456Z-00A",
                           "2026-11-20T12:00:00.123456Z+000", "2026-11-20t12:00:00.123456Z-000",
                           "2026-11-20T12:00:00.123456z-000", "2026-11-20T12:00:00.12345Z-0000",
                           "2026-11-20T12:00:00+01:0012Z-000", "2112-09-17T23:53:47.370496Z-000",
                           "1969-12-31T23:59:59.999999Z-000", "2026-13-20T12:00:00.123456Z-000",
                           "2026-11-20T12:00:00.1234567-000"}) {
    CAPTURE(text);
    const auto time = HybridTime::parse(text);
    REQUIRE(!time);
    CHECK(time.error().code == ErrorCode::bad_request);
  }
}

TEST_CASE("clocks: the system's moves on by its offset, the manual one when told") {
  const SystemClock slow(-3'600'000'000);
  CHECK(slow.now_us() < system_clock().now_us());
  CHECK(system_clock().now_us() > 1'700'000'000'000'000);
  CHECK(SystemClock(std::numeric_limits<std::int64_t>::min() / 2).now_us() == 0);
  ManualClock manual(5);
  manual.advance_us(3);
  CHECK(manual.now_us() == 8);
  manual.set_us(1);
  CHECK(manual.now_us() == 1);
}

}  // namespace
}  // namespace syncline
