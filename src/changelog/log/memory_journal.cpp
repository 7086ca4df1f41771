#include "syncline/journal.hpp"

namespace syncline {

Result<void> MemoryJournal::append(std::span<const JournalEntry> batch) {
  const std::lock_guard lock(mutex_);
  for (const JournalEntry& entry : batch) {
    entries_.push_back({entry.kind, entry.lsn, entry.received_at_us, entry.skewed,
                        std::string(entry.bytes.begin(), entry.bytes.end())});
    // A new identity begins a new log, which counts from 1 again.
    if (entry.kind == JournalEntryKind::identity) last_lsn_ = 0;
    if (entry.kind == JournalEntryKind::change) last_lsn_ = entry.lsn;
  }
  return {};
}

Lsn MemoryJournal::durable_lsn() const noexcept {
  const std::lock_guard lock(mutex_);
  return last_lsn_;
}

Result<void> MemoryJournal::wait_durable(Lsn lsn) {
  if (lsn <= durable_lsn()) return {};
  return Error{ErrorCode::unavailable,
               "LSN " + std::to_string(lsn) + " was never given to the journal"};
}

Result<void> MemoryJournal::replay(const std::function<Result<void>(const JournalEntry&)>& visit) {
  const std::lock_guard lock(mutex_);
  for (const Stored& stored : entries_) {
    JournalEntry entry{stored.kind, stored.lsn, stored.received_at_us, stored.skewed, {}};
    entry.bytes = {reinterpret_cast<const std::uint8_t*>(stored.bytes.data()), stored.bytes.size()};
    if (auto visited = visit(entry); !visited) return visited;
  }
  return {};
}

std::size_t MemoryJournal::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace syncline
