// From a kept conflict to a report that explains it.

#include <algorithm>

#include "changelog/conflicts/conflict_store.hpp"
#include "changelog/conflicts/rebase_conflict.hpp"

namespace syncline {
namespace {

using log_internal::Storage;

std::uint64_t received_us(const Storage& storage, Lsn lsn) noexcept {
  return storage.entry(lsn).received_ms() * 1000;
}

PartingChange parting_change(const ChangeView& change) {
  return {change.dot, change.context.to_clock(), change.stable};
}

std::string who(const ChangeView& change) {
  const Metadata metadata = change.metadata();
  const auto actor = metadata.find("actor");
  return actor == metadata.end() ? "node " + change.dot.origin.to_string() : actor->second;
}

std::string outcome_in_words(const ChangeView& settled, ConflictWinner winner) {
  switch (winner) {
    case ConflictWinner::local:
      return "says the same as the local one";
    case ConflictWinner::remote:
      return "says the same as the remote one";
    case ConflictWinner::merged:
    case ConflictWinner::none:
      break;
  }
  return settled.operation == Operation::erase ? "deletes the row" : "says something of its own";
}

std::string explain_resolution(const Storage& storage, const Assessment& assessment) {
  const ChangeView settled = storage.view(assessment.resolution);
  std::string text = "Settled by " + who(settled) + " with a change that saw both sides and " +
                     outcome_in_words(settled, assessment.winner);
  const Metadata metadata = settled.metadata();
  const auto note = metadata.find("note");
  return note == metadata.end() ? text + "." : text + ": \u201c" + note->second + "\u201d";
}

std::string explain(const Storage& storage, const ConflictPolicy& policy,
                    const Assessment& assessment) {
  const ChangeView local = storage.view(assessment.local_tip);
  const ChangeView remote = storage.view(assessment.remote_tip);
  if (assessment.resolution != 0) return explain_resolution(storage, assessment);
  if (assessment.status == ConflictStatus::convergent) {
    return local.operation == Operation::erase ? "Both sides deleted the row."
                                               : "Both sides say the same, byte by byte.";
  }
  if (assessment.status == ConflictStatus::resolved && !policy.settles()) {
    return "The row parted again after this; the later conflict decides.";
  }
  const bool remote_wins = assessment.status == ConflictStatus::open
                               ? dated_before(local, remote)
                               : assessment.winner == ConflictWinner::remote;
  return remote_wins ? policy.reason(remote, local) : policy.reason(local, remote);
}

void settle_times(const Storage& storage, const ConflictPolicy& policy,
                  const Assessment& assessment, ConflictReport& report) {
  if (assessment.resolution != 0) {
    report.resolved_at_us = received_us(storage, assessment.resolution);
    report.resolved_by = who(storage.view(assessment.resolution));
    report.resolution = storage.view(assessment.resolution).dot;
  } else if (assessment.status == ConflictStatus::resolved && policy.settles()) {
    report.resolved_at_us = report.detected_at_us;
    report.resolved_by = "policy " + std::string(policy.name());
  }
}

/// What differs in a report on what a rebase decided: its sides did not part from a common base,
/// and one of them may be known by name only.
void tell_rebase(const Storage& storage, const RebaseSides& sides, const Assessment& assessment,
                 ConflictReport& report) {
  report.base_format = PayloadFormat::none;
  report.base_data.clear();
  if (sides.against == 0) {
    const bool local = !sides.written_is_local;
    Change unknown;
    unknown.dot = *sides.names.against;
    if (storage.markers().find(unknown.dot) != nullptr) unknown.operation = Operation::erase;
    unknown.table = report.table;
    unknown.row_id = report.row_id;
    (local ? report.local : report.remote) = unknown;
    (local ? report.parted_local : report.parted_remote) = {unknown.dot, {}, 0};
    (local ? report.local_lsn : report.remote_lsn) = 0;
  }
  if (assessment.resolution != 0) return;
  report.reason = explain_rebase(storage, sides);
  report.resolved_at_us = received_us(storage, sides.written);
  report.resolved_by = "rebase of " + who(storage.view(sides.written));
}

}  // namespace

ConflictReport ConflictStore::report(const Storage& storage, const RowTable& rows,
                                     const Rules& rules, std::size_t index) const {
  const KeptConflict& kept = conflicts_[index];
  const Assessment& assessment = kept.assessment;
  const ChangeView parted_local = storage.view(kept.parting.local);
  const ConflictPolicy& policy = policy_for(rules.policies, parted_local.table);
  ConflictReport report;
  report.id = id_of(storage, rules.tenant, index);
  report.kind = assessment.kind;
  report.status = assessment.status;
  report.table = parted_local.table;
  report.row_id = parted_local.row_id;
  report.local = storage.view(assessment.local_tip).to_change();
  report.remote = storage.view(assessment.remote_tip).to_change();
  report.local_lsn = assessment.local_tip;
  report.remote_lsn = assessment.remote_tip;
  report.local_received_us = received_us(storage, assessment.local_tip);
  report.remote_received_us = received_us(storage, assessment.remote_tip);
  report.parted_local = parting_change(parted_local);
  report.parted_remote = parting_change(storage.view(kept.parting.remote));
  if (const Lsn base = base_of(storage, std::min(kept.parting.local, kept.parting.remote));
      base != 0) {
    const ChangeView change = storage.view(base);
    if (!is_stub(change)) {
      report.base_format = change.format;
      report.base_data = change.data;
    }
  }
  report.detected_at_us = kept.detected_at_us;
  report.policy = policy.name();
  report.winner = assessment.winner;
  report.winner_dot = winner_of(storage, index);
  report.reason = explain(storage, policy, assessment);
  report.skewed =
      storage.entry(assessment.local_tip).skewed() || storage.entry(assessment.remote_tip).skewed();
  settle_times(storage, policy, assessment, report);
  if (const auto sides = rebase_sides(storage, kept.parting)) {
    tell_rebase(storage, *sides, assessment, report);
  }
  report.more_of_row = rows.parted_at(kept.row).conflicts_not_kept;
  return report;
}

}  // namespace syncline
