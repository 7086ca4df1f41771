// Forgetting deleted rows: see docs/conflict-model.md, "Stability".

#include <algorithm>
#include <mutex>

#include "changelog/mutation.hpp"
#include "changelog/replica/impl.hpp"

namespace syncline {
namespace {

// How much is done under one holding of the lock: a millisecond or two.
constexpr std::size_t tombstones_at_once = 2'048;
constexpr std::size_t ordered_rows_at_once = 8'192;

}  // namespace

bool Replica::Impl::is_forgettable(Lsn head) const {
  const ChangeView change = contents->storage().front(head);
  return change.operation == Operation::erase && contents->storage().markers().covers(change.dot);
}

/// All heads being covered, so is everything that they saw: the row has no tail. One head that is
/// not covered has not seen the base, or has seen it and stands in its place; then the row stays.
void Replica::Impl::collect_row(Lsn tombstone) {
  Contents& state = *contents;
  const Storage& storage = state.storage();
  if (!storage.holds(tombstone)) return;
  const ChangeView change = storage.front(tombstone);
  const RowKey key(change.table, change.row_id);
  const RowLookup row = look_up(key);
  if (!row.known) return;
  if (!row.slot->parted()) {
    if (row.slot->head() != tombstone) return;
    state.rows.erase(*row.slot);
  } else {
    PartedRow& parted = state.rows.parted(*row.slot);
    const bool all = std::all_of(parted.heads.begin(), parted.heads.end(),
                                 [&](Lsn head) { return is_forgettable(head); });
    const bool shown = mutated(Mutation::collect_beside_sibling) && is_forgettable(parted.visible);
    if (!all && !shown) return;
    parted.heads.clear();
    parted.visible = 0;
    parted.assessed = false;
    if (parted.conflicts.empty()) state.rows.erase(*row.slot);
  }
  --state.tombstones;
  state.order_of(key.table).note_gone();
}

bool Replica::Impl::collect(std::size_t at_most) {
  const log_internal::StableMarkers::Entry* marker = contents->storage().markers().applied();
  if (marker == nullptr) return false;
  const VectorClock stable =
      mutated(Mutation::collect_uncovered) ? summary() : marker->marker.vector;
  return contents->waiting_tombstones.take_covered(stable, at_most,
                                                   [this](Lsn lsn) { collect_row(lsn); });
}

void Replica::Impl::apply_marker(std::uint64_t now_us) {
  bound_reports(now_us);
  collecting = true;
  // Few as they nearly always are, they are gone before the next change is looked at.
  if (!collect(tombstones_at_once)) collecting = tidying_due();
}

bool Replica::Impl::tidying_due() const {
  return std::any_of(contents->tables.begin(), contents->tables.end(),
                     [](const auto& table) { return table.second->mostly_gone(); });
}

void Replica::Impl::collect_all() {
  collect(std::numeric_limits<std::size_t>::max());
  collecting = tidying_due();
}

void Replica::Impl::go_on_collecting() {
  for (bool more = true; more; mutex.give_way()) {
    const std::unique_lock lock(mutex);
    more = collect(tombstones_at_once);
  }
  std::string table;
  RowOrder::Place place;
  for (bool more = true; more; mutex.give_way()) {
    const std::unique_lock lock(mutex);
    more = tidy(table, place);
  }
}

/// A part of the walk over the tables in which most of the ordered rows are gone.
bool Replica::Impl::tidy(std::string& name, RowOrder::Place& place) {
  auto table = contents->tables.lower_bound(name);
  if (table != contents->tables.end() && table->first != name) place = {};
  while (table != contents->tables.end() && !table->second->mostly_gone()) {
    place = {};
    ++table;
  }
  if (table == contents->tables.end()) return false;
  name = table->first;
  const Storage& storage = contents->storage();
  const bool more = table->second->repoint(place, ordered_rows_at_once, [&](Lsn lsn) {
    return look_up(RowKey(name, storage.front(lsn).row_id)).known ? lsn : 0;
  });
  if (!more) table->second->note_tidied();
  return true;
}

}  // namespace syncline
