#include "changelog/log/origin_index.hpp"

#include <algorithm>

namespace syncline::log_internal {

void OriginIndex::add(const NodeId& origin, Sequence seq, Lsn lsn) {
  Origin* found = last_origin_;
  if (found == nullptr || !(last_origin_id_ == origin)) {
    const auto place = origins_.find(origin);  // only this thread changes the map: no lock to look
    if (place == origins_.end()) {
      const std::lock_guard lock(mutex_);
      found = &origin_of(origin);
    } else {
      found = place->second.get();
    }
    last_origin_id_ = origin;
    last_origin_ = found;
  }
  const Sequence last = found->last_seq.load(std::memory_order_relaxed);
  if (last == 0 || seq != last + 1 || lsn != found->next_lsn) {
    const std::lock_guard lock(mutex_);
    add_run(*found, {seq, lsn});
  }
  found->next_lsn = lsn + 1;
  found->last_seq.store(seq, std::memory_order_release);
}

OriginIndex::Origin& OriginIndex::origin_of(const NodeId& origin) {
  std::unique_ptr<Origin>& place = origins_[origin];
  if (place == nullptr) place = std::make_unique<Origin>();
  return *place;
}

void OriginIndex::add_run(Origin& origin, const Run& run) {
  if (!origin.runs.empty()) {
    origin.ends.push_back(origin.last_seq.load(std::memory_order_relaxed));
  }
  origin.runs.push_back(run);
}

void OriginIndex::begin_at(Lsn first, const VectorClock& before) {
  const std::lock_guard lock(mutex_);
  first_ = first;
  for (const VectorClock::Entry& entry : before.entries()) {
    origin_of(entry.node).before_first = entry.seq;
  }
}

void OriginIndex::cover(const NodeId& origin, Sequence seq) {
  const std::lock_guard lock(mutex_);
  Origin& covered = origin_of(origin);
  covered.covered = std::max(covered.covered, seq);
}

void OriginIndex::cover_as(const OriginIndex& other) {
  const std::scoped_lock lock(mutex_, other.mutex_);
  for (const auto& [id, from] : other.origins_) origin_of(id).covered = from->covered;
}

void OriginIndex::add_from(const OriginIndex& other, Lsn first) {
  cover_as(other);
  const std::scoped_lock lock(mutex_, other.mutex_);
  for (const auto& [id, from] : other.origins_) {
    const std::size_t before = runs_up_to(*from, first - 1);
    // The last of those that begin before `first` may go on behind it.
    const std::size_t straddling = before == 0 ? 0 : before - 1;
    for (std::size_t run = straddling; run < from->runs.size(); ++run) {
      Run part = from->runs[run];
      const Sequence end = end_of(*from, run);
      const Lsn last_lsn = part.first_lsn + (end - part.first_seq);
      if (last_lsn < first) continue;
      if (part.first_lsn < first) {
        part.first_seq += first - part.first_lsn;
        part.first_lsn = first;
      }
      Origin& into = origin_of(id);
      add_run(into, part);
      into.last_seq.store(end, std::memory_order_release);
      into.next_lsn = last_lsn + 1;
    }
  }
}

Sequence OriginIndex::end_of(const Origin& origin, std::size_t run) {
  return run < origin.ends.size() ? origin.ends[run]
                                  : origin.last_seq.load(std::memory_order_acquire);
}

/// How many runs begin at or before `lsn`.
std::size_t OriginIndex::runs_up_to(const Origin& origin, Lsn lsn) {
  const auto after =
      std::upper_bound(origin.runs.begin(), origin.runs.end(), lsn,
                       [](Lsn wanted, const Run& run) { return wanted < run.first_lsn; });
  return static_cast<std::size_t>(after - origin.runs.begin());
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
  if (seq < origin.before_first) return first_ - 1;
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
  std::vector<VectorClock::Entry> reached;
  std::unique_lock lock(mutex_);
  for (const auto& [id, origin] : origins_) {
    const std::size_t runs = runs_up_to(*origin, lsn);
    Sequence seq = origin->before_first;
    Sequence next = runs < origin->runs.size() ? origin->runs[runs].first_seq : 0;
    if (runs != 0) {
      const Run& last = origin->runs[runs - 1];
      const Sequence at_lsn = last.first_seq + (lsn - last.first_lsn);
      const Sequence end = end_of(*origin, runs - 1);
      if (at_lsn < end) next = at_lsn + 1;
      seq = std::max(seq, std::min(at_lsn, end));
    }
    const Sequence left_out = next == 0 ? origin->covered : std::min(origin->covered, next - 1);
    seq = std::max(seq, left_out);
    if (seq != 0) reached.push_back({id, seq});
  }
  lock.unlock();
  // In order, as otherwise each would be put in the middle of the clock.
  std::sort(reached.begin(), reached.end(),
            [](const auto& left, const auto& right) { return left.node < right.node; });
  VectorClock clock;
  for (const VectorClock::Entry& entry : reached) clock.set(entry.node, entry.seq);
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
