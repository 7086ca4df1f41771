#include "changelog/log/origin_index.hpp"

#include <algorithm>

namespace syncline::log_internal {

void OriginIndex::add(const NodeId& origin, Sequence seq, Lsn lsn) {
  Origin* found = last_origin_;
  if (found == nullptr || !(last_origin_id_ == origin)) {
    const auto place = origins_.find(origin);  // only this thread changes the map: no lock to look
    if (place == origins_.end()) {
      const std::lock_guard lock(mutex_);
      found = origins_.emplace(origin, std::make_unique<Origin>()).first->second.get();
    } else {
      found = place->second.get();
    }
    last_origin_id_ = origin;
    last_origin_ = found;
  }
  const Sequence last = found->last_seq.load(std::memory_order_relaxed);
  if (last == 0 || seq != last + 1 || lsn != found->next_lsn) {
    const std::lock_guard lock(mutex_);
    if (!found->runs.empty()) found->ends.push_back(last);
    found->runs.push_back({seq, lsn});
  }
  found->next_lsn = lsn + 1;
  found->last_seq.store(seq, std::memory_order_release);
}

Sequence OriginIndex::end_of(const Origin& origin, std::size_t run) const {
  return run < origin.ends.size() ? origin.ends[run]
                                  : origin.last_seq.load(std::memory_order_acquire);
}

Lsn OriginIndex::candidate(const Dot& dot) const {
  const std::lock_guard lock(mutex_);
  const auto found = origins_.find(dot.origin);
  if (found == origins_.end()) return 0;
  const Origin& origin = *found->second;
  const auto after =
      std::upper_bound(origin.runs.begin(), origin.runs.end(), dot.seq,
                       [](Sequence seq, const Run& run) { return seq < run.first_seq; });
  if (after == origin.runs.begin()) return 0;
  const auto run = static_cast<std::size_t>(after - origin.runs.begin()) - 1;
  if (dot.seq > end_of(origin, run)) return 0;
  return origin.runs[run].first_lsn + (dot.seq - origin.runs[run].first_seq);
}

Lsn OriginIndex::first_after(const NodeId& origin_id, Sequence seq) const {
  const std::lock_guard lock(mutex_);
  const auto found = origins_.find(origin_id);
  if (found == origins_.end()) return 0;
  const Origin& origin = *found->second;
  if (seq >= origin.last_seq.load(std::memory_order_acquire)) return 0;
  const auto after =
      std::upper_bound(origin.runs.begin(), origin.runs.end(), seq,
                       [](Sequence wanted, const Run& run) { return wanted < run.first_seq; });
  if (after == origin.runs.begin()) return after->first_lsn;
  const auto run = static_cast<std::size_t>(after - origin.runs.begin()) - 1;
  if (seq < end_of(origin, run)) {
    return origin.runs[run].first_lsn + (seq + 1 - origin.runs[run].first_seq);
  }
  return after == origin.runs.end() ? 0 : after->first_lsn;
}

VectorClock OriginIndex::clock_at(Lsn lsn) const {
  VectorClock clock;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, origin] : origins_) {
    const auto after =
        std::upper_bound(origin->runs.begin(), origin->runs.end(), lsn,
                         [](Lsn wanted, const Run& run) { return wanted < run.first_lsn; });
    if (after == origin->runs.begin()) continue;
    const auto run = static_cast<std::size_t>(after - origin->runs.begin()) - 1;
    const Sequence reached = origin->runs[run].first_seq + (lsn - origin->runs[run].first_lsn);
    clock.set(id, std::min(reached, end_of(*origin, run)));
  }
  return clock;
}

std::size_t OriginIndex::memory_bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = origins_.bucket_count() * (sizeof(NodeId) + sizeof(void*) + 1);
  for (const auto& [id, origin] : origins_) {
    bytes += sizeof(Origin) + origin->runs.capacity() * sizeof(Run) +
             origin->ends.capacity() * sizeof(Sequence);
  }
  return bytes;
}

}  // namespace syncline::log_internal
