// Listing conflicts, explaining them, settling them.

#include <algorithm>

#include "changelog/replica/impl.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

bool matches(const ConflictQuery& query, const KeptConflict& kept, const ChangeView& parted) {
  const Assessment& assessment = kept.assessment;
  if (query.status && *query.status != assessment.status) return false;
  if (query.kind && *query.kind != assessment.kind) return false;
  if (!query.table.empty() && query.table != parted.table) return false;
  if (!query.row_id.empty() && query.row_id != parted.row_id) return false;
  if (query.since_us && kept.detected_at_us < *query.since_us) return false;
  return !query.winner || *query.winner == assessment.winner;
}

Error not_found(const ConflictId& id) {
  return {ErrorCode::conflict_not_found, "there is no conflict " + to_string(id)};
}

}  // namespace

ConflictSummary Replica::Impl::summarise(std::size_t index) {
  Contents& state = *contents;
  const Storage& storage = state.storage();
  state.conflicts.assess_row(storage, state.rows, state.conflicts[index].row, rules());
  const KeptConflict& kept = state.conflicts[index];
  const ChangeView parted = storage.view(kept.parting.local);
  ConflictSummary summary;
  summary.id = state.conflicts.id_of(storage, options.tenant, index);
  summary.kind = kept.assessment.kind;
  summary.status = kept.assessment.status;
  summary.table = parted.table;
  summary.row_id = parted.row_id;
  summary.winner_dot = state.conflicts.winner_of(storage, index);
  return summary;
}

std::optional<std::span<const std::uint32_t>> Replica::Impl::conflicts_of_row(
    const ConflictQuery& query) const {
  if (query.table.empty() || query.row_id.empty()) return std::nullopt;
  const RowLookup row = look_up(RowKey(query.table, query.row_id));
  if (row.slot == nullptr || !row.slot->parted()) return std::span<const std::uint32_t>();
  return contents->rows.parted(*row.slot).conflicts;
}

ConflictPage Replica::conflicts(const ConflictQuery& query) const {
  const std::shared_lock lock(impl_->mutex);
  const std::lock_guard assessing(impl_->assessing);
  Contents& state = *impl_->contents;
  const auto of_row = impl_->conflicts_of_row(query);
  const std::size_t count = of_row ? of_row->size() : state.conflicts.size();
  ConflictPage page;
  std::size_t bytes = 0;
  for (std::size_t at = of_row ? 0 : query.after; at < count; ++at) {
    const std::size_t i = of_row ? (*of_row)[at] : at;
    if (i < query.after || !state.conflicts.is_kept(i)) continue;
    state.conflicts.assess_row(state.storage(), state.rows, state.conflicts[i].row, impl_->rules());
    const KeptConflict& kept = state.conflicts[i];
    if (!matches(query, kept, state.storage().view(kept.parting.local))) continue;
    if (page.conflicts.size() == query.limit || bytes >= query.max_bytes) {
      page.next = i;
      break;
    }
    page.conflicts.push_back(
        state.conflicts.report(state.storage(), state.rows, impl_->rules(), i));
    const ConflictReport& report = page.conflicts.back();
    bytes += report.local.data.size() + report.remote.data.size() + report.base_data.size();
  }
  return page;
}

Result<ConflictReport> Replica::conflict(const ConflictId& id) const {
  const std::shared_lock lock(impl_->mutex);
  const std::lock_guard assessing(impl_->assessing);
  Contents& state = *impl_->contents;
  const auto index = state.conflicts.find(state.storage(), impl_->rules(), id);
  if (!index) return not_found(id);
  state.conflicts.assess_row(state.storage(), state.rows, state.conflicts[*index].row,
                             impl_->rules());
  return state.conflicts.report(state.storage(), state.rows, impl_->rules(), *index);
}

ConflictStatistics Replica::conflict_statistics() const {
  constexpr std::uint64_t hour_us = 3'600'000'000;
  const std::shared_lock lock(impl_->mutex);
  const std::lock_guard assessing(impl_->assessing);
  Contents& state = *impl_->contents;
  ConflictStatistics statistics;
  std::map<std::uint64_t, std::uint64_t> by_hour;
  for (std::size_t i = 0; i < state.conflicts.size(); ++i) {
    if (!state.conflicts.is_kept(i)) continue;
    state.conflicts.assess_row(state.storage(), state.rows, state.conflicts[i].row, impl_->rules());
    const KeptConflict& kept = state.conflicts[i];
    const ChangeView parted = state.storage().view(kept.parting.local);
    ++statistics.total;
    ++statistics.by_kind[std::string(to_string(kept.assessment.kind))];
    ++statistics.by_status[std::string(to_string(kept.assessment.status))];
    ++statistics.by_winner[std::string(to_string(kept.assessment.winner))];
    ++statistics.by_table[std::string(parted.table)];
    ++statistics.by_policy[std::string(policy_for(impl_->options.policies, parted.table).name())];
    ++by_hour[kept.detected_at_us / hour_us];
  }
  for (const auto& [hour, count] : by_hour) {
    const std::string time = format_rfc3339(hour * hour_us);
    statistics.by_hour[time.substr(0, time.find('.')) + "Z"] = count;
  }
  statistics.not_kept = state.conflicts.not_kept();
  return statistics;
}

