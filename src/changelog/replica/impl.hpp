// The inside of a replica, shared by the files of this folder.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "changelog/codec/record_writer.hpp"
#include "changelog/conflicts/conflict_store.hpp"
#include "changelog/log/storage.hpp"
#include "changelog/replica/checkpoint.hpp"
#include "changelog/replica/context.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "changelog/replica/origin_progress.hpp"
#include "changelog/replica/private_changes.hpp"
#include "changelog/replica/restore.hpp"
#include "changelog/replica/subscribers.hpp"
#include "changelog/replica/turnstile_mutex.hpp"
#include "changelog/rows/row_order.hpp"
#include "changelog/rows/row_table.hpp"
#include "changelog/rows/waiting_tombstones.hpp"
#include "syncline/replica.hpp"

namespace syncline {

using log_internal::Storage;

/// A row's key with its hash, as it is looked up once and used several times.
struct RowKey {
  std::string_view table;
  std::string_view row_id;
  std::uint64_t tag = 0;

  RowKey(std::string_view table_name, std::string_view id)
      : RowKey(table_name, id, RowTable::tag_of(table_name, id)) {}
  RowKey(std::string_view table_name, std::string_view id, std::uint64_t known_tag)
      : table(table_name), row_id(id), tag(known_tag) {}
};

/// A row at the moment: where it is and which heads it has.
struct RowLookup {
  RowSlot* slot = nullptr;  ///< null: nothing is known of such a row
  /// It has heads. Of a row that was forgotten there may be a slot all the same, for its conflicts.
  bool known = false;
  ChangeView visible;  ///< if it is known: the front of the head that is shown
  bool exists() const noexcept { return known && visible.operation != Operation::erase; }
};

/// Everything that follows from the log: replaced as a whole when a snapshot is merged.
struct Contents {
  explicit Contents(LogId log_id) : log(log_id), rows(log.storage()) {}

  Storage& storage() noexcept { return log.storage(); }
  const Storage& storage() const noexcept { return log.storage(); }

  ChangeLog log;
  RowTable rows;
  std::map<std::string, std::unique_ptr<RowOrder>, std::less<>> tables;
  ConflictStore conflicts;
  boost::unordered_flat_map<NodeId, std::unique_ptr<OriginProgress>, NodeIdHash> origins;
  OriginProgress& progress_of(const NodeId& origin);
  /// What is stable and not in the log was left out of it when it was laid.
  void cover_left_out();
  RowOrder& order_of(std::string_view table);
  std::uint64_t memory_bytes() const;

  std::uint64_t visible_rows = 0;
  std::uint64_t tombstones = 0;
  WaitingTombstones waiting_tombstones;

 private:
  // What was looked up last, since changes come origin by origin and rows table by table.
  NodeId last_origin;
  OriginProgress* last_progress = nullptr;
  std::string_view last_table;
  RowOrder* last_order = nullptr;
};

/// True if the record says anything beside the change. Cheap where there is neither a transaction
/// nor metadata, which is nearly everywhere: then the tail is two nils.
inline bool has_metadata(const ChangeView& change) {
  constexpr std::size_t two_nils = 2;
  return change.tail.size() > two_nils && !change.metadata().empty();
}

using Heads = boost::container::small_vector<ChangeView, 2>;

/// When a change is flagged for its time. By default never.
struct SkewRule {
  std::uint64_t latest_us = std::numeric_limits<std::uint64_t>::max();
  NodeId wrong_clock;  ///< whose clock is known to be wrong

  bool flags(const ChangeView& change) const noexcept {
    return change.hlc.physical_us() > latest_us ||
           (!wrong_clock.is_nil() && change.dot.origin == wrong_clock);
  }
};

/// See `RowToken`.
RowToken token_of_heads(std::span<const ChangeView> heads);

struct Replica::Impl {
  explicit Impl(Options given);

  // Opening (replica.cpp).
  Result<void> begin();
  void begin_log(const NodeId& node, std::unique_ptr<Contents> empty);
  /// Publishes the log and lets readers have it. They do not take the replica's lock.
  void show_log();
  Result<void> journal_bytes(JournalEntryKind kind, std::string_view bytes);
  Result<void> journal_batch(std::span<const JournalEntry> batch);
  /// Goes on under a new node id and a new log id; log and rows stay.
  Result<void> reidentify();
  void take_identity(const Identity& identity);
  void set_property(const std::string& name, std::optional<std::string> value);
  Lsn log_end() const;  ///< of the log that readers get
  Result<void> wait_durable(JournalPosition position);
  void raise_summary(const VectorClock& covered);

  // Coming back from a journal (restore.cpp).
  Result<void> replay(const JournalEntry& entry);
  Result<void> replay_identity(const JournalEntry& entry);
  Result<void> replay_change(const JournalEntry& entry);
  Result<void> replay_summary(const JournalEntry& entry);
  Result<void> replay_property(const JournalEntry& entry);
  Result<void> replay_renaming(const JournalEntry& entry);
  Result<void> replay_log_state(const JournalEntry& entry);
  Result<void> replay_kept(const JournalEntry& entry);
  Result<void> replay_checkpoint_part(const JournalEntry& entry);
  void begin_restored_log();
  Result<void> file_restored(const JournalEntry& entry, std::span<const std::uint8_t> record,
                             Restored known);
  Result<void> restore_conflict(const ConflictRecord& record);
  /// Puts what a checkpoint told in its place. Errors: `internal`, the log does not go so far.
  Result<void> end_replay();

  // Checkpoints (checkpoint.cpp). Any lock is held.
  CheckpointState capture(const LogBeginning& beginning) const;

