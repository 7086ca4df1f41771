#include "syncline/hybrid_clock.hpp"

#include <algorithm>
#include <limits>

namespace syncline {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t time_size = 27;  // "2026-11-20T12:00:00.123456Z"
constexpr std::size_t text_size = time_size + 4;

Error malformed() {
  return Error(ErrorCode::bad_request,
               "a hybrid time has the form 2026-11-20T12:00:00.123456Z-000");
}

}  // namespace

HybridTime HybridTime::from_us(std::uint64_t us, std::uint32_t counter) noexcept {
  return {(std::min(us, max_physical_us) << counter_bits) |
          std::min<std::uint64_t>(counter, counter_mask)};
}

Result<HybridTime> HybridTime::parse(std::string_view text) {
  // One text for each time, or the order of texts would not be the order of times.
  if (text.size() != text_size || text[10] != 'T' || text[19] != '.' ||
      text[time_size - 1] != 'Z' || text[time_size] != '-') {
    return malformed();
  }
  std::uint32_t counter = 0;
  for (const char c : text.substr(time_size + 1)) {
    const std::size_t digit = hex_digits.find(c);
    if (digit == std::string_view::npos) return malformed();
    counter = (counter << 4) | static_cast<std::uint32_t>(digit);
  }
  const Result<std::uint64_t> us = parse_rfc3339(text.substr(0, time_size));
  if (!us) return us.error();
  if (*us > max_physical_us) {
    return Error(ErrorCode::bad_request, "a hybrid time lies before the year 2112");
  }
  return from_us(*us, counter);
}

std::string HybridTime::to_string() const {
  std::string text = format_rfc3339(physical_us());
  text += '-';
  text += hex_digits[(counter() >> 8) & 15U];
  text += hex_digits[(counter() >> 4) & 15U];
  text += hex_digits[counter() & 15U];
  return text;
}

HybridTime HybridClock::tick(std::uint64_t now_us) noexcept {
  // At the end of time it stands still rather than start again in 1970.
  const bool at_end = last_.value == std::numeric_limits<std::uint64_t>::max();
  const HybridTime next{at_end ? last_.value : last_.value + 1};
  last_ = std::max(HybridTime::from_us(now_us), next);
  return last_;
}

void HybridClock::observe(HybridTime remote, std::uint64_t now_us) noexcept {
  last_ = std::max({last_, remote, HybridTime::from_us(now_us)});
}

}  // namespace syncline
