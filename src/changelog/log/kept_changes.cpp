#include "changelog/log/kept_changes.hpp"

#include <algorithm>

namespace syncline::log_internal {

void KeptChanges::reserve(std::size_t count) {
  entries_.reserve(count);
  lsns_.reserve(count);
}

void KeptChanges::add(Lsn lsn, const IndexEntry& entry, std::size_t record_bytes) {
  entries_.emplace(lsn, entry);
  lsns_.push_back(lsn);
  record_bytes_ += record_bytes;
}

void KeptChanges::sort() { std::sort(lsns_.begin(), lsns_.end()); }

Lsn KeptChanges::next_after(Lsn lsn) const noexcept {
  const auto next = std::upper_bound(lsns_.begin(), lsns_.end(), lsn);
  return next == lsns_.end() ? 0 : *next;
}

std::size_t KeptChanges::memory_bytes() const noexcept {
  constexpr std::size_t slot_bytes = sizeof(Lsn) + sizeof(IndexEntry) + 1;
  return entries_.bucket_count() * slot_bytes + lsns_.capacity() * sizeof(Lsn);
}

}  // namespace syncline::log_internal