  // Looking (look.cpp). Any lock is held.
  RowLookup look_up(const RowKey& key) const;
  Heads heads_of(const RowLookup& row) const;
  Row row_of(const RowLookup& row, const LogReader& reader) const;
  OriginProgress* progress(const NodeId& origin) const;
  bool holds(const Dot& dot) const;
  bool is_head(const ChangeView& change, Lsn lsn) const;
  VectorClock summary() const;
  /// See `Replica::private_from`.
  Sequence private_from() const;
  /// See `Replica::chain_at`.
  std::optional<std::uint64_t> chain_at(const NodeId& origin, Sequence seq) const;
  ConflictStore::Rules rules() const { return {options.tenant, options.policies}; }

  // Filing (file.cpp). The lock is held alone.
  /// Files a change whose record lies at the storage's reserved place: log, row, conflicts,
  /// summary, chain.
  /// With `known` it is not merged but put back to where it was, without conflicts.
  Verdict file(const ChangeView& reserved, const RowKey& key, const RowLookup& row,
               std::uint64_t now_us, bool skewed, const Restored* known = nullptr);
  /// The part of `file` for a row that has siblings, had some, or gets one.
  Verdict file_beside(const ChangeView& change, const RowKey& key, RowSlot& slot,
                      std::uint64_t now_us, bool skewed, const Restored* known);
  /// The same as `file` for a record that lies anywhere.
  Verdict file_copy(const ChangeView& change, std::uint64_t tag, std::uint64_t now_us, bool skewed,
                    const Restored* known = nullptr);
  /// The slot for the conflicts of a row of which nothing is known but the void at `lsn`.
  RowSlot& add_forgotten(const RowKey& key, Lsn lsn);
  /// Reports the decision that a change or void says it was written after: see rebased.hpp.
  void note_rebased(const ChangeView& change, std::uint64_t tag);
  Result<void> journal_changes(std::span<const ChangeView> changes, std::uint64_t now_us,
                               const SkewRule& skew = {});
  void choose_visible_anew();

  // Writing (write.cpp). The lock is held alone.
  Result<void> writable() const;
  Result<void> check_size(std::size_t payload_bytes, std::size_t more_bytes) const;
  static Result<Operation> choose_operation(const Write& write, bool exists, bool settling);
  Result<void> check_siblings(const Write& write, std::span<const ChangeView> heads) const;
  /// Everything of a record but its seq and time. `context` holds the encoded context.
  Result<void> prepare(const Write& write, bool exists, std::span<const ChangeView> heads,
                       bool settling, ContextBuffer& context, codec::RecordFields& fields) const;
  /// What a write that has seen `heads` says of that. The context lies in `buffer`.
  void set_context(std::span<const ChangeView> heads, ContextBuffer& buffer,
                   codec::RecordFields& fields) const;
  /// `settling`: the write resolves a conflict, has seen the siblings and may delete what is
  /// deleted.
  Result<WriteResult> write_one(const Write& write, const RowKey& key, std::uint64_t now_us,
                                bool settling = false);
  /// Takes the lock, writes, publishes, and returns when the change is durable.
  Result<WriteResult> write(const Write& write);
  /// Lets the lock go after something was published: wakes subscribers, waits for durability.
  Result<void> release(std::unique_lock<TurnstileMutex>& lock, Lsn before);

  // Stability (stable.cpp). The lock is held.
  /// Errors: `bad_request`, the vector is not one that a marker can have now.
  Result<void> check_stable(const VectorClock& stable) const;
  /// Does what the marker that was just applied sets free, or begins to.
  void apply_marker(std::uint64_t now_us);

  // Letting reports go (bound_reports.cpp). The lock is held alone.
  bool is_closed(const KeptConflict& conflict) const;
  void bound_reports(std::uint64_t now_us);
  void drop_report(std::size_t index);

  // Forgetting deleted rows (collect.cpp). The lock is held alone.
  bool is_forgettable(Lsn head) const;
  /// Forgets the row of this delete if it may be.
  void collect_row(Lsn tombstone);
  /// Looks at no more than `at_most` deletes. False: there are no more that are stable.
  bool collect(std::size_t at_most);
  void collect_all();
  /// Goes on little by little. To be called without the lock.
  void go_on_collecting();
  bool tidying_due() const;
  bool tidy(std::string& name, RowOrder::Place& place);

  // Conflicts (conflicts.cpp).
  ConflictSummary summarise(std::size_t conflict);
  /// The conflicts of the row that is asked for; nullopt if no single row is.
  std::optional<std::span<const std::uint32_t>> conflicts_of_row(const ConflictQuery& query) const;

  Options options;
  NodeId wanted_node;  ///< whose journal it has to be; nil: anybody's
  Clock& clock;
  Random& random;
  std::shared_ptr<Subscribers> subscribers = std::make_shared<Subscribers>();

  /// Held for long by who cuts the log off or lays it anew, one at a time; taken before `mutex`.
  std::mutex maintenance;
  mutable TurnstileMutex mutex;  ///< guards everything below, and the settings in `options`
  mutable std::mutex assessing;  ///< among readers, who bring assessments up to date
  std::unique_ptr<Contents> contents;
  mutable std::mutex shown_mutex;                ///< held for as long as it takes to copy a pointer
  std::shared_ptr<const Storage> shown_storage;  ///< the log that readers get
  LogId shown_log_id;
  HybridClock hybrid_clock;
  std::map<std::string, std::string, std::less<>> properties;
  JournalPosition journaled = 0;            ///< behind the last batch that the journal took
  std::optional<PendingRestore> restoring;  ///< only while a journal is replayed
  bool collecting = false;                  ///< a marker set more free than was done at once
  bool laying_anew = false;  ///< a log is laid anew: rows are incomplete, so none is forgotten
  PrivateChanges privates;
  OriginProgress* own = nullptr;  ///< the progress of this replica's own changes
};

}  // namespace syncline
