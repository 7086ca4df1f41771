// What the log keeps of a change beside its record, in sixteen bytes.
#pragma once

#include <cstdint>

#include "syncline/change_log.hpp"

namespace syncline::log_internal {

/// Where a record lies: segment number and offset in it.
struct Position {
  static constexpr unsigned offset_bits = 22;
  static constexpr unsigned segment_bits = 18;
  static constexpr unsigned bits = offset_bits + segment_bits;
  static constexpr std::uint64_t offset_mask = (std::uint64_t{1} << offset_bits) - 1;

  std::uint64_t value = 0;

  static Position at(std::uint64_t segment, std::uint64_t offset) noexcept {
    return {(segment << offset_bits) | offset};
  }
  std::uint64_t segment() const noexcept { return value >> offset_bits; }
  std::uint64_t offset() const noexcept { return value & offset_mask; }
};

/// Two words of bit fields:
///   first:  position 40 | distance to the row's previous change, low 24
///   second: time of arrival in ms since 1970 43 | verdict 2 | skewed 1 | before elsewhere 1 |
///           distance, high 16
/// The head that the change replaced is nearly always the row's previous change; where it is not,
/// `before elsewhere` says that its LSN follows the record as eight bytes.
class IndexEntry {
 public:
  static constexpr std::uint64_t max_distance = (std::uint64_t{1} << 40) - 1;
  static constexpr std::uint64_t max_received_ms = (std::uint64_t{1} << 43) - 1;

  IndexEntry() = default;
  IndexEntry(Position position, std::uint64_t distance, std::uint64_t received_ms, Verdict verdict,
             bool skewed, bool before_elsewhere) noexcept
      : first_(position.value | (distance << Position::bits)),
        second_(received_ms | (static_cast<std::uint64_t>(verdict) << 43) |
                (std::uint64_t{skewed} << 45) | (std::uint64_t{before_elsewhere} << 46) |
                ((distance >> 24) << 47)) {}

  Position position() const noexcept {
    return {first_ & ((std::uint64_t{1} << Position::bits) - 1)};
  }
  /// How many LSNs back the row's previous change lies; 0: there is none.
  std::uint64_t distance() const noexcept {
    return (first_ >> Position::bits) | ((second_ >> 47) << 24);
  }
  std::uint64_t received_ms() const noexcept { return second_ & max_received_ms; }
  Verdict verdict() const noexcept { return static_cast<Verdict>((second_ >> 43) & 3U); }
  bool skewed() const noexcept { return ((second_ >> 45) & 1U) != 0; }
  bool before_elsewhere() const noexcept { return ((second_ >> 46) & 1U) != 0; }

 private:
  std::uint64_t first_ = 0;
  std::uint64_t second_ = 0;
};
static_assert(sizeof(IndexEntry) == 16);

}  // namespace syncline::log_internal
