// Snapshots of a replica, and what comes of going on from another one's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "syncline/change.hpp"
#include "syncline/change_log.hpp"

namespace syncline {

/// One record of a snapshot with its place in the giver's log.
struct SnapshotRecord {
  Lsn lsn = 0;
  std::string record;
};

/// All that one needs to go on from where another replica is. An owning value.
struct Snapshot {
  NodeId giver;
  LogId log_id;
  Lsn lsn = 0;  ///< the giver's log ends here; where pulling goes on
  std::uint64_t running_hash = 0;
  VectorClock clock;  ///< the giver's summary there
  /// Number and vector of the stable marker that the giver had applied.
  std::uint64_t stable_number = 0;
  VectorClock stable_clock;
  /// The giver's chain hashes at `clock`, of the origins that it holds whole.
  std::map<NodeId, std::uint64_t> chains;
  std::vector<SnapshotRecord> rows;  ///< heads, tombstones included, in (table, row_id) order
  /// Superseded changes that are not stable, or that a reported conflict needs; voids; markers.
  std::vector<SnapshotRecord> history;
};

/// What is known of one's own changes before a rebase.
struct RebaseOptions {
  /// Origins under whose dots the giver is known to hold other changes; with each, the seq up to
  /// which its changes are known to be the same. Others are found by bytes and chain hashes.
  std::map<NodeId, Sequence> contested;
  /// What is written anew is not dated after this, unless it has to be to come after what is kept:
  /// for a replica whose clock is known to be ahead.
  std::optional<HybridTime> latest;
};

/// What became of the changes that could not stay as they were.
struct RebaseResult {
  NodeId before;  ///< the replica's id before, and from now on: another one, if its own origin is
  NodeId after;   ///< contested
  std::size_t rewritten = 0;  ///< changes written anew
  std::size_t voided = 0;     ///< voids that keep the bytes of what lost, or is left to the app
  std::size_t delivered = 0;  ///< changes that somebody else had written anew, or said the same
  /// What the policy leaves to the app, which may write it again: as it was.
  std::vector<Change> handed_to_app;
};

}  // namespace syncline
