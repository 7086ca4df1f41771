// Replicas that come for the first time when something is stable already.
#pragma once

#include <optional>
#include <vector>

#include "sync/messages.hpp"
#include "sync/peers.hpp"
#include "syncline/replica.hpp"
#include "syncline/tenant.hpp"

namespace syncline {

/// What counts for a replica that comes to `tenant` for the first time, without having registered
/// with the home. Where the home is another node, `tenant`'s one may have answered for all that it
/// holds: the home calls that stable, and rows are collected before the newcomer has seen them.
Arrival arrival_of(const RegisterRequest& request, const Tenant& tenant, std::uint64_t marker);

/// True if there may be changes of `peer` that are not taken.
bool is_newcomer(const Peer& peer) noexcept;

/// Why a newcomer's own change, which is not held by `replica`, is not taken: it was written before
/// the marker that there was when it came was applied, or missed something of its row that
/// `replica` held when it came (`Peer::joined_at`). nullopt: it is.
std::optional<Error> too_early(const ChangeView& change, const Peer& peer, const Replica& replica);

/// A push without what a newcomer may not hand over.
struct NewcomerPush {
  PushRequest request;   ///< the rest; what was refused is among its malformed ones
  Sequence applied = 0;  ///< the first own change that was written with the marker applied; 0: none
};

/// Takes out of a newcomer's push its own changes that it wrote too early, and those after them:
/// they may rest on rows that were collected since; and those of replicas that were given up, for
/// which nobody waits. Each is refused with `depends`, member
/// `newcomer` being the number of the marker that it has to know. Requires `is_newcomer(peer)`.
NewcomerPush withhold_of_newcomer(const PushRequest& request, const Peer& peer,
                                  const Replica& replica, const PeerTable& peers);

/// True if `replica` holds changes of `origin` that a server may not take from a newcomer: written
/// before marker `number` was applied, and not held by who holds `server`.
bool has_changes_before_marker(const Replica& replica, const NodeId& origin, std::uint64_t number,
                               const VectorClock& server);

/// Of which origins a newcomer has such changes: its own, also under ids that it gave up. Where it
/// `came_back` after it, or the server that it asks, had been given up, those of others count as
/// well: somebody behind it, for whom nobody waited either, wrote them, has them still and writes
/// them anew.
std::vector<NodeId> early_origins(const Replica& replica, std::uint64_t number,
                                  const VectorClock& server, bool came_back);

}  // namespace syncline
