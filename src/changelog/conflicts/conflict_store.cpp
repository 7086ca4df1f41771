#include "changelog/conflicts/conflict_store.hpp"

#include <algorithm>

#include "changelog/conflicts/rebase_conflict.hpp"
#include "syncline/limits.hpp"

namespace syncline {

const ConflictPolicy& policy_for(const PolicySettings& settings, std::string_view table) noexcept {
  const ConflictPolicy* policy = find_policy(settings.for_table(table));
  return policy == nullptr ? lww_policy() : *policy;
}

bool ConflictStore::add(RowTable& rows, std::uint32_t row, Parting parting,
                        std::uint64_t detected_at_us) {
  PartedRow& parted = rows.parted_at(row);
  parted.assessed = false;
  if (parted.conflicts.size() >= limits::max_conflicts_per_row) {
    ++parted.conflicts_not_kept;
    ++not_kept_;
    return false;
  }
  parted.conflicts.push_back(static_cast<std::uint32_t>(conflicts_.size()));
  conflicts_.push_back({parting, row, detected_at_us, {}});
  return true;
}

void ConflictStore::restore(RowTable& rows, std::uint32_t row, Parting parting,
                            std::uint64_t detected_at_us, std::uint64_t not_kept) {
  PartedRow& parted = rows.parted_at(row);
  parted.assessed = false;
  parted.conflicts.push_back(static_cast<std::uint32_t>(conflicts_.size()));
  parted.conflicts_not_kept += not_kept;
  not_kept_ += not_kept;
  conflicts_.push_back({parting, row, detected_at_us, {}});
}

void ConflictStore::drop(const log_internal::Storage& storage, RowTable& rows, std::size_t index,
                         std::string_view tenant) {
  if (index < named_) by_id_.erase(id_of(storage, tenant, index));
  PartedRow& parted = rows.parted_at(conflicts_[index].row);
  std::erase(parted.conflicts, static_cast<std::uint32_t>(index));
  ++parted.conflicts_not_kept;
  ++not_kept_;
  ++dropped_;
  conflicts_[index].parting = {};
}

void ConflictStore::assess_row(const log_internal::Storage& storage, RowTable& rows,
                               std::uint32_t row, const Rules& rules) {
  PartedRow& parted = rows.parted_at(row);
  if (parted.assessed) return;
  parted.assessed = true;
  if (parted.conflicts.empty()) return;
  std::vector<Parting> partings;
  std::vector<std::uint32_t> parted_by_context;
  std::vector<std::pair<std::uint32_t, RebaseSides>> rebased;
  Lsn oldest = parted.newest;
  for (const std::uint32_t index : parted.conflicts) {
    const Parting& parting = conflicts_[index].parting;
    oldest = std::min({oldest, parting.local, parting.remote});
    if (const auto sides = rebase_sides(storage, parting)) {
      rebased.emplace_back(index, *sides);
    } else {
      partings.push_back(parting);
      parted_by_context.push_back(index);
    }
  }
  const std::vector<RowMember> members = collect_row(storage, parted.newest, oldest);
  // A void is no member, and there may be nothing else.
  const ChangeView any = storage.front(conflicts_[parted.conflicts.front()].parting.local);
  const ConflictPolicy& policy = policy_for(rules.policies, any.table);
  const RowSituation situation{storage, policy, rules.tenant, parted.heads, members};
  const std::vector<Assessment> assessments = assess(situation, partings);
  for (std::size_t i = 0; i < assessments.size(); ++i) {
    conflicts_[parted_by_context[i]].assessment = assessments[i];
  }
  for (const auto& [index, sides] : rebased) {
    conflicts_[index].assessment = assess_rebase(situation, sides);
  }
}

ConflictId ConflictStore::id_of(const log_internal::Storage& storage, std::string_view tenant,
                                std::size_t index) const {
  if (const auto sides = rebase_sides(storage, conflicts_[index].parting)) {
    return rebase_conflict_id(storage, tenant, *sides);
  }
  const ChangeView local = storage.view(conflicts_[index].parting.local);
  const ChangeView remote = storage.view(conflicts_[index].parting.remote);
  return conflict_id(tenant, local.table, local.row_id, local.dot, remote.dot);
}

std::optional<Dot> ConflictStore::winner_of(const log_internal::Storage& storage,
                                            std::size_t index) const {
  const KeptConflict& kept = conflicts_[index];
  if (kept.assessment.winner_lsn != 0) return storage.view(kept.assessment.winner_lsn).dot;
  if (kept.assessment.winner == ConflictWinner::none) return std::nullopt;
  // Only of what a rebase was decided against the name can be known without the change.
  const auto sides = rebase_sides(storage, kept.parting);
  return sides ? sides->names.against : std::nullopt;
}

std::optional<std::size_t> ConflictStore::find(const log_internal::Storage& storage,
                                               const Rules& rules, const ConflictId& id) {
  for (; named_ < conflicts_.size(); ++named_) {
    if (!is_kept(named_)) continue;
    by_id_.emplace(id_of(storage, rules.tenant, named_), static_cast<std::uint32_t>(named_));
  }
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

std::size_t ConflictStore::memory_bytes() const noexcept {
  return conflicts_.capacity() * sizeof(KeptConflict) +
         by_id_.bucket_count() * (sizeof(ConflictId) + sizeof(std::uint32_t) + 1);
}

}  // namespace syncline
