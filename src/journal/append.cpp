// Taking batches in.

#include <algorithm>

#include "journal/file_journal_impl.hpp"

namespace syncline {
namespace {

using journal_internal::framed_bytes;

/// What may wait to be written before those who append have to wait as well.
constexpr std::uint64_t max_pending_bytes = std::uint64_t{64} << 20;
/// What is enough for the flusher to begin before its time.
constexpr std::uint64_t nudge_bytes = std::uint64_t{1} << 20;

}  // namespace

void FileJournal::Impl::note(const JournalEntry& entry) {
  switch (entry.kind) {
    case JournalEntryKind::change:
      appended_lsn = entry.lsn;
      if (pending.first_lsn == 0) pending.first_lsn = entry.lsn;
      pending.last_lsn = entry.lsn;
      break;
    case JournalEntryKind::identity:
      appended_lsn = 0;
      ++log_number;
      durable_lsn = 0;
      adopt = copy;
      break;
    case JournalEntryKind::renaming:
      adopt = copy;
      break;
    default:
      break;
  }
}

/// Sees to it that `bytes` more can be written without asking the disk for room.
Result<void> FileJournal::Impl::make_room(std::unique_lock<std::mutex>& lock, std::uint64_t bytes) {
  while (true) {
    const std::uint64_t end = pending.end + bytes;
    const bool too_much = pending.size() > max_pending_bytes;
    if (!failure && !too_much && end <= reserved_end) return {};
    if (busy) {
      changed.wait(lock, [this] { return !busy; });
      continue;
    }
    if (failure || too_much) {
      if (auto drained = drain(lock); !drained) return drained;
      continue;
    }
    const Busy working(*this, lock);
    lock.unlock();
    Result<void> done = mark_in_use();
    if (done) {
      const std::uint64_t start = manifest.segments.back().start;
      const auto size = [&](std::uint64_t position) {
        return journal_internal::file_header_bytes + (position - start);
      };
      done = active->reserve(size(end + reserve_step));
      if (done) {
        active_reserved = std::max(active_reserved, size(end + reserve_step));
      } else if (auto tight = active->reserve(size(end)); tight) {  // there may be just enough
        active_reserved = std::max(active_reserved, size(end));
        done = {};
      }
    }
    lock.lock();
    if (!done) return done;
    reserved_end =
        manifest.segments.back().start + (active_reserved - journal_internal::file_header_bytes);
    reserve_step = std::clamp<std::uint64_t>(reserve_step * 2, std::uint64_t{64} << 10,
                                             options.segment_bytes / 4);
  }
}

Result<JournalPosition> FileJournal::Impl::append(std::span<const JournalEntry> batch) {
  const std::uint64_t length = journal_internal::entries_bytes(batch);
  if (length > journal_internal::max_batch_bytes) {
    return Error{ErrorCode::too_large,
                 "a batch of " + std::to_string(length) + " bytes is more than a journal takes"}
        .with("limit", journal_internal::max_batch_bytes);
  }
  std::unique_lock lock(mutex);
  if (!replayed) return Error{ErrorCode::internal, "the journal has to be replayed first"};
  if (auto room = make_room(lock, framed_bytes(length)); !room) return room.error();
  const std::uint64_t before = pending.size();
  BatchBuffer::Chunk& chunk = pending.room_for(framed_bytes(length), spare);
  last_hash = journal_internal::encode_batch(batch, pending.end, synced_end, last_hash, chunk);
  pending.end += framed_bytes(length);
  for (const JournalEntry& entry : batch) note(entry);
  if (!syncs()) durable_lsn = appended_lsn;
  const JournalPosition position = pending.end;
  const bool much = pending.size() / nudge_bytes != before / nudge_bytes;
  lock.unlock();
  if (much && registration != nullptr && options.durability != Durability::commit) {
    registration->nudge();
  }
  return position;
}

}  // namespace syncline
