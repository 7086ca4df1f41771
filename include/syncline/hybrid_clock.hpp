// Hybrid logical clocks: wall-clock times that never contradict causality.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "syncline/error.hpp"

namespace syncline {

/// One hybrid logical time in 64 bits: 52 bits of microseconds since 1970 (until the year 2112) and
/// 12 bits of counter. Totally ordered.
///
/// Source: S. Kulkarni et al., "Logical Physical Clocks" (2014).
struct HybridTime {
  static constexpr unsigned counter_bits = 12;
  static constexpr std::uint64_t counter_mask = (1U << counter_bits) - 1;
  static constexpr std::uint64_t max_physical_us = (std::uint64_t{1} << 52) - 1;

  std::uint64_t value = 0;

  /// `us` is clamped to `max_physical_us`, `counter` to 12 bits.
  static HybridTime from_us(std::uint64_t us, std::uint32_t counter = 0) noexcept;
  /// Reads "2026-11-20T12:00:00.123456Z-000". Errors: `bad_request`.
  static Result<HybridTime> parse(std::string_view text);

  std::uint64_t physical_us() const noexcept { return value >> counter_bits; }
  std::uint32_t counter() const noexcept {
    return static_cast<std::uint32_t>(value & counter_mask);
  }
  /// The form that `parse` reads; its text order is the numeric order.
  std::string to_string() const;

  friend bool operator==(HybridTime, HybridTime) noexcept = default;
  friend std::strong_ordering operator<=>(HybridTime, HybridTime) noexcept = default;
};

/// Gives each write a time later than everything that its writer had seen. Not thread-safe; reads
/// no clock itself, `now_us` is handed in.
class HybridClock {
 public:
  HybridClock() = default;
  explicit HybridClock(HybridTime last) : last_(last) {}

  /// The time of a local write: max(now, last + 1).
  HybridTime tick(std::uint64_t now_us) noexcept;
  /// On receipt: last = max(last, remote, now).
  void observe(HybridTime remote, std::uint64_t now_us) noexcept;
  HybridTime last() const noexcept { return last_; }

 private:
  HybridTime last_;
};

/// RFC 3339 in UTC with six fraction digits, e.g. "2026-11-20T12:00:00.123456Z".
std::string format_rfc3339(std::uint64_t us);
/// Reads RFC 3339 with any offset and up to nine fraction digits (cut to microseconds), as
/// microseconds since 1970. Errors: `bad_request` (also before 1970).
Result<std::uint64_t> parse_rfc3339(std::string_view text);

}  // namespace syncline
