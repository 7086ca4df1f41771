// Merging a snapshot: the log is laid anew, the giver's order first.

#include <algorithm>
#include <deque>
#include <map>

#include "changelog/mutation.hpp"
#include "changelog/replica/impl.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "changelog/replica/snapshot_merge.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& record) {
  return {reinterpret_cast<const std::uint8_t*>(record.data()), record.size()};
}

}  // namespace

bool SnapshotMerge::asked_for(std::string_view table) const {
  return tables_.empty() || std::find(tables_.begin(), tables_.end(), table) != tables_.end();
}

Result<void> SnapshotMerge::read_giver() {
  for (const auto* records : {&snapshot_.rows, &snapshot_.history}) {
    for (const SnapshotRecord& record : *records) {
      auto change = decode_record(bytes_of(record.record));
      if (!change) return change.error();
      if (auto valid = validate(*change); !valid) return valid;
      // A row may be newer than the snapshot's clock; it comes again by pull, with its past.
      const bool is_marker = change->operation == Operation::stable;
      if (!snapshot_.clock.covers(change->dot)) continue;
      if (!is_marker && !asked_for(change->table)) continue;
      if (!is_marker) keep_data(*change);
      if (given_.emplace(change->dot, *change).second) {
        kept_.push_back({record.lsn, *change, false});
      }
    }
  }
  if (mutated(Mutation::snapshot_out_of_order)) return {};
  std::sort(kept_.begin(), kept_.end(),
            [](const Kept& left, const Kept& right) { return left.giver_lsn < right.giver_lsn; });
  return {};
}

/// Where the giver has a stub of what is held here whole, it stays whole.
void SnapshotMerge::keep_data(ChangeView& given) const {
  if (!is_stub(given)) return;
  const Storage& storage = impl_.contents->storage();
  const Lsn lsn = storage.find(given.dot, storage.appended());
  if (lsn != 0 && same_change(storage.view(lsn), given)) given = storage.view(lsn);
}

Result<void> SnapshotMerge::read_own() {
  const Storage& storage = impl_.contents->storage();
  std::vector<Own> own;
  for (Lsn lsn = storage.next_held(0); lsn <= storage.appended(); lsn = storage.next_held(lsn)) {
    const ChangeView change = storage.view(lsn);
    const auto given = given_.find(change.dot);
    const bool same = given != given_.end() && same_change(given->second, change);
    if (!same) own.push_back({change, storage.entry(lsn).skewed()});
  }
  if (auto chosen = choose(own); !chosen) return chosen;
  for (const Own& kept : own) kept_.push_back({0, kept.change, kept.skewed});
  return {};
}

bool SnapshotMerge::outlived(const ChangeView& change) const {
  // Changes that stay may name a marker of which the giver needs nothing any more.
  if (own_storage().markers().is_marker(change)) return false;
  // What the giver has seen and has no longer was replaced or collected there. Of a table that was
  // not asked for, and without a row, it would not be given in any case.
  const bool asked = tables_.empty() || (change.is_row_change() && asked_for(change.table));
  return asked && snapshot_.clock.covers(change.dot);
}

Result<void> SnapshotMerge::choose(std::vector<Own>& own) {
  for (const Own& held : own) {
    if (!given_.contains(held.change.dot)) continue;
    return Error{ErrorCode::dot_mismatch, "the snapshot has other bytes for change " +
                                              to_string(held.change.dot) +
                                              ": two replicas write under one node id"};
  }
  std::erase_if(own, [&](const Own& held) { return outlived(held.change); });
  return {};
}

