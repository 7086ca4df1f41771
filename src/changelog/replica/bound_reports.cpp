// Letting old conflict reports go.

#include <algorithm>

#include "changelog/conflicts/row_history.hpp"
#include "changelog/replica/impl.hpp"

namespace syncline {
namespace {

// A marker is applied under the lock, so it looks at a part of what is too much.
constexpr std::size_t reports_at_once = 1'024;

}  // namespace

/// True if nothing can open the conflict again: a stable change saw both sides, and whatever is or
/// comes saw that change; or the row was forgotten.
bool Replica::Impl::is_closed(const KeptConflict& conflict) const {
  const PartedRow& row = contents->rows.parted_at(conflict.row);
  if (row.heads.empty()) return true;
  const Lsn later = std::max(conflict.parting.local, conflict.parting.remote);
  constexpr Lsn any = std::numeric_limits<Lsn>::max();
  return seal_of(contents->storage(), row.newest, any) > later;
}

void Replica::Impl::bound_reports(std::uint64_t now_us) {
  ConflictStore& conflicts = contents->conflicts;
  const std::uint64_t age_ms = std::min(now_us / 1000, options.max_conflict_report_age_ms);
  const std::uint64_t oldest_us = now_us - age_ms * 1000;
  std::size_t at = conflicts.bounded_up_to();
  for (std::size_t looked = 0; looked < reports_at_once; ++looked, ++at) {
    while (at < conflicts.size() && !conflicts.is_kept(at)) ++at;
    const bool too_many = conflicts.kept() > options.max_conflict_reports;
    const bool too_old = at < conflicts.size() && conflicts[at].detected_at_us < oldest_us;
    if (at >= conflicts.size() || !(too_many || too_old)) {
      at = 0;  // the next time begins with those that could not go
      break;
    }
    if (is_closed(conflicts[at])) drop_report(at);
  }
  conflicts.set_bounded_up_to(at);
}

void Replica::Impl::drop_report(std::size_t index) {
  Contents& state = *contents;
  const KeptConflict& conflict = state.conflicts[index];
  const ChangeView change = state.storage().front(conflict.parting.local);
  const RowLookup row = look_up(RowKey(change.table, change.row_id));
  state.conflicts.drop(state.storage(), state.rows, index, options.tenant);
  if (!row.known && state.rows.parted(*row.slot).conflicts.empty()) state.rows.erase(*row.slot);
}

}  // namespace syncline
