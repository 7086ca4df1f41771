#include "changelog/log/kept_copier.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace syncline::log_internal {

KeptCopier::KeptCopier(const Storage& from, std::function<std::uint64_t()> claim)
    : from_(from), claim_(std::move(claim)) {
  part_.kept = std::make_shared<KeptChanges>();
}

void KeptCopier::add_segment(std::size_t at_least) {
  auto segment = std::make_shared<Segment>(std::max(usual_bytes_, at_least));
  usual_bytes_ = std::min(usual_bytes_ * 2, largest_segment_bytes);
  part_.segments.push_back({claim_(), std::move(segment)});
  used_ = 0;
}

void KeptCopier::add(Lsn lsn) {
  LogEntry held;
  from_.fill(lsn, held);
  const IndexEntry& entry = from_.entry(lsn);
  const std::size_t record_bytes = held.change.record.size();
  // The LSN of the head that it replaced stands behind the record.
  const std::size_t bytes = record_bytes + (entry.before_elsewhere() ? sizeof(Lsn) : 0);
  const bool fits = !part_.segments.empty() && used_ <= Position::offset_mask &&
                    part_.segments.back().segment->capacity - used_ >= bytes;
  if (!fits) add_segment(bytes);
  const NumberedSegment& into = part_.segments.back();
  std::memcpy(into.segment->bytes.get() + used_, held.change.record.data(), bytes);
  part_.kept->add(
      lsn,
      IndexEntry(Position::at(into.number, used_), entry.distance(), entry.received_ms(),
                 entry.verdict(), entry.skewed(), entry.before_elsewhere()),
      record_bytes);
  used_ += bytes;
}

}  // namespace syncline::log_internal
