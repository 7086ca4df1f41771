// How far a long transfer has got.
#pragma once

#include <cstdint>

namespace syncline {

enum class SyncPhase : std::uint8_t {
  snapshot,  ///< the rows of a server whose log is long
  pull,      ///< changes from the server
  push,      ///< changes to the server
};

/// Of one round. Totals are what was known at the last answer; 0: not known.
struct SyncProgress {
  SyncPhase phase = SyncPhase::pull;
  std::uint64_t changes_done = 0;
  std::uint64_t changes_total = 0;
  std::uint64_t bytes_done = 0;  ///< of records, not of what went over the wire
  std::uint64_t bytes_total = 0;
};

}  // namespace syncline