namespace {

/// The change that a settlement picks; nullopt if it brings a value of its own.
Result<std::optional<Change>> picked(const ConflictReport& report, const Settlement& settlement,
                                     const Heads& heads) {
  const auto side = [](const Change& change, Lsn lsn) -> Result<std::optional<Change>> {
    if (lsn != 0) return std::optional(change);
    return Error{ErrorCode::bad_request, "change " + to_string(change.dot) +
                                             " cannot be picked: its bytes are not held here"};
  };
  switch (settlement.how) {
    case Settlement::How::pick_local:
      return side(report.local, report.local_lsn);
    case Settlement::How::pick_remote:
      return side(report.remote, report.remote_lsn);
    case Settlement::How::data:
    case Settlement::How::erase:
      return std::optional<Change>();
    case Settlement::How::pick_dot:
      break;
  }
  if (settlement.dot == report.local.dot) return side(report.local, report.local_lsn);
  if (settlement.dot == report.remote.dot) return side(report.remote, report.remote_lsn);
  for (const ChangeView& head : heads) {
    if (head.dot == settlement.dot) return std::optional(head.to_change());
  }
  return Error{ErrorCode::bad_request,
               "change " + to_string(settlement.dot) +
                   " cannot be picked: it is neither a tip of this conflict nor a head of the row"};
}

/// True if the writer of the one tip had seen the other one, or the marker that stands for it.
bool saw_tip(const Storage& storage, const Change& later, const Dot& earlier) {
  const log_internal::StableMarkers& markers = storage.markers();
  if (later.context.covers(earlier) || markers.covers(later.stable, earlier)) return true;
  const log_internal::StableMarkers::Entry* marker = markers.find(earlier);
  return marker != nullptr && marker->marker.number <= later.stable;
}

Result<void> check_unsettled(const ConflictReport& report, const Storage& storage,
                             const ConflictPolicy& policy, const Heads& heads) {
  if (report.status == ConflictStatus::open) return {};
  // What a rebase decided lies in one line: there the change that overruled it tells, if any did.
  const bool one_line = saw_tip(storage, report.local, report.remote.dot) ||
                        saw_tip(storage, report.remote, report.local.dot);
  const bool overruled = one_line && report.resolution;
  const bool seen =
      !one_line && std::any_of(heads.begin(), heads.end(), [&](const ChangeView& head) {
        const auto holds = [&](const Dot& dot) {
          return head.dot == dot || storage.saw(head, dot);
        };
        return holds(report.local.dot) && holds(report.remote.dot);
      });
  if (report.status == ConflictStatus::resolved && policy.settles() && !seen && !overruled)
    return {};
  return Error{ErrorCode::conflict_resolved, "conflict " + to_string(report.id) + " is " +
                                                 std::string(to_string(report.status)) +
                                                 " already: " + report.reason};
}

}  // namespace

Result<WriteResult> Replica::resolve(const ConflictId& id, const Settlement& settlement) {
  Impl& impl = *impl_;
  const std::uint64_t now_us = impl.clock.now_us();
  std::unique_lock lock(impl.mutex);
  Contents& state = *impl.contents;
  const auto index = state.conflicts.find(state.storage(), impl.rules(), id);
  if (!index) return not_found(id);
  state.conflicts.assess_row(state.storage(), state.rows, state.conflicts[*index].row,
                             impl.rules());
  const ConflictReport report =
      state.conflicts.report(state.storage(), state.rows, impl.rules(), *index);
  const RowKey key(report.table, report.row_id);
  const Heads heads = impl.heads_of(impl.look_up(key));
  const ConflictPolicy& policy = policy_for(impl.options.policies, report.table);
  if (auto checked = check_unsettled(report, state.storage(), policy, heads); !checked)
    return checked.error();
  auto pick = picked(report, settlement, heads);
  if (!pick) return pick.error();
  if (*pick && is_stub(**pick)) {
    return Error{ErrorCode::bad_request,
                 "change " + to_string((*pick)->dot) +
                     " cannot be picked: only a stub of it is held here, without its data; pick "
                     "it where it was written, or give a value"};
  }

  Metadata metadata{{"resolves", to_string(id)}};
  if (!settlement.note.empty()) metadata["note"] = settlement.note;
  if (!settlement.actor.empty()) metadata["actor"] = settlement.actor;
  Write write{WriteKind::put, report.table, report.row_id, settlement.payload, {{}, &metadata}};
  if (*pick) write.payload = (*pick)->payload();
  // What a rebase keeps of a delete is a void without bytes.
  const bool erases =
      *pick ? (*pick)->format == PayloadFormat::none : settlement.how == Settlement::How::erase;
  if (erases) write.kind = WriteKind::erase;
  const RowToken token = token_of_heads({heads.data(), heads.size()});
  write.options.if_match = token;  // it has seen all heads: that is what settles
  const Lsn before = state.storage().appended();
  auto written = impl.write_one(write, key, now_us, true);
  if (!written) return written;
  if (auto durable = impl.release(lock, before); !durable) return durable.error();
  return written;
}

}  // namespace syncline
