// A replica: one tenant's copy on one node. Rows, log, merge, conflicts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/change_log.hpp"
#include "syncline/clock.hpp"
#include "syncline/conflict_query.hpp"
#include "syncline/journal.hpp"
#include "syncline/limits.hpp"
#include "syncline/policy.hpp"
#include "syncline/private_change.hpp"
#include "syncline/random.hpp"
#include "syncline/snapshot.hpp"
#include "syncline/stable_marker.hpp"
#include "syncline/subscription.hpp"

namespace syncline {

/// Names a row's set of heads: what one has seen of it when one reads it. Sixteen hex digits.
using RowToken = std::string;

/// Conditions and notes of one write. Does not own what it points to.
struct WriteOptions {
  /// Only if the row's heads are still those that this token was given for.
  std::optional<std::string_view> if_match;
  /// Stored with the change, e.g. {"actor", "ann"}.
  const Metadata* metadata = nullptr;
};

enum class WriteKind : std::uint8_t {
  put,     ///< insert or update, whichever fits
  insert,  ///< only if there is no such row
  update,  ///< only if there is one
  erase,   ///< only if there is one
};

/// One write of a batch or a transaction. Does not own what it points to.
struct Write {
  WriteKind kind = WriteKind::put;
  std::string_view table;
  std::string_view row_id;
  Payload payload;
  WriteOptions options;
};

struct WriteResult {
  Dot dot;
  Lsn lsn = 0;
  HybridTime hlc;
  Operation operation = Operation::void_;
};

/// What became of a batch of independent writes: those that failed changed nothing.
struct BatchResult {
  struct Failure {
    std::size_t index = 0;
    Error error;
  };
  std::size_t written = 0;
  Lsn first_lsn = 0;  ///< 0 if nothing was written
  Lsn last_lsn = 0;
  std::vector<Failure> failures;
};

/// A row as it is visible now. Its views stay valid as long as it lives.
struct Row {
  LogReader reader;
  /// The visible change; its operation is `erase` for a deleted row. nullopt: never written.
  std::optional<ChangeView> winner;
  Lsn lsn = 0;  ///< of the winner
  /// All heads if there are several, greatest first; empty if there is one.
  std::vector<ChangeView> siblings;

