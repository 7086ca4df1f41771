// Filing a change: the merge itself. Which heads a row has is decided here, and nowhere else.

#include <algorithm>
#include <cstring>

#include "changelog/conflicts/rebase_conflict.hpp"
#include "changelog/mutation.hpp"
#include "changelog/replica/impl.hpp"
#include "changelog/replica/mutants.hpp"
#include "changelog/winner/greatest.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// How a change lies to the heads of its row.
struct Placement {
  Verdict verdict = Verdict::applied;
  Lsn previous_of_row = 0;
  Lsn before = 0;
  std::vector<Lsn> partings;  ///< changes with which it makes conflicts
};

Placement place_beside(const Storage& storage, const ChangeView& change, Lsn newest,
                       std::span<const Lsn> heads, Lsn visible) {
  Placement placement{Verdict::applied, newest, visible, {}};
  bool concurrent = false;
  bool differs = false;
  bool saw_head = false;
  for (const Lsn lsn : heads) {
    const ChangeView head = storage.front(lsn);
    if (storage.saw(head, change.dot)) return {Verdict::superseded, newest, 0, {}};
    if (storage.saw(change, head.dot)) {
      saw_head = true;
      continue;
    }
    concurrent = true;
    differs = differs || !ConflictDetector::same_outcome(head, change);
  }
  if (concurrent) {
    placement.verdict = differs ? Verdict::conflict : Verdict::convergent;
    // Who saw a head goes on with one side: nothing that lies here has seen that head as well, so
    // nothing has the same past. Only who saw none may part here, and has to look back.
    const bool reported = differs || !mutated(Mutation::convergent_unreported);
    if (!saw_head && reported) placement.partings = find_partings(storage, newest, change);
  }
  return placement;
}

Lsn append(Storage& storage, const ChangeView& change, const Placement& placement,
           std::uint64_t now_us, bool skewed, const Restored* known) {
  if (known != nullptr && known->kept_at != 0) {
    storage.append_kept(change, known->filing, known->kept_at);
    return known->kept_at;
  }
  if (known != nullptr) return storage.append(change, known->filing);
  return storage.append(
      change, {now_us, placement.verdict, placement.before, placement.previous_of_row, skewed});
}

Lsn choose_visible(const Storage& storage, const ConflictPolicy& policy, const PartedRow& row) {
  if (row.heads.size() == 1) return row.heads.front();
  Heads heads;
  for (const Lsn lsn : row.heads) heads.push_back(storage.front(lsn));
  return row.heads[policy.decide(std::span(heads.data(), heads.size()), nullptr).winner];
}

/// The heads that stay beside `change`, and `change` itself.
void replace_heads(const Storage& storage, PartedRow& row, const ChangeView& change, Lsn lsn) {
  const auto seen = [&](Lsn head) { return storage.saw(change, storage.front(head).dot); };
  row.heads.erase(std::remove_if(row.heads.begin(), row.heads.end(), seen), row.heads.end());
  row.heads.push_back(lsn);
  if (mutated(Mutation::drop_loser)) {
    row.heads = {choose_visible(storage, lww_policy(), row)};
  }
}

void extend_chain(OriginProgress& origin, const ChangeView& change) {
  const Sequence seq = change.dot.seq;
  if (seq == origin.chained + 1) origin.extend_chain(chain_hash(origin.chain, change));
  origin.in_log = std::max(origin.in_log, seq);
  if (seq == origin.summary + 1) origin.summary = seq;
}

}  // namespace

OriginProgress& Contents::progress_of(const NodeId& origin) {
  if (last_progress != nullptr && last_origin == origin) return *last_progress;
  std::unique_ptr<OriginProgress>& progress = origins[origin];
  if (progress == nullptr) progress = std::make_unique<OriginProgress>();
  last_origin = origin;
  last_progress = progress.get();
  return *progress;
}

void Contents::cover_left_out() {
  const auto* last = storage().markers().applied();
  if (last == nullptr) return;
  for (const auto& [id, origin] : origins) {
    storage().origins().cover(id, std::min(origin->summary, last->marker.vector.get(id)));
  }
}

