// Finding out that a caller is an older copy, or one of two that bear the same id.
#pragma once

#include "sync/messages.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// Errors: `bad_request` if `caller` is nil; `replica_rewound` if it is the id of `replica`, which
/// answers.
Result<void> check_named(const NodeId& caller, const Replica& replica);

/// True if both hold `seq` of this origin and something differs up to there.
bool differs(const Replica& replica, const NodeId& origin, const WireClock::Entry& stated);

/// Compares what the caller says to hold with what is known here: rule "identity" of the model.
/// Errors: `replica_rewound` for the caller's own changes, `dot_mismatch` for those of others.
Result<void> check_identity(const RegisterRequest& request, const Replica& replica);

}  // namespace syncline
