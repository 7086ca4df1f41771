// The stable markers of one log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "syncline/change.hpp"
#include "syncline/stable_marker.hpp"

namespace syncline::log_internal {

/// The markers that took effect, by number. Needs the replica's lock, as rows do.
class StableMarkers {
 public:
  struct Entry {
    StableMarker marker;
    Lsn lsn = 0;         ///< of the marker itself
    Lsn last_named = 0;  ///< the newest change whose writer had applied this marker; 0: none
  };

  /// Takes note of the marker in `change`, which lies at `lsn`. It has no effect if its number is
  /// known (the first in log order stands) or its vector does not fit to that of the applied
  /// marker. True if it is the applied one now.
  bool add(const ChangeView& change, Lsn lsn);
  /// Notes that the change at `lsn` names the marker.
  void note_named(std::uint64_t number, Lsn lsn) noexcept;
  /// Forgets the markers that `keeps(entry)` does not want.
  template <typename Keeps>
  void retain(Keeps&& keeps) {
    std::erase_if(entries_, [&](const Entry& entry) { return !keeps(entry); });
  }

  /// Null if no marker took effect so far. Valid until something is added.
  const Entry* applied() const noexcept { return entries_.empty() ? nullptr : &entries_.back(); }
  std::uint64_t applied_number() const noexcept {
    return entries_.empty() ? 0 : entries_.back().marker.number;
  }
  /// What the applied marker covers is the base, the rest the tail.
  bool covers(const Dot& dot) const noexcept {
    return !entries_.empty() && entries_.back().marker.vector.covers(dot);
  }
  /// True if the marker of this number is known and covers `dot`: who has applied it has seen that.
  bool covers(std::uint64_t number, const Dot& dot) const noexcept {
    const Entry* entry = find(number);
    return entry != nullptr && entry->marker.vector.covers(dot);
  }
  const Entry* find(std::uint64_t number) const noexcept;
  /// The marker that is this change; null if there is none.
  const Entry* find(const Dot& dot) const noexcept;
  /// True if the change is a marker that took effect. Cheap, whatever the change is.
  bool is_marker(const ChangeView& change) const noexcept {
    if (change.operation != Operation::stable) return false;
    const Entry* entry = find(change.stable);
    return entry != nullptr && entry->marker.dot == change.dot;
  }
  /// What is written from now on elsewhere names no marker below this one: every live replica is
  /// known to have applied it.
  std::uint64_t oldest_in_use() const noexcept;
  std::span<const Entry> entries() const noexcept { return entries_; }  ///< by number
  std::size_t memory_bytes() const noexcept;

 private:
  std::vector<Entry> entries_;
};

}  // namespace syncline::log_internal
