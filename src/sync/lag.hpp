// How far one side is behind the other, without counting all of it.
#pragma once

#include <cstdint>

#include "syncline/replica.hpp"

namespace syncline {

struct Lag {
  std::uint64_t changes = 0;
  std::uint64_t bytes = 0;  ///< of records; an estimate where there are many
};

/// What of `replica`'s log a server lacks that holds `server`; `only_own`: of its own changes.
/// Looks at no more than a thousand of them, so that the answer costs the same however many there
/// are.
Lag lag_behind(const Replica& replica, const VectorClock& server, bool only_own);

}  // namespace syncline
