// Making durable what was appended: one writes and syncs for all who wait.

#include <algorithm>
#include <chrono>
#include <utility>

#include "journal/file_journal_impl.hpp"
#include "journal/segment_reader.hpp"

namespace syncline {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::uint64_t us_since(SteadyClock::time_point begun) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begun).count());
}

}  // namespace

Result<void> FileJournal::Impl::drain(std::unique_lock<std::mutex>& lock) {
  if (taken.empty() && pending.empty() && !failure && !adopt) return {};
  const Busy working(*this, lock);
  const std::uint64_t hash = last_hash;
  const std::uint64_t log = log_number;
  const Lsn lsn = appended_lsn;
  const bool adopting = std::exchange(adopt, false);
  const bool after_failure = failure.has_value();
  last_group_waiters = std::exchange(pending_waiters, 0);
  ++pending_group;
  taken.take(pending);
  pending.previous_hash = hash;
  lock.unlock();

  const auto begun = SteadyClock::now();
  Result<void> done = write_out(taken, after_failure);
  if (done && adopting) done = sync_unsynced(taken.end);
  if (done && adopting) {
    Manifest next = manifest;
    const auto identity = files.identity(options.directory);
    if (identity) next.directory = *identity;
    done = replace_manifest(std::move(next));
    if (done) copy = false;
  }
  const std::uint64_t took_us = us_since(begun);

  lock.lock();
  last_write_us = took_us;
  reserved_end =
      manifest.segments.back().start + (active_reserved - journal_internal::file_header_bytes);
  failing = !done;
  if (!done) {
    failure = done.error();
    ++failures;
    adopt = adopt || adopting;
    return done;
  }
  failure.reset();
  durable = taken.end;
  if (syncs()) synced_end = durable;
  taken.clear(hash, spare);
  if (log == log_number && syncs()) durable_lsn = lsn;
  return {};
}

/// While one group is written, those of the one before it come back with their next batches. So
/// half of all who write make a good group: the two take turns, and the disk never waits for long.
/// A single writer is told from many by having been alone before.
void FileJournal::Impl::gather(std::unique_lock<std::mutex>& lock) {
  const auto enough = [this] { return 2 * pending_waiters >= last_group_waiters; };
  if (enough()) return;
  constexpr std::uint64_t most_us = 2000;
  const auto patience = std::chrono::microseconds(std::min(last_write_us / 2, most_us));
  gathering = true;
  arrived.wait_for(lock, patience, [&] { return enough() || busy; });
  gathering = false;
}

void FileJournal::Impl::wake_groups() {
  group_done[(pending_group - 1) % 2].notify_all();
  if (failure) {
    group_done[pending_group % 2].notify_all();
  } else {
    group_done[pending_group % 2].notify_one();
  }
}

Result<void> FileJournal::Impl::wait_durable(JournalPosition position) {
  // Acknowledged at once, unless it is known that the disk does not take it.
  if (options.durability != Durability::commit && !failing) return {};
  std::unique_lock lock(mutex);
  if (options.durability != Durability::commit) {
    if (failure && position > durable) return *failure;
    return {};
  }
  if (position <= durable) return {};
  const std::uint64_t failures_before = failures;
  const bool is_pending = position > pending.start;
  // What a failed write left may go with any group.
  std::condition_variable& written = is_pending ? group_done[pending_group % 2] : changed;
  if (is_pending) ++pending_waiters;
  if (gathering) arrived.notify_one();
  while (position > durable) {
    if (failures != failures_before) {
      if (failure) return *failure;
      return Error{ErrorCode::unavailable, "the journal could not be written"};
    }
    if (busy || gathering) {
      written.wait(lock);
      continue;
    }
    gather(lock);
    if (busy || position <= durable) {
      // Those who saw somebody gather rely on him to write.
      changed.notify_all();
      wake_groups();
      continue;
    }
    if (auto drained = drain(lock); !drained) return drained;
  }
  return {};
}

Result<void> FileJournal::Impl::flush() {
  std::unique_lock lock(mutex);
  if (!replayed) return {};
  changed.wait(lock, [this] { return !busy; });
  return drain(lock);
}

/// What a burst took and nobody needs any more: room on the disk and memory.
void FileJournal::Impl::give_back() {
  constexpr std::uint64_t worth_it = std::uint64_t{1} << 20;
  std::unique_lock lock(mutex);
  if (busy || !replayed || failure || !pending.empty() || !taken.empty()) return;
  std::vector<BatchBuffer::Chunk> freed;
  freed.swap(spare);
  if (reserved_end < durable + worth_it) return;
  const Busy working(*this, lock);
  reserved_end = durable;  // who appends meanwhile waits and asks for room again
  reserve_step = 0;
  const std::uint64_t size =
      journal_internal::offset_in_file(durable, manifest.segments.back().start);
  lock.unlock();
  if (active->truncate(size)) active_reserved = size;
  lock.lock();
  reserved_end =
      manifest.segments.back().start + (active_reserved - journal_internal::file_header_bytes);
}

void FileJournal::Impl::flush_in_background() {
  const bool idle = [this] {
    const std::lock_guard lock(mutex);
    const bool nothing = pending.empty() && taken.empty() && !failure && !adopt;
    return std::exchange(idle_position, durable) == durable && nothing;
  }();
  if (idle) {
    give_back();
  } else {
    // A failure is told to whoever writes next.
    static_cast<void>(flush());
  }
  if (options.compress_closed) compress_closed_segments();
  std::unique_lock lock(mutex);
  // Also what became durable by the way, for a checkpoint or to make room.
  if (std::exchange(told_lsn, durable_lsn) == durable_lsn || !callback) return;
  const auto call = callback;
  ++calling;
  lock.unlock();
  call();
  lock.lock();
  --calling;
  changed.notify_all();
}

}  // namespace syncline
