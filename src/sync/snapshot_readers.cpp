#include "sync/snapshot_readers.hpp"

#include <algorithm>
#include <array>

#include "syncline/random.hpp"

namespace syncline {

// Numbers in pages outlive a restart, so they do not begin where they began before it.
SnapshotReaders::SnapshotReaders() {
  std::array<std::uint8_t, sizeof(next_)> bytes{};
  system_random().fill(bytes);
  for (const std::uint8_t byte : bytes) next_ = next_ << 8U | byte;
  next_ |= 1U;
}

std::uint64_t SnapshotReaders::begin() {
  const std::lock_guard lock(mutex_);
  next_ += 2;  // always odd, so never 0, which is nobody
  return next_;
}

void SnapshotReaders::note(std::uint64_t reader, const SnapshotReader& state) {
  const std::lock_guard lock(mutex_);
  readers_[reader] = state;
  if (readers_.size() <= max_snapshot_readers) return;
  readers_.erase(std::min_element(readers_.begin(), readers_.end(), [](auto& left, auto& right) {
    return left.second.last_seen_us < right.second.last_seen_us;
  }));
}

std::vector<SnapshotReader> SnapshotReaders::list(std::uint64_t now_us) const {
  const std::lock_guard lock(mutex_);
  std::erase_if(readers_, [&](const auto& entry) {
    const std::uint64_t seen_us = entry.second.last_seen_us;
    return now_us > seen_us && now_us - seen_us > snapshot_hold_us;
  });
  std::vector<SnapshotReader> readers;
  readers.reserve(readers_.size());
  for (const auto& [number, reader] : readers_) readers.push_back(reader);
  return readers;
}

}  // namespace syncline
