#include <algorithm>
#include <iterator>
#include <utility>

#include "syncline/journal.hpp"

namespace syncline {

void MemoryJournal::store(const JournalEntry& entry, std::vector<Stored>& into) {
  into.push_back({entry.kind, entry.lsn, entry.received_at_us, entry.skewed,
                  std::string(entry.bytes.begin(), entry.bytes.end())});
}

Result<JournalPosition> MemoryJournal::append(std::span<const JournalEntry> batch) {
  const std::lock_guard lock(mutex_);
  for (const JournalEntry& entry : batch) {
    store(entry, entries_);
    // A new identity begins a new log, which counts from 1 again.
    if (entry.kind == JournalEntryKind::identity) last_lsn_ = 0;
    if (entry.kind == JournalEntryKind::change) last_lsn_ = entry.lsn;
  }
  return ++position_;
}

Lsn MemoryJournal::durable_lsn() const noexcept {
  const std::lock_guard lock(mutex_);
  return last_lsn_;
}

Result<void> MemoryJournal::wait_durable(JournalPosition position) {
  const std::lock_guard lock(mutex_);
  if (position <= position_) return {};
  return Error{ErrorCode::unavailable,
               "position " + std::to_string(position) + " was never given to the journal"};
}

Result<void> MemoryJournal::replay(const Visit& visit) {
  const std::lock_guard lock(mutex_);
  for (const Stored& stored : entries_) {
    JournalEntry entry{stored.kind, stored.lsn, stored.received_at_us, stored.skewed, {}};
    entry.bytes = {reinterpret_cast<const std::uint8_t*>(stored.bytes.data()), stored.bytes.size()};
    if (auto visited = visit(entry); !visited) return visited;
  }
  return {};
}

Result<void> MemoryJournal::checkpoint(Lsn first_kept,
                                       const std::function<Result<void>(const Visit&)>& write) {
  std::vector<Stored> fresh;
  Lsn last = 0;
  const Visit emit = [&](const JournalEntry& entry) -> Result<void> {
    store(entry, fresh);
    if (entry.kind == JournalEntryKind::change) last = std::max(last, entry.lsn);
    return {};
  };
  if (auto written = write(emit); !written) return written;
  std::vector<Stored> gone;  // takes long to destroy, so that is done without the lock
  const std::lock_guard lock(mutex_);
  if (first_kept == 0) {
    last_lsn_ = last;
  } else {
    const auto kept = std::find_if(entries_.begin(), entries_.end(), [&](const Stored& stored) {
      return stored.kind == JournalEntryKind::change && stored.lsn == first_kept;
    });
    std::move(kept, entries_.end(), std::back_inserter(fresh));
  }
  gone = std::exchange(entries_, std::move(fresh));
  return {};
}

std::size_t MemoryJournal::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::shared_ptr<MemoryJournal> MemoryJournal::copy() const {
  const std::lock_guard lock(mutex_);
  auto copied = std::make_shared<MemoryJournal>();
  copied->entries_ = entries_;
  copied->last_lsn_ = last_lsn_;
  copied->position_ = position_;
  return copied;
}

}  // namespace syncline
