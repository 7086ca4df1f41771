#include "changelog/replica/mutants.hpp"

#include <algorithm>

#include "syncline/record.hpp"

namespace syncline {

void apply_markers_early(Replica::Impl& impl, std::span<const std::string_view> records) {
  for (const std::string_view record : records) {
    const auto change =
        decode_record({reinterpret_cast<const std::uint8_t*>(record.data()), record.size()});
    if (!change || change->operation != Operation::stable) continue;
    Storage& storage = impl.contents->storage();
    storage.markers().add(*change, storage.appended());
    impl.collect_all();
  }
}

void replace_by_void(Replica::Impl& impl, const ChangeView& change) {
  if (change.operation != Operation::void_ || change.table.empty()) return;
  Contents& state = *impl.contents;
  const RowLookup row = impl.look_up(RowKey(change.table, change.row_id));
  const Heads heads = impl.heads_of(row);
  const bool saw_all = std::all_of(heads.begin(), heads.end(), [&](const ChangeView& head) {
    return state.storage().saw(change, head.dot);
  });
  if (heads.empty() || !saw_all) return;
  if (row.slot->parted()) {
    PartedRow& parted = state.rows.parted(*row.slot);
    parted.heads.clear();
    parted.visible = 0;
    parted.assessed = false;
  } else {
    state.rows.erase(*row.slot);
  }
  --(row.exists() ? state.visible_rows : state.tombstones);
  state.order_of(change.table).note_gone();
}

}  // namespace syncline
