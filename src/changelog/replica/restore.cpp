// Opening from a journal: what each entry does to the replica.

#include "changelog/replica/restore.hpp"

#include <algorithm>

#include "changelog/mutation.hpp"
#include "changelog/replica/impl.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

Error damaged(std::string detail) {
  return {ErrorCode::internal, "the journal is damaged: " + std::move(detail)};
}

Error no_checkpoint_for(const char* what) {
  return damaged(std::string("it has a ") + what + " entry outside of a checkpoint");
}

}  // namespace

Result<ChangeLog::Filing> PendingRestore::next_filing(Lsn lsn) {
  std::string_view rest = std::string_view(filings).substr(filings_read);
  const std::size_t before = rest.size();
  auto filing = take_filing(rest, lsn);
  filings_read += before - rest.size();
  return filing;
}

Result<void> Replica::Impl::replay(const JournalEntry& entry) {
  switch (entry.kind) {
    case JournalEntryKind::identity:
      return replay_identity(entry);
    case JournalEntryKind::change:
      return replay_change(entry);
    case JournalEntryKind::summary:
      return replay_summary(entry);
    case JournalEntryKind::property:
      return replay_property(entry);
    case JournalEntryKind::renaming:
      return replay_renaming(entry);
    case JournalEntryKind::log_state:
      return replay_log_state(entry);
    case JournalEntryKind::kept:
      return replay_kept(entry);
    case JournalEntryKind::filings:
    case JournalEntryKind::origin:
    case JournalEntryKind::conflict:
      return replay_checkpoint_part(entry);
  }
  return Error{ErrorCode::internal, "the journal has an entry of an unknown kind"};
}

Result<void> Replica::Impl::replay_identity(const JournalEntry& entry) {
  auto identity = decode_identity(entry.bytes);
  if (!identity) return identity.error();
  if (!wanted_node.is_nil() && wanted_node != identity->node) {
    return Error{ErrorCode::bad_request, "the journal belongs to node " +
                                             identity->node.to_string() + ", not to " +
                                             wanted_node.to_string()};
  }
  if (auto ended = end_replay(); !ended) return ended;
  begin_log(identity->node, std::make_unique<Contents>(identity->log));
  return {};
}

Result<void> Replica::Impl::replay_log_state(const JournalEntry& entry) {
  auto state = decode_log_state(entry.bytes);
  if (!state) return state.error();
  if (contents == nullptr || restoring || contents->storage().appended() != 0) {
    return damaged("a checkpoint begins in the middle of a log");
  }
  restoring.emplace();
  restoring->log = *state;
  if (!mutated(Mutation::clock_lost_on_restart)) hybrid_clock = HybridClock(state->last_hlc);
  return {};
}

Result<void> Replica::Impl::replay_checkpoint_part(const JournalEntry& entry) {
  if (!restoring) return no_checkpoint_for("checkpoint's");
  if (entry.kind == JournalEntryKind::filings) {
    restoring->filings.append(reinterpret_cast<const char*>(entry.bytes.data()),
                              entry.bytes.size());
    return {};
  }
  if (entry.kind == JournalEntryKind::conflict) {
    auto conflict = decode_conflict(entry.bytes);
    if (!conflict) return conflict.error();
    restoring->conflicts.push_back(*conflict);
    return {};
  }
  auto origin = decode_origin(entry.bytes);
  if (!origin) return origin.error();
  if (restoring->begun) return damaged("a checkpoint's origins stand behind its changes");
  restoring->origins.push_back(*origin);
  return {};
}

/// To be called before anything is filed: then all origins are known.
void Replica::Impl::begin_restored_log() {
  if (restoring->begun) return;
  restoring->begun = true;
  VectorClock before;
  for (const OriginRecord& record : restoring->origins) {
    before.set(record.node, record.before_first);
    OriginProgress& origin = contents->progress_of(record.node);
    origin.in_log = record.before_first;
    origin.begin_chain(record.chain_base);
  }
  const LogState& log = restoring->log;
  contents->storage().begin_at(log.first, log.hash_before, log.received_ms_before, before);
}

Result<void> Replica::Impl::replay_kept(const JournalEntry& entry) {
  if (!restoring) return no_checkpoint_for("kept change's");
  begin_restored_log();
  const Storage& storage = contents->storage();
  const bool in_order = storage.kept() == nullptr || storage.kept()->lsns().back() < entry.lsn;
  if (entry.lsn >= storage.first() || storage.appended() >= storage.first() || !in_order) {
    return damaged("the kept change " + std::to_string(entry.lsn) + " is out of place");
  }
  std::string_view bytes(reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size());
  auto filing = take_filing(bytes, entry.lsn);
  if (!filing) return filing.error();
  return file_restored(entry, entry.bytes.last(bytes.size()), {*filing, entry.lsn});
}

