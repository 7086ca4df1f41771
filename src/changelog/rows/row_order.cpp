#include "changelog/rows/row_order.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace syncline {

void RowOrder::sort_new_rows() {
  if (unsorted_.empty()) return;
  ++arrangement_;
  // Keys lie all over the log: they are gathered once, so that sorting stays in the cache.
  std::vector<std::pair<std::string, Lsn>> rows;
  rows.reserve(unsorted_.size());
  for (const Lsn lsn : unsorted_) rows.emplace_back(row_id(lsn), lsn);
  std::sort(rows.begin(), rows.end());
  drop_doubles(
      rows, [](const auto& left, const auto& right) { return left.first == right.first; },
      [](const auto& row) { return row.second; });
  Run run;
  run.reserve(rows.size());
  for (const auto& row : rows) run.push_back(row.second);
  runs_.push_back(std::move(run));
  unsorted_.clear();
  unsorted_.shrink_to_fit();
  while (runs_.size() > 1 && runs_[runs_.size() - 2].size() < 2 * runs_.back().size()) {
    merge_last_two();
  }
}

void RowOrder::merge_last_two() {
  const Run last = std::move(runs_.back());
  runs_.pop_back();
  Run& longer = runs_.back();
  Run merged;
  merged.reserve(longer.size() + last.size());
  std::merge(longer.begin(), longer.end(), last.begin(), last.end(), std::back_inserter(merged),
             [this](Lsn left, Lsn right) { return row_id(left) < row_id(right); });
  drop_doubles(
      merged, [this](Lsn left, Lsn right) { return row_id(left) == row_id(right); },
      [](Lsn lsn) { return lsn; });
  longer = std::move(merged);
}

std::vector<RowOrder::Position> RowOrder::seek(std::string_view after, bool from_start) const {
  std::vector<Position> positions;
  for (const Run& run : runs_) {
    const auto first = from_start ? run.begin()
                                  : std::upper_bound(run.begin(), run.end(), after,
                                                     [this](std::string_view wanted, Lsn lsn) {
                                                       return wanted < row_id(lsn);
                                                     });
    if (first == run.end()) continue;
    positions.push_back({&run, static_cast<std::size_t>(first - run.begin()), row_id(*first)});
  }
  return positions;
}

std::size_t RowOrder::memory_bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = unsorted_.capacity() * sizeof(Lsn);
  for (const Run& run : runs_) bytes += run.capacity() * sizeof(Lsn);
  return bytes;
}

}  // namespace syncline
