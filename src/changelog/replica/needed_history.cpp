#include "changelog/replica/needed_history.hpp"

#include <algorithm>

#include "changelog/conflicts/row_history.hpp"
#include "changelog/mutation.hpp"

namespace syncline {

Lsn NeededHistory::from(const PartedRow& row) const {
  Lsn oldest = std::numeric_limits<Lsn>::max();
  for (const std::uint32_t index : row.conflicts) {
    const Parting& parting = impl_.contents->conflicts[index].parting;
    oldest = std::min({oldest, parting.local, parting.remote});
  }
  return seal_of(impl_.contents->storage(), row.newest, oldest);
}

bool NeededHistory::needs(const ChangeView& change, Lsn lsn) {
  const Storage& storage = impl_.contents->storage();
  if (change.operation == Operation::stable) {
    return storage.markers().is_marker(change) && !mutated(Mutation::snapshot_no_markers);
  }
  if (!change.is_row_change()) return needs_void(change, lsn);
  if (!storage.markers().covers(change.dot)) {
    return !mutated(Mutation::snapshot_without_history);
  }
  if (mutated(Mutation::base_of_heads_only)) return false;
  const RowLookup row = impl_.look_up(RowKey(change.table, change.row_id));
  if (row.slot == nullptr) return false;  // forgotten
  const bool parted = row.slot->parted();
  const Lsn newest = parted ? impl_.contents->rows.parted(*row.slot).newest : row.slot->head();
  if (newest == 0) return false;  // forgotten; only a void tells of it
  const auto [begin, added] = begins_.try_emplace(newest, 0);
  if (added) {
    constexpr Lsn any = std::numeric_limits<Lsn>::max();
    begin->second =
        parted ? from(impl_.contents->rows.parted(*row.slot)) : seal_of(storage, newest, any);
  }
  return lsn >= begin->second;
}

bool NeededHistory::needs_void(const ChangeView& change, Lsn lsn) const {
  if (!impl_.contents->storage().markers().covers(change.dot)) return true;
  if (change.table.empty()) return false;
  const RowLookup row = impl_.look_up(RowKey(change.table, change.row_id));
  if (row.slot == nullptr || !row.slot->parted()) return false;
  const std::vector<std::uint32_t>& conflicts = impl_.contents->rows.parted(*row.slot).conflicts;
  return std::any_of(conflicts.begin(), conflicts.end(), [&](std::uint32_t index) {
    const Parting& parting = impl_.contents->conflicts[index].parting;
    return parting.local == lsn || parting.remote == lsn;
  });
}

}  // namespace syncline
