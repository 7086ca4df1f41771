// Making durable what was appended: one writes and syncs for all who wait.

#include <algorithm>
#include <chrono>
#include <utility>

#include "journal/file_journal_impl.hpp"

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
  std::condition_variable& written =
      group_done[(is_pending ? pending_group : pending_group - 1) % 2];
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
    if (busy || position <= durable) continue;
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

void FileJournal::Impl::flush_in_background() {
  const Lsn before = durable_lsn;
  // A failure is told to whoever writes next.
  static_cast<void>(flush());
  if (options.compress_closed) compress_closed_segments();
  std::unique_lock lock(mutex);
  if (durable_lsn == before || !callback) return;
  const auto call = callback;
  ++calling;
  lock.unlock();
  call();
  lock.lock();
  --calling;
  changed.notify_all();
}

}  // namespace syncline
