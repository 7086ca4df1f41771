// Merging a snapshot: the log is laid anew, the giver's order first.

#include <algorithm>
#include <map>

#include "changelog/mutation.hpp"
#include "changelog/replica/impl.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& record) {
  return {reinterpret_cast<const std::uint8_t*>(record.data()), record.size()};
}

/// A change that goes into the new log.
struct Kept {
  Lsn giver_lsn = 0;
  ChangeView change;
  bool skewed = false;
};

}  // namespace

/// The work of one merge: a new log beside the old one, which is restored if anything fails.
class SnapshotMerge {
 public:
  SnapshotMerge(Replica::Impl& impl, const Snapshot& snapshot, std::span<const std::string> tables)
      : impl_(impl), snapshot_(snapshot), tables_(tables), now_us_(impl.clock.now_us()) {}

  Result<void> run();

 private:
  bool asked_for(std::string_view table) const {
    return tables_.empty() || std::find(tables_.begin(), tables_.end(), table) != tables_.end();
  }
  Result<void> read_giver();
  Result<void> read_own();
  void put_in_order();
  void file_all();
  void inherit_origins();
  void inherit_conflicts();
  void keep_old_heads();
  Result<void> journal_all() const;

  Replica::Impl& impl_;
  const Snapshot& snapshot_;
  std::span<const std::string> tables_;
  std::uint64_t now_us_;
  std::vector<Kept> kept_;
  std::map<Dot, ChangeView> given_;  ///< all that the giver has
  std::unique_ptr<Contents> old_;    ///< the receiver's contents before
};

Result<void> SnapshotMerge::read_giver() {
  for (const auto* records : {&snapshot_.rows, &snapshot_.history}) {
    for (const SnapshotRecord& record : *records) {
      auto change = decode_record(bytes_of(record.record));
      if (!change) return change.error();
      if (auto valid = validate(*change); !valid) return valid;
      // A row may be newer than the snapshot's clock; it comes again by pull, with its past.
      if (!snapshot_.clock.covers(change->dot) || !asked_for(change->table)) continue;
      if (given_.emplace(change->dot, *change).second) {
        kept_.push_back({record.lsn, *change, false});
      }
    }
  }
  std::sort(kept_.begin(), kept_.end(),
            [](const Kept& left, const Kept& right) { return left.giver_lsn < right.giver_lsn; });
  return {};
}

Result<void> SnapshotMerge::read_own() {
  const Storage& storage = impl_.contents->storage();
  for (Lsn lsn = storage.first(); lsn <= storage.appended(); ++lsn) {
    const ChangeView change = storage.view(lsn);
    if (const auto given = given_.find(change.dot); given != given_.end()) {
      if (std::ranges::equal(given->second.record, change.record)) continue;
      return Error{ErrorCode::dot_mismatch, "the snapshot has other bytes for change " +
                                                to_string(change.dot) +
                                                ": two replicas write under one node id"};
    }
    // What the giver has seen and has no longer was replaced or collected there.
    const bool asked = !change.is_row_change() || asked_for(change.table);
    if (asked && tables_.empty() && snapshot_.clock.covers(change.dot)) continue;
    kept_.push_back({0, change, storage.entry(lsn).skewed()});
  }
  return {};
}

/// A whole snapshot goes first, in the giver's order: what is left of the receiver's log was unseen
/// by the giver, so it comes later in each origin. A part of one interleaves with what the receiver
/// has of the same origins; there the times tell an order that causality agrees with.
void SnapshotMerge::put_in_order() {
  if (tables_.empty()) return;
  std::map<Dot, HybridTime> times;  // by origin and seq
  for (const Kept& kept : kept_) times[kept.change.dot] = kept.change.hlc;
  HybridTime last;
  NodeId origin;
  for (auto& [dot, time] : times) {  // a faulty origin's times might go back: seqs do not
    last = dot.origin == origin ? std::max(last, time) : time;
    origin = dot.origin;
    time = last;
  }
  std::sort(kept_.begin(), kept_.end(), [&](const Kept& left, const Kept& right) {
    const HybridTime left_time = times.at(left.change.dot);
    const HybridTime right_time = times.at(right.change.dot);
    return left_time != right_time ? left_time < right_time : left.change.dot < right.change.dot;
  });
}

void SnapshotMerge::file_all() {
  for (const Kept& kept : kept_) {
    const std::uint64_t tag = RowTable::tag_of(kept.change.table, kept.change.row_id);
    impl_.file_copy(kept.change, tag, now_us_, kept.skewed);
  }
}