/// A whole snapshot goes first, in the giver's order: what is left of the receiver's log was unseen
/// by the giver, so it comes later in each origin. A part of one interleaves with what the receiver
/// has of the same origins; there the times tell an order that causality agrees with.
void SnapshotMerge::put_in_order() {
  if (tables_.empty()) return put_markers_in_order();
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

/// Own markers that the giver has no more: each goes before what it has later of the same origin.
void SnapshotMerge::put_markers_in_order() {
  const auto is_old_marker = [&](const Kept& kept) {
    return kept.giver_lsn == 0 && kept.change.operation == Operation::stable &&
           snapshot_.clock.covers(kept.change.dot);
  };
  std::map<NodeId, std::deque<Kept>> old_markers;  // each origin's in the order of their seqs
  for (const Kept& kept : kept_) {
    if (is_old_marker(kept)) old_markers[kept.change.dot.origin].push_back(kept);
  }
  if (old_markers.empty()) return;
  std::erase_if(kept_, is_old_marker);
  std::vector<Kept> ordered;
  ordered.reserve(kept_.size());
  const auto put = [&](std::deque<Kept>& markers, Sequence before) {
    for (; !markers.empty() && markers.front().change.dot.seq < before; markers.pop_front()) {
      markers.front().giver_lsn = ordered.empty() ? 1 : ordered.back().giver_lsn;
      ordered.push_back(markers.front());
    }
  };
  const auto put_all = [&] {
    for (auto& [origin, markers] : old_markers) put(markers, std::numeric_limits<Sequence>::max());
    old_markers.clear();
  };
  for (const Kept& kept : kept_) {
    if (kept.giver_lsn == 0) put_all();
    const auto of_origin = old_markers.find(kept.change.dot.origin);
    if (of_origin != old_markers.end()) put(of_origin->second, kept.change.dot.seq);
    ordered.push_back(kept);
  }
  put_all();
  kept_ = std::move(ordered);
}

Result<void> SnapshotMerge::check_age() const {
  const std::uint64_t own = own_storage().markers().applied_number();
  if (snapshot_.stable_number >= own || mutated(Mutation::older_snapshot_taken)) return {};
  return Error{ErrorCode::bad_request,
               "the snapshot's stable marker is number " + std::to_string(snapshot_.stable_number) +
                   " and older than the one applied here, number " + std::to_string(own) +
                   ": it may hold rows that were forgotten here"};
}

void SnapshotMerge::file_all() {
  bool giver_is_filed = false;
  for (const Kept& kept : kept_) {
    if (kept.giver_lsn == 0 && !giver_is_filed) {
      giver_is_filed = true;
      take_chains();
    }
    const std::uint64_t tag = RowTable::tag_of(kept.change.table, kept.change.row_id);
    impl_.file_copy(kept.change, tag, now_us_, kept.skewed);
  }
  if (!giver_is_filed) take_chains();
}

/// What the giver has trimmed it has chained: so what it holds whole is whole here as well.
void SnapshotMerge::take_chains() {
  if (!tables_.empty()) return;
  for (const auto& [id, chain] : snapshot_.chains) {
    const Sequence seq = snapshot_.clock.get(id);
    OriginProgress& origin = impl_.contents->progress_of(id);
    if (origin.chained >= seq) continue;
    origin.begin_chain({seq, chain});
    origin.in_log = std::max(origin.in_log, seq);
    origin.summary = std::max(origin.summary, seq);
  }
}

void SnapshotMerge::inherit_origins() {
  for (const auto& [id, before] : old_->origins) {
    if (replaces(id)) continue;
    OriginProgress& origin = impl_.contents->progress_of(id);
    origin.summary = std::max(origin.summary, before->summary);
    origin.in_log = std::max(origin.in_log, before->in_log);
    if (before->chained > origin.chained) {
      origin.take_chain(*before);
    }
  }
  if (tables_.empty()) impl_.raise_summary(snapshot_.clock);
}

void inherit_conflicts(const Contents& old, Contents& state) {
  std::map<std::pair<Dot, Dot>, std::uint64_t> known;
  const Storage& before = old.storage();
  for (std::size_t i = 0; i < old.conflicts.size(); ++i) {
    if (!old.conflicts.is_kept(i)) continue;
    const KeptConflict& kept = old.conflicts[i];
    known[{before.view(kept.parting.local).dot, before.view(kept.parting.remote).dot}] =
        kept.detected_at_us;
  }
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
  const CheckpointState state = impl_.capture({});
  return impl_.options.journal->checkpoint(
      0, [&](const Journal::Visit& emit) { return state.write(emit, true); });
}

Result<void> SnapshotMerge::run() {
  if (auto checked = check_age(); !checked) return checked;
  if (auto read = read_giver(); !read) return read;
  if (auto read = read_own(); !read) return read;
  put_in_order();
  const NodeId old_node = impl_.options.node;
  const HybridClock old_clock = impl_.hybrid_clock;
  old_ = std::move(impl_.contents);
  impl_.begin_log(node(), std::make_unique<Contents>(LogId::generate(impl_.random)));
  impl_.laying_anew = true;
  file_all();
  impl_.laying_anew = false;
  inherit_origins();
  inherit_conflicts(*old_, *impl_.contents);
  impl_.collect_all();  // under the last marker, now that all rows are complete
  impl_.contents->cover_left_out();
  if (mutated(Mutation::merge_snapshot_without_maxima)) keep_old_heads();
  Result<void> done = write_more();
  if (done) done = journal_all();
  if (!done) {
    impl_.begin_log(old_node, std::move(old_));
    impl_.hybrid_clock = old_clock;
    return done;
  }
  impl_.show_log();
  return {};
}

Result<void> Replica::merge(const Snapshot& snapshot, std::span<const std::string> tables) {
  const std::lock_guard maintenance(impl_->maintenance);
  std::unique_lock lock(impl_->mutex);
  if (auto checked = impl_->writable(); !checked) return checked;
  if (auto merged = SnapshotMerge(*impl_, snapshot, tables).run(); !merged) return merged;
  return impl_->release(lock, 0);
}

}  // namespace syncline
