#include "changelog/log/stable_markers.hpp"

#include <algorithm>

namespace syncline::log_internal {
namespace {

bool below(const StableMarkers::Entry& entry, std::uint64_t number) noexcept {
  return entry.marker.number < number;
}

}  // namespace

bool StableMarkers::add(const ChangeView& change, Lsn lsn) {
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), change.stable, below);
  if (place != entries_.end() && place->marker.number == change.stable) return false;
  StableMarker marker{change.stable, change.context.to_clock(), change.hlc, change.dot};
  const bool newest = place == entries_.end();
  if (const Entry* last = applied(); last != nullptr) {
    // What was stable once stays so. An older marker comes late where a log was laid anew.
    const VectorClock& before = last->marker.vector;
    const bool fits = newest ? marker.vector.covers(before) : before.covers(marker.vector);
    if (!fits) return false;
  }
  entries_.insert(place, {std::move(marker), lsn, 0});
  return newest;
}

const StableMarkers::Entry* StableMarkers::find(std::uint64_t number) const noexcept {
  if (entries_.empty()) return nullptr;
  // Numbers have few holes, so nearly always this is where it lies.
  const std::uint64_t back = entries_.back().marker.number - number;
  if (back < entries_.size()) {
    const Entry& guess = entries_[entries_.size() - 1 - back];
    if (guess.marker.number == number) return &guess;
  }
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), number, below);
  return place != entries_.end() && place->marker.number == number ? &*place : nullptr;
}

const StableMarkers::Entry* StableMarkers::find(const Dot& dot) const noexcept {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.marker.dot == dot; });
  return found == entries_.end() ? nullptr : &*found;
}

void StableMarkers::note_named(std::uint64_t number, Lsn lsn) noexcept {
  if (number == 0) return;
  if (const Entry* entry = find(number); entry != nullptr) {
    const_cast<Entry*>(entry)->last_named = std::max(entry->last_named, lsn);
  }
}

std::uint64_t StableMarkers::oldest_in_use() const noexcept {
  // Its dot is covered by the applied one, so every live replica has acknowledged it; what it wrote
  // before that came before the applied marker in every log.
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (covers(entry->marker.dot)) return entry->marker.number;
  }
  return 0;
}

std::size_t StableMarkers::memory_bytes() const noexcept {
  std::size_t bytes = entries_.capacity() * sizeof(Entry);
  for (const Entry& entry : entries_) {
    bytes += entry.marker.vector.size() * sizeof(VectorClock::Entry);
  }
  return bytes;
}

}  // namespace syncline::log_internal
