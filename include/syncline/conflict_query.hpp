// Asking for conflicts, counting them, and saying how one is settled.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "syncline/conflict.hpp"

namespace syncline {

struct ConflictQuery {
  std::optional<ConflictStatus> status;  ///< nullopt: all
  std::optional<ConflictKind> kind;
  std::string table;                      ///< empty: all
  std::string row_id;                     ///< empty: all
  std::optional<std::uint64_t> since_us;  ///< detected at or after
  std::optional<ConflictWinner> winner;
  std::uint64_t after = 0;  ///< `next` of the page before
  std::size_t limit = 100;
  /// Of payloads in the page's reports; one report always fits.
  std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
};
struct ConflictPage {
  std::vector<ConflictReport> conflicts;  ///< in the order of detection here
  std::optional<std::uint64_t> next;
};

/// How a person or program settles a conflict.
struct Settlement {
  enum class How : std::uint8_t { pick_local, pick_remote, pick_dot, data, erase };
  How how = How::pick_local;
  Dot dot;          ///< with pick_dot: one of the row's heads or tips
  Payload payload;  ///< with data
  std::string note;
  std::string actor;
};

struct ConflictStatistics {
  std::uint64_t total = 0;
  std::map<std::string, std::uint64_t> by_kind;
  std::map<std::string, std::uint64_t> by_status;
  std::map<std::string, std::uint64_t> by_winner;
  std::map<std::string, std::uint64_t> by_table;
  std::map<std::string, std::uint64_t> by_policy;
  std::map<std::string, std::uint64_t> by_hour;  ///< of detection, "2026-11-20T12:00:00Z"
  std::uint64_t not_kept = 0;                    ///< counted, but too many, or too old, to be kept
};

}  // namespace syncline
