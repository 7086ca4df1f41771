// The rows of a table in the order of their ids.
#pragma once

#include <algorithm>
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

  /// Adds a row that is not known, by the LSN of any change of it. It may have been and gone.
  void add(Lsn lsn) { unsorted_.push_back(lsn); }
  /// A row that is there is not known any more. It stays in the order, since finding it would cost
  /// more than passing it over, until most of them are gone.
  void note_gone() noexcept { ++gone_; }
  /// So many are gone that `repoint` should be asked to take them out.
  bool mostly_gone() const noexcept { return gone_ >= 1024 && 2 * gone_ > size(); }
  void note_tidied() noexcept { gone_ = 0; }

  /// Calls `visit(row_id)` in ascending order for row ids greater than `after` (or, with
  /// `from_start`, for all) until it answers false. Rows that are gone are among them.
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
      const std::string_view visited = least->row_id;
      for (Position& position : positions) {  // a row that came again may be there twice
        if (position.at != position.run->size() && position.row_id == visited) advance(position);
      }
    }
  }

  /// Where a walk over the rows, some at a time, has got to. Begins anew if they were moved.
  struct Place {
    std::uint64_t arrangement = 0;
    std::size_t list = 0;
    std::size_t next = 0;
  };
  /// Puts in the place of each LSN what `moved(lsn)` says: another change of the same row, or 0 to
  /// take it out. Looks at `count` rows; false if there are no more. Needs the writer's lock.
  template <typename Moved>
  bool repoint(Place& place, std::size_t count, Moved&& moved) {
    if (place.arrangement != arrangement_) place = {arrangement_, 0, 0};
    while (place.list <= runs_.size()) {  // the last list is that of the unsorted rows
      Run& list = place.list < runs_.size() ? runs_[place.list] : unsorted_;
      // Where a log was laid anew between two steps, this is another order than before.
      place.next = std::min(place.next, list.size());
      const std::size_t end = place.next + std::min(count, list.size() - place.next);
      std::size_t stays = place.next;
      for (std::size_t i = place.next; i < end; ++i) {
        if (const Lsn lsn = moved(list[i]); lsn != 0) list[stays++] = lsn;
      }
      count -= end - place.next;
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(stays),
                 list.begin() + static_cast<std::ptrdiff_t>(end));
      if (stays != end) place.arrangement = ++arrangement_;  // other walks begin anew
      place.next = stays;
      if (place.next < list.size()) return true;
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

  std::size_t size() const noexcept {
    std::size_t rows = unsorted_.size();
    for (const Run& run : runs_) rows += run.size();
    return rows;
  }
  /// Of several entries of one row that lie side by side only the newest stays.
  template <typename Entries, typename SameRow, typename LsnOf>
  static void drop_doubles(Entries& entries, SameRow&& same_row, LsnOf&& lsn_of) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (kept != 0 && same_row(entries[kept - 1], entries[i])) {
        if (lsn_of(entries[kept - 1]) < lsn_of(entries[i])) entries[kept - 1] = entries[i];
        continue;
      }
      if (kept != i) entries[kept] = std::move(entries[i]);
      ++kept;
    }
    entries.resize(kept);
  }
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
  std::uint64_t arrangement_ = 1;  // counts how often the rows were moved
  std::size_t gone_ = 0;           // rows that are not known any more, about
};

}  // namespace syncline
