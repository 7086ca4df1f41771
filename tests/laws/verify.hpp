// Does a replica say what the graph says?
#pragma once

#include <string>

#include "laws/oracle.hpp"
#include "syncline/replica.hpp"

namespace syncline::laws {

/// How to look at a replica.
struct Look {
  const Replica& replica;
  const Graph& graph;
  const ChangeSet& held;  ///< what the replica is known to hold
  /// The log was laid anew by a snapshot: its order is no longer that of arrival.
  bool relaid = false;
};

/// What the replica has otherwise than the graph, in words; empty if all is as it must be: summary,
/// log, rows with winner and siblings, conflicts with all that is said of them.
std::string difference(const Look& look);

/// All that a replica shows of itself in one string, to see that something changed nothing.
std::string fingerprint(const Replica& replica);

/// The nine kinds of conflicts, written out.
ConflictKind kind_in_table(Operation local, Operation remote);

/// A short name of a change: its origin's last byte and its seq.
std::string short_name(const Dot& dot);

}  // namespace syncline::laws
