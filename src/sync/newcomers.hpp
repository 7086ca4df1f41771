// Replicas that come for the first time when something is stable already.
#pragma once

#include "sync/messages.hpp"
#include "sync/peers.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// That a change was written before stable marker `number` was applied: `depends`.
Error before_marker(std::uint64_t number);

/// A push without what a newcomer may not hand over.
struct NewcomerPush {
  PushRequest request;   ///< the rest; what was refused is among its malformed ones
  Sequence applied = 0;  ///< the first own change that was written with the marker applied; 0: none
};

/// Takes out of a newcomer's push its own changes that it wrote before it had applied the marker
/// that there was when it came: they may rest on rows that were collected since. Each is refused
/// with `depends`, member `newcomer` being the marker's number. Requires `peer.joined_at_marker`.
NewcomerPush withhold_of_newcomer(const PushRequest& request, const Peer& peer,
                                  const Replica& replica);

/// True if `replica` has changes of its own that a server may not take from a newcomer: written
/// before marker `number` was applied, and not held by who holds `server`.
bool has_changes_before_marker(const Replica& replica, std::uint64_t number,
                               const VectorClock& server);

}  // namespace syncline