  bool exists() const noexcept { return winner && winner->operation != Operation::erase; }
};

struct RowPage {
  LogReader reader;
  std::vector<Row> rows;            ///< in order of row_id (bytes)
  std::optional<std::string> next;  ///< `after` of the next page; nullopt: there is none
};

struct ScanOptions {
  std::string after;  ///< only greater row ids
  std::size_t limit = 1000;
  bool include_deleted = false;
};

/// Who hands a change over, and on which terms.
struct IntegrateOptions {
  /// Who pushes: its own changes may not be dated too far ahead (`clock_drift`). nil: a pull.
  NodeId pusher;
  /// True for what was pulled by a filter: holes in an origin's seqs are allowed.
  bool allow_gaps = false;
  /// How far the sender's clock was ahead (+) or behind (-) at the last contact, in microseconds.
  std::int64_t sender_clock_offset_us = 0;
  /// The pusher is not the tenant's home: stable markers of its own are refused (`invalid_change`).
  bool refuse_markers_of_pusher = false;
};

/// A change that was not taken, and why.
struct Rejection {
  Dot dot;
  std::size_t index = 0;  ///< in the batch
  Error error;
};

struct ConflictSummary {
  ConflictId id{};
  ConflictKind kind = ConflictKind::update_update;
  ConflictStatus status = ConflictStatus::open;
  std::string table;
  std::string row_id;
  std::optional<Dot> winner_dot;
};

struct IntegrateResult {
  std::size_t received = 0;
  std::size_t applied = 0;  ///< the rows' new only heads
  std::size_t superseded = 0;
  std::size_t duplicates = 0;
  std::size_t convergent = 0;
  std::size_t conflicting = 0;
  std::vector<ConflictSummary> conflicts;  ///< those that the batch gave rise to
  std::vector<Rejection> rejected;
  VectorClock acked;  ///< for every origin in the batch, the highest seq held afterwards
  Lsn lsn = 0;
};

/// A part of a snapshot for transfer in pages. See `Replica::snapshot_page`.
struct SnapshotPosition {
  bool in_history = false;
  std::string table;  ///< while rows are given: the last row given
  std::string row_id;
  Lsn after = 0;  ///< while history is given: the last LSN looked at
  friend bool operator==(const SnapshotPosition&, const SnapshotPosition&) = default;
};
struct SnapshotPage {
  LogReader reader;
  std::vector<LogEntry> rows;
  std::vector<LogEntry> history;
  std::optional<SnapshotPosition> next;
};

/// What an origin's changes are known to be here.
struct OriginState {
  Sequence seq = 0;
  std::uint64_t chain = 0;
  bool whole = false;  ///< no change of it was left out, so `chain` says something
};

/// What a trim did.
struct TrimResult {
  Lsn first_lsn = 0;  ///< where the log begins now
  std::uint64_t dropped_changes = 0;
  std::uint64_t dropped_bytes = 0;  ///< of their records
  std::uint64_t kept_changes = 0;   ///< from before `first_lsn`, that are still needed
};

struct VisibleChecksum {
  std::uint64_t rows = 0;
  std::uint64_t hash = 0;
  friend bool operator==(const VisibleChecksum&, const VisibleChecksum&) = default;
};

/// One tenant's copy on one node: its log, the rows that follow from it, its conflicts.
///
/// Thread-safe: writers queue behind one short lock; readers of the log never block, those of rows
/// share a lock. No thread, no clock of its own. Callbacks run on the writing thread, unlocked.
class Replica {
 public:
  struct Options {
    std::string tenant = "default";    ///< goes into conflict ids
    NodeId node;                       ///< nil: a new one is made (or comes back from the journal)
    Clock* clock = nullptr;            ///< null: the system's. Has to outlive the replica
    Random* random = nullptr;          ///< null: the system's. Has to outlive the replica
    std::shared_ptr<Journal> journal;  ///< null: memory only, nothing survives
    /// The journal is an older copy and does not find that out by itself: go on under new ids.
    bool restored = false;
    PolicySettings policies;
    std::uint64_t settings_version = 1;
    std::size_t max_change_bytes = limits::default_max_change_bytes;
    std::size_t max_batch_changes = limits::default_max_batch_changes;
    std::size_t max_body_bytes = limits::default_max_body_bytes;
    std::uint64_t max_clock_drift_ms = limits::default_max_clock_drift_ms;
    /// Bytes of records that it may hold; a write beyond is refused with `quota_exceeded`.
    std::uint64_t max_log_bytes = std::numeric_limits<std::uint64_t>::max();
    /// Conflict reports that are kept, and for how long, in milliseconds: see limits.hpp.
    std::size_t max_conflict_reports = limits::default_max_conflict_reports;
    std::uint64_t max_conflict_report_age_ms = limits::default_max_conflict_report_age_ms;
    /// Not empty: the plan of this name has no change log, every write is `change_log_disabled`.
    std::string no_change_log_plan;
  };

  /// Errors: `bad_request` for options that make no sense; those of the journal's replay.
  static Result<std::unique_ptr<Replica>> open(Options options);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // Identity and settings.
  const std::string& tenant() const noexcept;
  /// Stays the same for as long as the data are kept, except by `reidentify` and `rebase`.
  NodeId node() const noexcept;
  LogId log_id() const;
  /// Goes on under a new node id and a new log id: for one that was found to be an older copy of
  /// itself. Its changes, and what others hold of them, stay as they are. Errors: `unavailable`.
  Result<void> reidentify();
  PolicySettings policies() const;
  std::uint64_t settings_version() const;
  void set_policies(PolicySettings policies, std::uint64_t version);
  std::uint64_t max_clock_drift_ms() const;
  void set_max_clock_drift_ms(std::uint64_t drift_ms);
  /// What a plan allows: see the options of the same names.
  void set_plan_limits(std::uint64_t max_log_bytes, std::string no_change_log_plan);
  std::uint64_t max_log_bytes() const;
  /// Errors: `change_log_disabled` if the plan has no change log.
  Result<void> writable() const;
  std::size_t max_change_bytes() const noexcept;
  std::size_t max_batch_changes() const noexcept;
  std::size_t max_body_bytes() const noexcept;

  // Writing. A write has seen all heads that the row has here. Errors: `invalid_change`,
  // `precondition_failed` (insert of a row that exists; `if_match`), `row_not_found` (update or
  // erase of one that does not), `conflict_open` (the policy is `causal`, the row has siblings, and
  // no `if_match` shows that they were seen), `too_large`, `quota_exceeded`, `change_log_disabled`,
  // `unavailable` (the journal failed). A failed write changes nothing; only where the journal had
  // taken it and could not make it durable, which is `unavailable` as well, is the outcome open.
  Result<WriteResult> put(std::string_view table, std::string_view row_id, Payload payload,
                          const WriteOptions& options = {});
  Result<WriteResult> insert(std::string_view table, std::string_view row_id, Payload payload,
                             const WriteOptions& options = {});
  Result<WriteResult> update(std::string_view table, std::string_view row_id, Payload payload,
                             const WriteOptions& options = {});
  Result<WriteResult> erase(std::string_view table, std::string_view row_id,
                            const WriteOptions& options = {});
  /// Independent writes, one after the other, under one lock and visible at once.
  BatchResult write_batch(std::span<const Write> writes);
  /// All or none, visible at once here and wherever it is replicated to.
  /// Errors: as above with member `index`; `too_large` beyond max_batch_changes or max_body_bytes.
  Result<std::vector<WriteResult>> transaction(std::span<const Write> writes);