RowOrder& Contents::order_of(std::string_view table) {
  if (last_order != nullptr && last_table == table) return *last_order;
  auto found = tables.find(table);
  if (found == tables.end()) {
    found = tables.emplace(std::string(table), std::make_unique<RowOrder>(storage())).first;
  }
  last_table = found->first;
  last_order = found->second.get();
  return *last_order;
}

Verdict Replica::Impl::file(const ChangeView& change, const RowKey& key, const RowLookup& row,
                            std::uint64_t now_us, bool skewed, const Restored* known) {
  Contents& state = *contents;
  Storage& storage = state.storage();
  // What is put back does not move the clock: a checkpoint tells it, and it may have been set back.
  const bool unseen = mutated(Mutation::clock_not_merged) && change.dot.origin != options.node;
  if (known == nullptr && !unseen) hybrid_clock.observe(change.hlc, now_us);
  OriginProgress& origin = state.progress_of(change.dot.origin);
  // What lies before the log's beginning is in the origin's numbers already.
  const bool is_kept = known != nullptr && known->kept_at != 0;
  if (!change.is_row_change()) {  // markers and voids concern no row
    const Lsn lsn = append(storage, change, {}, now_us, skewed, known);
    const bool newest = change.operation == Operation::stable && storage.markers().add(change, lsn);
    if (!is_kept) extend_chain(origin, change);
    if (change.operation == Operation::void_) storage.markers().note_named(change.stable, lsn);
    if (known == nullptr && has_metadata(change)) note_rebased(change, key.tag);
    if (mutated(Mutation::void_replaces_heads)) replace_by_void(*this, change);
    if (newest && known == nullptr && !laying_anew) apply_marker(now_us);
    return Verdict::applied;
  }

  Verdict verdict = Verdict::applied;
  const bool existed = row.exists();
  const bool erased = row.known && !existed;
  bool exists = change.operation != Operation::erase;
  if (row.slot == nullptr) {
    const Lsn lsn = append(storage, change, {}, now_us, skewed, known);
    state.rows.add(key.tag).set(key.tag, lsn, storage.last_position(), false);
    state.order_of(key.table).add(lsn);
  } else if (!row.slot->parted() && storage.saw(change, row.visible.dot)) {
    const Lsn head = row.slot->head();
    const Placement placement{Verdict::applied, head, head, {}};
    const Lsn lsn = append(storage, change, placement, now_us, skewed, known);
    row.slot->set(key.tag, lsn, storage.last_position(), false);
  } else {
    verdict = file_beside(change, key, *row.slot, now_us, skewed, known);
    const PartedRow& parted = state.rows.parted(*row.slot);
    exists = storage.front(parted.visible).operation != Operation::erase;
  }
  if (!is_kept) extend_chain(origin, change);
  const Lsn filed_at = is_kept ? known->kept_at : storage.appended();
  storage.markers().note_named(change.stable, filed_at);
  if (change.operation == Operation::erase && verdict != Verdict::superseded) {
    state.waiting_tombstones.add(change.dot, filed_at);
  }
  state.visible_rows += static_cast<std::uint64_t>(exists) - static_cast<std::uint64_t>(existed);
  state.tombstones += static_cast<std::uint64_t>(!exists) - static_cast<std::uint64_t>(erased);
  if (known == nullptr && has_metadata(change)) note_rebased(change, key.tag);
  return verdict;
}

RowSlot& Replica::Impl::add_forgotten(const RowKey& key, Lsn lsn) {
  RowTable& rows = contents->rows;
  RowSlot& slot = rows.add(key.tag);
  slot.set(key.tag, lsn, contents->storage().entry(lsn).position(), false);
  PartedRow& row = rows.part(slot);
  row.heads.clear();
  row.newest = 0;
  row.visible = 0;
  row.key = lsn;
  return slot;
}