void SnapshotMerge::inherit_origins() {
  for (const auto& [id, before] : old_->origins) {
    OriginProgress& origin = impl_.contents->progress_of(id);
    origin.summary = std::max(origin.summary, before->summary);
    origin.in_log = std::max(origin.in_log, before->in_log);
    if (before->chained > origin.chained) {
      origin.chained = before->chained;
      origin.chain = before->chain;
      origin.checkpoints = before->checkpoints;
    }
  }
  if (tables_.empty()) impl_.raise_summary(snapshot_.clock);
}

/// A conflict that was known keeps the time of its detection and the side that is called local.
void SnapshotMerge::inherit_conflicts() {
  std::map<std::pair<Dot, Dot>, std::uint64_t> known;
  const Storage& before = old_->storage();
  for (std::size_t i = 0; i < old_->conflicts.size(); ++i) {
    const KeptConflict& kept = old_->conflicts[i];
    known[{before.view(kept.parting.local).dot, before.view(kept.parting.remote).dot}] =
        kept.detected_at_us;
  }
  Contents& state = *impl_.contents;
  for (std::size_t i = 0; i < state.conflicts.size(); ++i) {
    const Parting parting = state.conflicts[i].parting;
    const Dot local = state.storage().view(parting.local).dot;
    const Dot remote = state.storage().view(parting.remote).dot;
    if (const auto same = known.find({local, remote}); same != known.end()) {
      state.conflicts.inherit(i, parting, same->second);
    } else if (const auto other = known.find({remote, local}); other != known.end()) {
      state.conflicts.inherit(i, {parting.remote, parting.local}, other->second);
    }
  }
}

/// Only for the mutant of that name: what both sides had as heads stays a head.
void SnapshotMerge::keep_old_heads() {
  Contents& state = *impl_.contents;
  old_->rows.for_each([&](const RowSlot& slot) {
    std::vector<Lsn> heads{slot.head()};
    if (slot.parted()) heads = old_->rows.parted(slot).heads;
    for (const Lsn head : heads) {
      const ChangeView change = old_->storage().view(head);
      const RowLookup row = impl_.look_up(RowKey(change.table, change.row_id));
      const Lsn lsn = state.storage().find(change.dot, state.storage().appended());
      if (row.slot == nullptr || lsn == 0) continue;
      PartedRow& parted =
          row.slot->parted() ? state.rows.parted(*row.slot) : state.rows.part(*row.slot);
      if (std::find(parted.heads.begin(), parted.heads.end(), lsn) == parted.heads.end()) {
        parted.heads.push_back(lsn);
      }
    }
  });
}

Result<void> SnapshotMerge::journal_all() const {
  if (impl_.options.journal == nullptr) return {};
  const Storage& storage = impl_.contents->storage();
  const std::string identity = encode_identity({impl_.options.node, storage.id()});
  const std::string summary = encode_clock(impl_.summary());
  const auto bytes = [](const std::string& text) {
    return std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  std::vector<JournalEntry> entries;
  entries.push_back({JournalEntryKind::identity, 0, 0, false, bytes(identity)});
  for (Lsn lsn = storage.first(); lsn <= storage.appended(); ++lsn) {
    entries.push_back({JournalEntryKind::change, lsn, now_us_, storage.entry(lsn).skewed(),
                       storage.view(lsn).record});
  }
  entries.push_back({JournalEntryKind::summary, 0, 0, false, bytes(summary)});
  return impl_.options.journal->append(entries);
}

Result<void> SnapshotMerge::run() {
  if (auto read = read_giver(); !read) return read;
  if (auto read = read_own(); !read) return read;
  put_in_order();
  old_ = std::move(impl_.contents);
  impl_.begin_log(impl_.options.node, std::make_unique<Contents>(LogId::generate(impl_.random)));
  file_all();
  inherit_origins();
  inherit_conflicts();
  if (mutated(Mutation::merge_snapshot_without_maxima)) keep_old_heads();
  if (auto kept = journal_all(); !kept) {
    impl_.begin_log(impl_.options.node, std::move(old_));
    return kept;
  }
  impl_.show_log();
  return {};
}

Result<void> Replica::merge(const Snapshot& snapshot, std::span<const std::string> tables) {
  std::unique_lock lock(impl_->mutex);
  if (auto checked = impl_->writable(); !checked) return checked;
  if (auto merged = SnapshotMerge(*impl_, snapshot, tables).run(); !merged) return merged;
  return impl_->release(lock, 0);
}

}  // namespace syncline