  /// Writes a void, which has no effect on rows and travels to every replica, to tell them what
  /// `metadata` says. Errors: `invalid_change`, `quota_exceeded`, `change_log_disabled`,
  /// `unavailable`.
  Result<WriteResult> append_note(const Metadata& metadata);

  /// Makes everything durable that was written here, whatever the journal's durability: for a
  /// program that is about to be suspended or ended. Errors: `unavailable`.
  Result<void> flush();

  // Reading rows.
  Row get(std::string_view table, std::string_view row_id) const;
  /// Never-written rows have a token, too: that of no heads.
  RowToken token(std::string_view table, std::string_view row_id) const;
  static RowToken token_of(const Row& row);
  RowPage scan(std::string_view table, const ScanOptions& options = {}) const;
  std::vector<std::string> tables() const;  ///< sorted
  /// All changes of the row that the log has, newest (greatest LSN) first, below `before` if given.
  std::vector<LogEntry> history(const LogReader& reader, std::string_view table,
                                std::string_view row_id, std::size_t limit, Lsn before = 0) const;
  VisibleChecksum visible_checksum() const;

  // Reading the log.
  LogReader log() const;
  Result<ReadPage> read(const ReadOptions& options) const;
  /// The lowest LSN that holds a change which `clock` does not cover; last + 1 if there is none.
  Lsn first_lsn_not_covered(const VectorClock& clock) const;
  /// The last LSN that may leave this node: durable and published.
  Lsn releasable_lsn() const;
  LogStatistics statistics() const;
  /// Drops changes with an LSN less than `before` from the log and its journal, as far as whole
  /// segments of them go. Kept are, without being in the log any more, what rows and conflicts
  /// need: of each row the last change from before the new beginning; of rows that ever had
  /// siblings all, or what follows the last one that everybody has seen; where stable markers are
  /// applied, what is not stable. So rows, conflicts and their reports stay as they are, and so do
  /// those of changes to come, if these saw what was dropped. Who lacks that takes a snapshot.
  /// Takes long; holds up no readers, and writers for milliseconds at a time. Errors: `unavailable`
  /// (the journal failed); then nothing was dropped.
  Result<TrimResult> trim(Lsn before);
  /// Calls `callback(last_lsn)` after each append, on the appending thread, without a lock held.
  Subscription subscribe(std::function<void(Lsn)> callback);

  // Replication.
  VectorClock summary() const;
  OriginState origin(const NodeId& origin) const;
  /// The chain hash of `origin` after `seq`; nullopt if that change is not here or not whole.
  std::optional<std::uint64_t> chain_at(const NodeId& origin, Sequence seq) const;
  HybridTime last_hlc() const;
  /// What this replica's own clock says, in microseconds since 1970, right or wrong.
  std::uint64_t wall_time_us() const;
  /// The time now as a hybrid time that is not behind what was seen.
  HybridTime now() const;
  /// Merges foreign changes given as records, in order. Each is taken, found a duplicate, or
  /// refused with the rest of its origin and what depends on it; the result says which.
  IntegrateResult integrate(std::span<const std::string_view> records,
                            const IntegrateOptions& options = {});
  /// Raises the summary to `clock`: what it covers was applied here or kept back by a filter. This
  /// replica's own entry is left alone. Errors: `unavailable` (the journal failed).
  Result<void> cover(const VectorClock& clock);

  // Stability: see docs/conflict-model.md.
  /// Says that every live replica holds durably what `stable` covers, by a marker with the next
  /// number. For the home alone, and it must be true: deleted rows are forgotten on this word.
  /// Errors: `bad_request` (less than the last one, more than is held, nothing new), of writing.
  Result<WriteResult> append_stable_marker(const VectorClock& stable);
  std::optional<StableMarker> stable_marker() const;  ///< the applied one, of the highest number

  // Small things that are kept beside the changes and survive with them, by name: what peers
  // acknowledged, cursors in other logs. A change of one is in the journal behind everything that
  // was appended before it, and becomes durable with the next append that does, or a flush.
  /// nullopt takes it away. Errors: `too_large` (see limits.hpp), `unavailable`.
  Result<void> set_property(std::string_view name, std::optional<std::string_view> value);
  std::optional<std::string> property(std::string_view name) const;
  /// All whose names begin with `prefix`.
  std::map<std::string, std::string> properties(std::string_view prefix) const;

