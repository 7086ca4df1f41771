// The rows of a table in the order of their ids.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "changelog/log/storage.hpp"

namespace syncline {

/// An ordered index that costs a writer one push_back: new rows wait unsorted until somebody reads
/// in order; then they become a sorted run, and runs of like size are merged (the logarithmic
/// method of Bentley and Saxe, 1980). It keeps LSNs of records with the rows' keys, eight bytes a
/// row. `add` needs the writer's lock; `scan` may run beside other scans, not beside `add`.
class RowOrder {
 public:
  explicit RowOrder(const log_internal::Storage& storage) : storage_(&storage) {}

  /// Adds a row that is not there, by the LSN of any change of it.
  void add(Lsn lsn) { unsorted_.push_back(lsn); }

  /// Calls `visit(row_id)` in ascending order for row ids greater than `after` (or, with
  /// `from_start`, for all) until it answers false.
  template <typename Visit>
  void scan(std::string_view after, bool from_start, Visit&& visit) {
    const std::lock_guard lock(mutex_);
    sort_new_rows();
    std::vector<Position> positions = seek(after, from_start);
    while (true) {
      Position* least = nullptr;
      for (Position& position : positions) {
        if (position.at == position.run->size()) continue;
        if (least == nullptr || position.row_id < least->row_id) least = &position;
      }
      if (least == nullptr || !visit(least->row_id)) return;
      advance(*least);
    }
  }

  /// Where a walk over the rows, some at a time, has got to. Begins anew if they were sorted.
  struct Place {
    std::uint64_t arrangement = 0;
    std::size_t list = 0;
    std::size_t next = 0;
  };
  /// Puts in the place of each LSN what `moved(lsn)` says: another change of the same row. Looks
  /// at `count` rows; false if there are no more. Needs the writer's lock.
  template <typename Moved>
  bool repoint(Place& place, std::size_t count, Moved&& moved) {
    if (place.arrangement != arrangement_) place = {arrangement_, 0, 0};
    while (place.list <= runs_.size()) {  // the last list is that of the unsorted rows
      Run& list = place.list < runs_.size() ? runs_[place.list] : unsorted_;
      for (; place.next < list.size(); ++place.next) {
        if (count-- == 0) return true;
        list[place.next] = moved(list[place.next]);
      }
      if (place.list == runs_.size()) return false;
      ++place.list;
      place.next = 0;
    }
    return false;
  }
  /// From now on LSNs are those of `storage`. Needs the writer's lock.
  void refer_to(const log_internal::Storage& storage) noexcept { storage_ = &storage; }

  std::size_t memory_bytes() const;

 private:
  using Run = std::vector<Lsn>;
  struct Position {
    const Run* run;
    std::size_t at;
    std::string_view row_id;
  };

  std::string_view row_id(Lsn lsn) const noexcept { return storage_->view(lsn).row_id; }
  void sort_new_rows();
  void merge_last_two();
  std::vector<Position> seek(std::string_view after, bool from_start) const;
  void advance(Position& position) const {
    if (++position.at < position.run->size())
      position.row_id = row_id((*position.run)[position.at]);
  }

  const log_internal::Storage* storage_;
  mutable std::mutex mutex_;  // among scans, which sort
  std::vector<Lsn> unsorted_;
  std::vector<Run> runs_;          // each at least twice as long as the next
  std::uint64_t arrangement_ = 1;  // counts how often the rows were sorted
};

}  // namespace syncline
