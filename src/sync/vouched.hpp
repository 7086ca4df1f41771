// What a replica that has peers of its own can answer for.
#pragma once

#include <optional>

#include "syncline/replica.hpp"

namespace syncline {

/// What `replica` and all replicas that registered with it hold durably, as far as they have told
/// and it was kept: the `vouched` of its heartbeats. nullopt if nobody has registered with it.
std::optional<VectorClock> vouched_clock(const Replica& replica);

}  // namespace syncline
