// The stable marker that a replica has applied, as the wire tells it.
#pragma once

#include "sync/messages.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// Number 0 and an empty vector: there is none so far.
inline StableState stable_state(const Replica& replica) {
  StableState state;
  if (const std::optional<StableMarker> marker = replica.stable_marker()) {
    state.number = marker->number;
    state.clock = marker->vector;
  }
  return state;
}

}  // namespace syncline
