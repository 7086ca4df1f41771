// What every live replica holds, and when the home says so.
#pragma once

#include <cstdint>

#include "sync/peers.hpp"
#include "sync/stable_state.hpp"
#include "syncline/tenant.hpp"

namespace syncline {

/// How often the home appends a stable marker at most, in microseconds: each is a change that goes
/// to every replica, and what waits for it has time.
inline constexpr std::uint64_t default_marker_interval_us = 60'000'000;

/// What this replica and every peer that counts hold durably, as far as they have told.
VectorClock stable_clock(const Replica& replica, const PeerTable& peers);

/// If the tenant's home is here, and more is stable than the last marker covers, and that is not
/// only markers: appends one, unless the last is younger than `interval_us`. Keeps before what the
/// peers acknowledged, since the marker rests on it. Also lets replicas come back that were given
/// up once all others know of it. True if a marker was appended. Errors: those of
/// `Replica::append_stable_marker`; then it is tried again the next time.
Result<bool> advance_stability(Tenant& tenant, PeerTable& peers, std::uint64_t now_us,
                               std::uint64_t interval_us);

}  // namespace syncline
