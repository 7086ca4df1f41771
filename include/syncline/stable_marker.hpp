// What every live replica is known to hold.
#pragma once

#include <cstdint>

#include "syncline/dot.hpp"
#include "syncline/hybrid_clock.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline {

/// A stable marker: the change by which a tenant's home says what every live replica holds durably.
/// Whoever has applied it has seen all that `vector` covers.
struct StableMarker {
  std::uint64_t number = 0;  ///< counted from 1
  VectorClock vector;
  HybridTime hlc;
  Dot dot;  ///< of the marker itself
  friend bool operator==(const StableMarker&, const StableMarker&) = default;
};

}  // namespace syncline