Result<void> Replica::Impl::replay_change(const JournalEntry& entry) {
  if (restoring) begin_restored_log();
  if (contents == nullptr || entry.lsn != contents->storage().appended() + 1) {
    return Error{ErrorCode::internal,
                 "the journal has a hole before LSN " + std::to_string(entry.lsn)};
  }
  if (restoring && entry.lsn <= restoring->log.last) {
    auto filing = restoring->next_filing(entry.lsn);
    if (!filing) return filing.error();
    if (auto filed = file_restored(entry, entry.bytes, {*filing, 0}); !filed) return filed;
    return entry.lsn == restoring->log.last ? end_replay() : Result<void>();
  }
  if (auto ended = end_replay(); !ended) return ended;  // of a checkpoint without changes
  auto change = decode_record(entry.bytes);
  if (!change) return change.error();
  file_copy(*change, RowTable::tag_of(change->table, change->row_id), entry.received_at_us,
            entry.skewed);
  if (collecting) collect_all();
  return {};
}

Result<void> Replica::Impl::file_restored(const JournalEntry& entry,
                                          std::span<const std::uint8_t> record, Restored known) {
  auto change = decode_record(record);
  if (!change) return change.error();
  known.filing.received_at_us = entry.received_at_us;
  known.filing.skewed = entry.skewed;
  file_copy(*change, RowTable::tag_of(change->table, change->row_id), entry.received_at_us,
            entry.skewed, &known);
  return {};
}

Result<void> Replica::Impl::end_replay() {
  if (!restoring) return {};
  begin_restored_log();
  if (contents->storage().appended() != restoring->log.last) {
    return damaged("it ends at change " + std::to_string(contents->storage().appended()) +
                   ", but its checkpoint speaks of changes up to " +
                   std::to_string(restoring->log.last));
  }
  const PendingRestore restored = std::move(*restoring);
  restoring.reset();
  for (const OriginRecord& record : restored.origins) {
    OriginProgress& origin = contents->progress_of(record.node);
    // What stands behind the checkpoint in the journal may have raised them already.
    origin.summary = std::max(origin.summary, record.summary);
    origin.in_log = std::max(origin.in_log, record.in_log);
    // Where the log alone does not tell the chain, as after a merge that left changes out.
    const bool told = origin.chained == record.chain.seq && origin.chain == record.chain.chain;
    if (!told) origin.begin_chain(record.chain);
  }
  contents->cover_left_out();
  for (const ConflictRecord& record : restored.conflicts) {
    if (auto installed = restore_conflict(record); !installed) return installed;
  }
  contents->conflicts.count_not_kept(restored.log.not_kept);
  if (mutated(Mutation::forgotten_back_on_restart)) return {};
  collect_all();  // once for all markers: the last one covers what the others do
  return {};
}

Result<void> Replica::Impl::restore_conflict(const ConflictRecord& record) {
  const Storage& storage = contents->storage();
  const Lsn last = storage.appended();
  for (const Lsn side : {record.local, record.remote}) {
    if (side != 0 && side <= last && storage.holds(side)) continue;
    return damaged("its checkpoint has a conflict of change " + std::to_string(side) +
                   ", which is not there");
  }
  const ChangeView change = storage.view(record.local);
  const RowKey key(change.table, change.row_id);
  RowLookup row = look_up(key);
  if (row.slot == nullptr) {
    if (change.is_row_change()) {
      return damaged("its checkpoint has a conflict of a row without changes");
    }
    row.slot = &add_forgotten(key, record.local);
  }
  if (!row.slot->parted()) contents->rows.part(*row.slot);
  contents->conflicts.restore(contents->rows, row.slot->parted_index(),
                              {record.local, record.remote}, record.detected_at_us,
                              record.not_kept);
  return {};
}

Result<void> Replica::Impl::replay_summary(const JournalEntry& entry) {
  auto covered = decode_clock(entry.bytes);
  if (!covered) return covered.error();
  if (contents == nullptr) {
    return Error{ErrorCode::internal, "the journal has a summary before it begins a replica"};
  }
  raise_summary(*covered);
  return {};
}

Result<void> Replica::Impl::replay_property(const JournalEntry& entry) {
  auto property = decode_property(entry.bytes);
  if (!property) return property.error();
  set_property(property->name, std::move(property->value));
  return {};
}

Result<void> Replica::Impl::replay_renaming(const JournalEntry& entry) {
  auto identity = decode_identity(entry.bytes);
  if (!identity) return identity.error();
  if (contents == nullptr) {
    return Error{ErrorCode::internal, "the journal renames a replica before it begins one"};
  }
  take_identity(*identity);
  return {};
}

}  // namespace syncline
