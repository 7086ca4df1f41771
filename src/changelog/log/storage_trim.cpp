// A log that does not begin at its first change: after a trim, and when it comes back from one.

#include <algorithm>

#include "changelog/log/storage.hpp"

namespace syncline::log_internal {

void Storage::begin_at(Lsn first, std::uint64_t hash_before, std::uint64_t received_ms_before,
                       const VectorClock& before) {
  first_ = first;
  histories_from_ = first;
  hash_before_first_ = hash_before;
  running_hash_ = hash_before;
  last_received_ms_ = received_ms_before;
  appended_ = first - 1;
  published_.store(appended_, std::memory_order_release);
  origins_.begin_at(first, before);
}

void Storage::append_kept(const ChangeView& reserved, const ChangeLog::Filing& filing, Lsn lsn) {
  if (kept_ == nullptr) {
    kept_ = std::make_shared<KeptChanges>();
    histories_kept_ = kept_;
  }
  const std::uint64_t received_ms =
      std::min(filing.received_at_us / 1000, IndexEntry::max_received_ms);
  kept_->add(lsn, place_record(reserved, filing, lsn, received_ms), reserved.record.size());
  origins_.add(reserved.dot.origin, reserved.dot.seq, lsn);
}

void Storage::end_histories_before(Lsn first, std::shared_ptr<const KeptChanges> kept) {
  histories_from_ = first;
  histories_kept_ = std::move(kept);
}

Storage::Storage(const Storage& whole, TrimmedPart& part)
    : first_(part.first),
      hash_before_first_(part.hash_before),
      kept_(part.kept),
      published_(whole.published()),
      origins_(std::move(part.origins)),
      histories_from_(part.first),
      histories_kept_(part.kept),
      markers_(whole.markers_),
      next_segment_(whole.next_segment_),
      appended_(whole.appended_),
      segment_number_(whole.segment_number_),
      segment_(whole.segment_),
      segment_used_(whole.segment_used_),
      segment_capacity_(whole.segment_capacity_),
      usual_segment_bytes_(whole.usual_segment_bytes_),
      last_position_(whole.last_position_),
      last_received_ms_(whole.last_received_ms_),
      record_bytes_(whole.record_bytes_ - part.dropped_bytes),
      running_hash_(whole.running_hash_),
      leaf_(whole.leaf_) {
  // `last_table_` may lie in a segment that goes, so it is not taken over.
  origins_.add_from(whole.origins_, first_);
  for (const NumberedSegment& segment : part.segments) mount(segment);
  const auto& starts = whole.segment_starts_;
  const auto behind = std::upper_bound(
      starts.begin(), starts.end(), first_,
      [](Lsn first, const SegmentStart& segment) { return first < segment.first; });
  // The segment in which `first` lies begins with it or before it; one that holds kept changes
  // alone begins with the same LSN as the one behind it.
  segment_starts_.assign(behind == starts.begin() ? behind : behind - 1, starts.end());
  for (const SegmentStart& segment : segment_starts_) {
    mount({segment.number, whole.segments_.share(segment.number)});
  }
  for (std::uint64_t number = 0; number < next_segment_; ++number) {
    const bool free = number >= segments_.size() || segments_.share(number) == nullptr;
    if (free) free_segments_.push_back(number);
  }
  const std::size_t first_leaf = (first_ - 1) / leaf_changes;
  for (std::size_t i = first_leaf; i < whole.leaves_.size(); ++i) {
    leaves_.put(i, whole.leaves_.share(i));
    allocated_bytes_.fetch_add(sizeof(Leaf), std::memory_order_relaxed);
  }
}

}  // namespace syncline::log_internal