void Replica::Impl::note_rebased(const ChangeView& change, std::uint64_t tag) {
  Storage& storage = contents->storage();
  const std::optional<Parting> parting = rebase_parting(storage, change, storage.appended());
  if (!parting) return;
  const RowKey key(change.table, change.row_id, tag);
  RowLookup row = look_up(key);
  // Nothing of the row may be held here, because it was forgotten before the decision or since. Who
  // still has what it was decided against reports it, so everybody does.
  if (row.slot == nullptr) row.slot = &add_forgotten(key, storage.appended());
  if (!row.slot->parted()) contents->rows.part(*row.slot);
  contents->conflicts.add(contents->rows, row.slot->parted_index(), *parting,
                          storage.last_received_ms() * 1000);
}

Verdict Replica::Impl::file_beside(const ChangeView& change, const RowKey& key, RowSlot& slot,
                                   std::uint64_t now_us, bool skewed, const Restored* known) {
  Contents& state = *contents;
  Storage& storage = state.storage();
  PartedRow& row = slot.parted() ? state.rows.parted(slot) : state.rows.part(slot);
  Placement placement;
  if (known == nullptr) {
    placement = place_beside(storage, change, row.newest, row.heads, row.visible);
  } else {
    placement.verdict = known->filing.verdict;
  }
  const Lsn lsn = append(storage, change, placement, now_us, skewed, known);
  const bool had_siblings = row.heads.size() > 1;
  const bool was_forgotten = row.heads.empty();
  if (was_forgotten) state.order_of(key.table).add(lsn);
  row.newest = lsn;
  slot.set(key.tag, slot.parted_index(), storage.last_position(), true);
  if (placement.verdict != Verdict::superseded) {
    replace_heads(storage, row, change, lsn);
    row.visible = choose_visible(storage, policy_for(options.policies, key.table), row);
  }
  // A settled conflict of a row with one head is changed by nothing but a straggler, or by a change
  // that names it; the rest need not be looked at again.
  const bool plain = placement.verdict == Verdict::applied && !had_siblings && !was_forgotten &&
                     !has_metadata(change);
  if (!row.conflicts.empty() && !plain) row.assessed = false;
  const std::uint64_t detected_at_us = storage.last_received_ms() * 1000;
  for (const Lsn parting : placement.partings) {
    state.conflicts.add(state.rows, slot.parted_index(), {parting, lsn}, detected_at_us);
  }
  return placement.verdict;
}

Verdict Replica::Impl::file_copy(const ChangeView& change, std::uint64_t tag, std::uint64_t now_us,
                                 bool skewed, const Restored* known) {
  const RowKey key(change.table, change.row_id, tag);
  const RowLookup row = change.is_row_change() ? look_up(key) : RowLookup{};
  std::uint8_t* place = contents->storage().reserve(change.record.size());
  std::memcpy(place, change.record.data(), change.record.size());
  const ChangeView copy = view_trusted_record(place);
  return file(copy, RowKey(copy.table, copy.row_id, tag), row, now_us, skewed, known);
}

Result<void> Replica::Impl::journal_changes(std::span<const ChangeView> changes,
                                            std::uint64_t now_us, const SkewRule& skew) {
  if (options.journal == nullptr) return {};
  boost::container::small_vector<JournalEntry, 1> entries;
  Lsn lsn = contents->storage().appended();
  for (const ChangeView& change : changes) {
    entries.push_back({JournalEntryKind::change, ++lsn, now_us, skew.flags(change), change.record});
  }
  return journal_batch({entries.data(), entries.size()});
}

void Replica::Impl::choose_visible_anew() {
  Contents& state = *contents;
  for (std::uint32_t i = 0; i < state.rows.parted_count(); ++i) {
    PartedRow& row = state.rows.parted_at(i);
    row.assessed = false;
    if (row.heads.empty()) continue;
    const ChangeView shown = state.storage().view(row.visible);
    row.visible = choose_visible(state.storage(), policy_for(options.policies, shown.table), row);
    const bool existed = shown.operation != Operation::erase;
    const bool exists = state.storage().view(row.visible).operation != Operation::erase;
    state.visible_rows += static_cast<std::uint64_t>(exists) - static_cast<std::uint64_t>(existed);
    state.tombstones += static_cast<std::uint64_t>(existed) - static_cast<std::uint64_t>(exists);
  }
}

}  // namespace syncline