  // Snapshots.
  /// `tables`: empty for all.
  Snapshot snapshot(std::span<const std::string> tables = {}) const;
  /// Where a paged snapshot begins; the records are empty.
  Snapshot snapshot_header() const;
  SnapshotPage snapshot_page(const SnapshotPosition& from, std::size_t limit, std::size_t max_bytes,
                             std::span<const std::string> tables, Lsn up_to) const;
  /// Keeps of both sides what the other has not seen, then the maximal changes. The log is laid
  /// anew, in the giver's order first, under a new log id. `tables` as in `snapshot`: others are
  /// left alone. Errors: `invalid_change`, `dot_mismatch` (other bytes under a dot that is held
  /// here), `bad_request` (the giver has applied an older stable marker); then nothing was changed.
  Result<void> merge(const Snapshot& snapshot, std::span<const std::string> tables = {});

  /// Merges a snapshot of a replica whose word counts where the two hold different changes under
  /// one dot. Of such contested origins, what was not delivered is taken out of the log and written
  /// anew, or decided and kept in a void: docs/conflict-model.md, "Rebase". If this replica's own
  /// origin is contested it goes on under a new node id; the log has a new id in any case. What was
  /// written anew need not be a transaction any more; its order is kept. A crash leaves the old
  /// state or the new one. Errors: `invalid_change`, `unavailable`; then nothing was changed.
  Result<RebaseResult> rebase(const Snapshot& giver, std::span<const std::string> tables = {},
                              const RebaseOptions& options = {});

  /// Lets go of all rows and changes of these tables, as if they had never come here; what was seen
  /// of them stays in the summary, so that they come back by a snapshot only. The log is laid anew
  /// under a new log id. A crash leaves the old state or the new one. Does nothing where there is
  /// none of these tables. Errors: `precondition_failed` if `delivered`, which is what somebody
  /// else is known to hold durably, lacks one of their changes; `unavailable`; then nothing was
  /// changed.
  Result<void> drop_tables(std::span<const std::string> tables, const VectorClock& delivered);

  // Own changes are private, and may still get another form under their dots, until they are first
  // sent, and again if the only log they went to refused them for good; after a restart none is.
  /// To be called before own changes up to `up_to` leave the node, or a place in the log behind
  /// them is given out: they are about to go to the log called `log` (empty: to somebody without a
  /// name). True if some of them were private until now: then what was read before has to be read
  /// again, since it may have got another form meanwhile.
  bool mark_sent(Sequence up_to, std::string_view log) const;
  /// The log called `log` refused the own change `seq` for good, with all that come after it.
  void refused(Sequence seq, std::string_view log);
  /// The first own change that is private, if there is any; else the next one to be written.
  Sequence private_from() const;
  /// Dates all private changes anew, in the same order: after everything else that is held here,
  /// and not before now, or before `latest` if that is earlier (for a clock that is known to be
  /// wrong). The log is laid anew on disk, so it takes a while. Errors: `unavailable`; then nothing
  /// was changed.
  Result<RestampResult> restamp_private(std::optional<HybridTime> latest = std::nullopt);
  /// Takes the named changes back, as far as they are private, each with the rest of its
  /// transaction: a void gets its number, rows and conflicts are as if it had not been written, and
  /// it goes to the list below. Errors: `quota_exceeded` (the list is full: 10,000), `unavailable`;
  /// then nothing was changed.
  Result<VoidResult> void_private(std::span<const Rejection> rejections);
  /// What was taken back, by origin and seq, until the app discards it; survives restarts.
  std::vector<RejectedChange> rejected_changes() const;
  /// Takes a change off that list. Durable as a property is. Errors: `not_found`, `unavailable`.
  Result<void> discard_rejected(const Dot& dot);

  // Conflicts.
  ConflictPage conflicts(const ConflictQuery& query = {}) const;
  /// Errors: `conflict_not_found`.
  Result<ConflictReport> conflict(const ConflictId& id) const;
  ConflictStatistics conflict_statistics() const;
  /// Writes a change that saw all heads and closes the conflict here and, replicated, everywhere.
  /// Errors: `conflict_not_found`; `conflict_resolved` unless it is open, or an automatic policy
  /// decided it and no head saw both tips; those of writing.
  Result<WriteResult> resolve(const ConflictId& id, const Settlement& settlement);

  struct Impl;  ///< not for users; open to the library's own files

 private:
  explicit Replica(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline
