// The append-only log of one replica, and reading it.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "syncline/change.hpp"

namespace syncline {

/// How the merge of a change went at this replica. The numbers are stored and frozen.
enum class Verdict : std::uint8_t {
  applied = 0,     ///< it saw every head and became the only one
  superseded = 1,  ///< a head had seen it already: history
  convergent = 2,  ///< concurrent with a head that says the same
  conflict = 3,    ///< concurrent with a head that says something else
};

std::string_view to_string(Verdict verdict) noexcept;

/// One change and what this log knows of it. `change` points into the log: it is valid as long as
/// the `LogReader` (or page) that gave it.
struct LogEntry {
  Lsn lsn = 0;
  std::uint64_t received_at_us = 0;  ///< when it arrived here, to the millisecond; never decreases
  Verdict verdict = Verdict::applied;
  /// The head that was visible before it: its payload is the *before* image. 0 if there was none.
  /// The log may hold it no more: see `LogReader::holds`.
  Lsn before_lsn = 0;
  bool skewed = false;  ///< its time, or its sender's clock, was off by more than the drift allowed
  ChangeView change;
};

/// Which changes to read. Empty lists mean all.
struct ReadOptions {
  Lsn after = 0;  ///< only changes with a greater LSN
  std::size_t limit = 1000;
  std::size_t max_bytes = std::numeric_limits<std::size_t>::max();  ///< of records; one always fits
  /// After looking at so many the page ends where no transaction is cut, be it empty: a filter that
  /// matches little shall not make one read as long as the log.
  std::size_t max_examined = std::numeric_limits<std::size_t>::max();
  std::vector<std::string> tables;
  std::vector<std::string> exclude_tables;
  std::vector<Operation> operations;
  std::vector<NodeId> origins;
  std::optional<std::string> row_id;               ///< with exactly one table
  std::optional<std::uint64_t> received_from_us;   ///< inclusive
  std::optional<std::uint64_t> received_until_us;  ///< exclusive
  bool include_markers = true;  ///< stable markers and voids, which concern no row
  /// What somebody holds already: changes that it covers are passed over.
  const VectorClock* not_covered_by = nullptr;
  /// Whose own changes are passed over.
  std::optional<NodeId> except_origin;
};

namespace log_internal {
class Storage;
struct BlockSummary;
}  // namespace log_internal

/// A consistent prefix of a log, as long as at the moment when it was made. Cheap to make and to
/// copy; never blocks and is never blocked by appends; keeps the memory it shows alive.
/// Thread-safe.
class LogReader {
 public:
  LogReader(std::shared_ptr<const log_internal::Storage> storage, LogId id) noexcept;

  Lsn first_lsn() const noexcept;  ///< the oldest there is; last_lsn() + 1 if there is none
  Lsn last_lsn() const noexcept { return last_lsn_; }
  LogId log_id() const noexcept { return id_; }
  /// Hash over the order of all changes up to `lsn`: tells two logs apart that share a prefix.
  /// Requires first_lsn() - 1 <= lsn <= last_lsn().
  std::uint64_t running_hash(Lsn lsn) const noexcept;
  /// True if the change is there: from `first_lsn()` on all are, and of those before it the ones
  /// that rows and conflicts still need. False for 0.
  bool holds(Lsn lsn) const noexcept;
  /// Requires holds(lsn).
  LogEntry at(Lsn lsn) const noexcept;
  /// Fills `out` with the entries from `from` on, in order, and returns how many there were.
  std::size_t read(Lsn from, std::span<LogEntry> out) const noexcept;
  /// The first LSN that arrived at or after `time_us`; last_lsn() + 1 if there is none.
  Lsn first_received_since(std::uint64_t time_us) const noexcept;
  /// The LSN of the change named `dot`, 0 if it is not here. By index.
  Lsn find(const Dot& dot) const;
  /// The highest seq of each origin among the changes up to `lsn`. Requires lsn >= first_lsn() - 1.
  VectorClock clock_at(Lsn lsn) const;
  /// What the block of changes around `lsn` holds, for filtered reads. Requires an LSN from
  /// `first_lsn()` on.
  const log_internal::BlockSummary& block_of(Lsn lsn) const noexcept;

 private:
  std::shared_ptr<const log_internal::Storage> storage_;
  LogId id_;
  Lsn last_lsn_ = 0;
};

/// What a filtered read found. Owns a reader, so its entries stay valid as long as it lives.
struct ReadPage {
  LogReader reader;
  std::vector<LogEntry> entries;
  /// The last LSN that was delivered or passed over by the filter: where to go on.
  Lsn examined = 0;
  bool has_more = false;  ///< there are changes above `examined`
};

/// Reads by filter, skipping whole blocks that hold nothing of what is asked for. Never cuts a
/// transaction, unless a table filter does.
/// Errors: `bad_request` if `row_id` is given without exactly one table.
Result<ReadPage> read_log(const LogReader& reader, const ReadOptions& options);

/// Numbers about a log.
struct LogStatistics {
  std::uint64_t changes = 0;  ///< that are held
  std::uint64_t bytes = 0;    ///< of their records
  std::uint64_t rows = 0;     ///< visible
  std::uint64_t tombstones = 0;
  Lsn current_lsn = 0;
  Lsn oldest_lsn = 0;  ///< where the log begins; some changes from before it may be held as well
  std::uint64_t oldest_received_us = 0;  ///< of that change; 0 if the log is empty
  std::uint64_t newest_received_us = 0;
  std::uint64_t memory_bytes = 0;  ///< all that the replica holds, records and indexes
};

/// The append-only sequence of a replica's changes: records in large segments and sixteen bytes of
/// index a change. Appending is for one writer at a time (the replica, under its lock); readers run
/// beside it. `Replica` owns one; use it directly only for a log without rows.
class ChangeLog {
 public:
  /// How a change is filed, beside its record.
  struct Filing {
    std::uint64_t received_at_us = 0;
    Verdict verdict = Verdict::applied;
    Lsn before_lsn = 0;
    Lsn previous_of_row =
        0;  ///< the change of the same row that lies before it in this log, 0 if none
    bool skewed = false;
  };

  explicit ChangeLog(LogId id);
  ~ChangeLog();
  ChangeLog(const ChangeLog&) = delete;
  ChangeLog& operator=(const ChangeLog&) = delete;

  /// Copies a valid record in and files it under the next LSN. Not visible before `publish`.
  /// Requires that changes of one origin come in the order of their seqs.
  Lsn append(const ChangeView& change, const Filing& filing);
  /// Makes everything appended so far visible to readers, at once.
  void publish();

  LogReader reader() const;
  LogId id() const noexcept { return id_; }
  /// Gives the log another id; readers that there are keep the one they were made with.
  void rename(LogId id) noexcept { id_ = id; }
  Lsn last_lsn() const noexcept;  ///< published
  log_internal::Storage& storage() noexcept { return *storage_; }
  const log_internal::Storage& storage() const noexcept { return *storage_; }
  std::shared_ptr<const log_internal::Storage> shared_storage() const noexcept;
  /// Goes on with a storage that was made of its own and holds the same changes, or fewer of the
  /// oldest. For the writer; readers that there are keep the one they have.
  void replace(std::shared_ptr<log_internal::Storage> storage) noexcept;

 private:
  std::shared_ptr<log_internal::Storage> storage_;
  LogId id_;
};

}  // namespace syncline
