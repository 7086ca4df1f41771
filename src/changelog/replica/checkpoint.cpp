#include "changelog/replica/checkpoint.hpp"

#include <algorithm>

#include "changelog/replica/impl.hpp"

namespace syncline {
namespace {

/// Enough to make an entry's own bytes count for nothing; few enough to lie in one buffer.
constexpr std::size_t filings_of_entry = 16'384;

/// How the log filed a change; `entry` is what it says of it.
ChangeLog::Filing filing_of(const Storage& storage, const LogEntry& entry) {
  const std::uint64_t distance = storage.entry(entry.lsn).distance();
  return {entry.received_at_us, entry.verdict, entry.before_lsn,
          distance == 0 ? 0 : entry.lsn - distance, entry.skewed};
}

Result<void> write_kept(const Storage& storage, const log_internal::KeptChanges& kept,
                        const Journal::Visit& emit) {
  for (const Lsn lsn : kept.lsns()) {
    LogEntry held;
    storage.fill(lsn, held);
    std::string bytes;
    append_filing(bytes, lsn, filing_of(storage, held));
    bytes.append(reinterpret_cast<const char*>(held.change.record.data()),
                 held.change.record.size());
    JournalEntry entry = entry_of(JournalEntryKind::kept, bytes);
    entry.lsn = lsn;
    entry.received_at_us = held.received_at_us;
    entry.skewed = held.skewed;
    if (auto emitted = emit(entry); !emitted) return emitted;
  }
  return {};
}

Result<void> write_filings(const Storage& storage, const LogState& log,
                           const Journal::Visit& emit) {
  std::string bytes;
  LogEntry held;
  for (Lsn lsn = log.first; lsn <= log.last; ++lsn) {
    storage.fill(lsn, held);
    append_filing(bytes, lsn, filing_of(storage, held));
    if (lsn != log.last && (lsn + 1 - log.first) % filings_of_entry != 0) continue;
    if (auto emitted = emit(entry_of(JournalEntryKind::filings, bytes)); !emitted) return emitted;
    bytes.clear();
  }
  return {};
}

Result<void> write_changes(const Storage& storage, const LogState& log,
                           const Journal::Visit& emit) {
  LogEntry held;
  for (Lsn lsn = log.first; lsn <= log.last; ++lsn) {
    storage.fill(lsn, held);
    const auto emitted =
        emit({JournalEntryKind::change, lsn, held.received_at_us, held.skewed, held.change.record});
    if (!emitted) return emitted;
  }
  return {};
}

}  // namespace

Result<void> CheckpointState::write(const Journal::Visit& emit, bool with_changes) const {
  const auto put = [&](JournalEntryKind kind, const std::string& bytes) {
    return emit(entry_of(kind, bytes));
  };
  auto done = put(JournalEntryKind::identity, encode_identity(identity));
  if (done) done = put(JournalEntryKind::log_state, encode_log_state(log));
  for (auto each = properties.begin(); done && each != properties.end(); ++each) {
    done = put(JournalEntryKind::property, encode_property({each->first, each->second}));
  }
  for (auto each = origins.begin(); done && each != origins.end(); ++each) {
    done = put(JournalEntryKind::origin, encode_origin(*each));
  }
  if (done && kept != nullptr) done = write_kept(*storage, *kept, emit);
  if (done) done = write_filings(*storage, log, emit);
  for (auto each = conflicts.begin(); done && each != conflicts.end(); ++each) {
    done = put(JournalEntryKind::conflict, encode_conflict(*each));
  }
  if (done && with_changes) done = write_changes(*storage, log, emit);
  return done;
}

CheckpointState Replica::Impl::capture(const LogBeginning& beginning) const {
  CheckpointState state;
  state.identity = {options.node, contents->log.id()};
  state.storage = contents->log.shared_storage();
  state.kept = beginning.kept;
  state.log = {beginning.first,     state.storage->appended(),    beginning.hash_before,
               hybrid_clock.last(), beginning.received_ms_before, 0};
  state.properties = properties;
  for (const auto& [id, origin] : contents->origins) {
    OriginRecord record{id,
                        origin->summary,
                        origin->in_log,
                        {origin->chained, origin->chain},
                        beginning.clock.get(id),
                        origin->base};
    const auto base = beginning.chain_base.find(id);
    if (base != beginning.chain_base.end()) record.chain_base = base->second;
    state.origins.push_back(record);
  }
  std::sort(
      state.origins.begin(), state.origins.end(),
      [](const OriginRecord& left, const OriginRecord& right) { return left.node < right.node; });
  const ConflictStore& conflicts = contents->conflicts;
  state.conflicts.reserve(conflicts.size());
  state.log.not_kept = conflicts.not_kept();
  for (std::size_t i = 0; i < conflicts.size(); ++i) {
    if (!conflicts.is_kept(i)) continue;
    const KeptConflict& kept = conflicts[i];
    ConflictRecord record{kept.parting.local, kept.parting.remote, kept.detected_at_us, 0};
    if (conflicts.not_kept() != 0) {
      const PartedRow& row = contents->rows.parted_at(kept.row);
      if (row.conflicts.front() == i) record.not_kept = row.conflicts_not_kept;
    }
    state.log.not_kept -= record.not_kept;
    state.conflicts.push_back(record);
  }
  return state;
}

}  // namespace syncline
