// Whether a snapshot that a caller gives may be merged.
#pragma once

#include <set>

#include "sync/peers.hpp"
#include "syncline/replica.hpp"
#include "syncline/snapshot.hpp"

namespace syncline {

/// A merge drops what the giver's clock covers and the giver does not hold any more. The clock is
/// only said, so this looks for the ground of each loss: no row's head of `replica` goes unless the
/// snapshot has a change that saw it, or a later stable marker under which it was collected. What
/// `giver` wrote before it joined is refused as in a push.
/// If the replica goes by the snapshot where the two differ, `contested` are the origins of which
/// it does not hold the same: their changes are not looked at, and those of which a head would go
/// without a ground are added instead of refused.
/// Errors: `invalid_change`; `dot_mismatch` with member `origin` (such a head); `unavailable` (a
/// row was written while the snapshot was read: give it anew); `depends` with member `newcomer`;
/// `bad_request` (the clock tells more of `replica` itself than that has written).
Result<void> check_upload(const Replica& replica, const Snapshot& snapshot, const Peer& giver,
                          std::set<NodeId>* contested = nullptr);

}  // namespace syncline
