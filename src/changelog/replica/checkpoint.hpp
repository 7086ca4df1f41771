// How a replica stood at one moment, and writing it into a journal.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "changelog/log/storage.hpp"
#include "changelog/replica/checkpoint_entries.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "syncline/journal.hpp"

namespace syncline {

/// What lies before a log's beginning, as far as it is still known.
struct LogBeginning {
  Lsn first = 1;
  std::uint64_t hash_before = 0;
  std::uint64_t received_ms_before = 0;
  VectorClock clock;                        ///< the highest seq of each origin
  std::map<NodeId, ChainPoint> chain_base;  ///< where chains begin to be known
  /// What is still held; null: nothing.
  std::shared_ptr<const log_internal::KeptChanges> kept;
};

/// All of a replica that its changes do not tell. Taken under the replica's lock, written without.
struct CheckpointState {
  Identity identity;
  LogState log;
  std::map<std::string, std::string, std::less<>> properties;
  std::vector<OriginRecord> origins;
  std::vector<ConflictRecord> conflicts;
  std::shared_ptr<const log_internal::KeptChanges> kept;
  std::shared_ptr<const log_internal::Storage> storage;  ///< holds the changes up to `log.last`

  /// Hands the checkpoint's entries to `emit`, in order; `with_changes`: and then the changes.
  /// Errors: those of `emit`.
  Result<void> write(const Journal::Visit& emit, bool with_changes) const;
};

}  // namespace syncline
