// What a checkpoint told of the log, until the log has been replayed as far as it goes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "changelog/log/storage.hpp"
#include "changelog/replica/checkpoint_entries.hpp"

namespace syncline {

/// A change that is filed again the way it was, not merged.
struct Restored {
  ChangeLog::Filing filing;
  Lsn kept_at = 0;  ///< not 0: it lies before the log's beginning, under this LSN
};

/// A checkpoint on its way back. Origins and conflicts are put in their places when the change
/// `log.last` was filed; the changes up to there take their filings from here.
struct PendingRestore {
  LogState log;
  bool begun = false;  ///< the log was begun: all origins are known
  std::vector<OriginRecord> origins;
  std::vector<ConflictRecord> conflicts;
  std::string filings;
  std::size_t filings_read = 0;

  /// How the change at `lsn`, the next one, was filed. Errors: `internal`.
  Result<ChangeLog::Filing> next_filing(Lsn lsn);
};

}  // namespace syncline
