// What is still held of changes from before a log's beginning.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "changelog/log/index_entry.hpp"
#include "syncline/change_log.hpp"

namespace syncline::log_internal {

/// The index entries of changes that stayed when the log was cut off behind them, found by LSN. Is
/// filled by one thread and then read by many.
class KeptChanges {
 public:
  void reserve(std::size_t count);
  /// Requires an LSN that is not there. Behind the last one that is not added in ascending order,
  /// `sort` has to be called before `lsns` and `next_after` are.
  void add(Lsn lsn, const IndexEntry& entry, std::size_t record_bytes);
  void sort();

  /// Null if the change is not kept. Valid until the next `add`.
  const IndexEntry* find(Lsn lsn) const noexcept {
    const auto found = entries_.find(lsn);
    return found == entries_.end() ? nullptr : &found->second;
  }
  bool contains(Lsn lsn) const noexcept { return entries_.contains(lsn); }
  std::span<const Lsn> lsns() const noexcept { return lsns_; }  ///< ascending
  /// The least kept LSN above `lsn`; 0 if there is none.
  Lsn next_after(Lsn lsn) const noexcept;
  std::size_t size() const noexcept { return lsns_.size(); }
  std::uint64_t record_bytes() const noexcept { return record_bytes_; }
  std::size_t memory_bytes() const noexcept;

 private:
  boost::unordered_flat_map<Lsn, IndexEntry> entries_;
  std::vector<Lsn> lsns_;
  std::uint64_t record_bytes_ = 0;
};

}  // namespace syncline::log_internal
