// Vector clocks: what has been seen, as the highest sequence number of each origin.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "syncline/dot.hpp"

namespace syncline {

/// How two points of a partial order lie to each other.
enum class CausalOrder : std::uint8_t {
  equal,       ///< the same
  before,      ///< the left one was seen by the right one
  after,       ///< the left one saw the right one
  concurrent,  ///< neither saw the other: this, and only this, makes a conflict
};

std::string_view to_string(CausalOrder order) noexcept;
/// The same relation with the sides exchanged.
CausalOrder mirrored(CausalOrder order) noexcept;

/// A map from origin to the highest sequence number seen of it; an absent origin is 0, so
/// `{A:0}` equals `{}` (zeros are never stored). A value. Merging is commutative, associative and
/// idempotent. There is no `<`: clocks are only partly ordered, use `compare`.
///
/// Source: C. Fidge (1988), F. Mattern (1989); used here for summaries and, without the change's
/// own dot, for causal contexts (dotted version vectors, Preguiça et al. 2010).
class VectorClock {
 public:
  struct Entry {
    NodeId node;
    Sequence seq = 0;
    friend bool operator==(const Entry&, const Entry&) noexcept = default;
  };

  VectorClock() = default;
  VectorClock(std::initializer_list<Entry> entries);

  /// The highest seq seen of `node`, 0 if none.
  Sequence get(const NodeId& node) const noexcept;
  /// Sets the entry of `node`, even to a lower number. 0 removes it.
  void set(const NodeId& node, Sequence seq);
  /// Raises the entry of `node` to `seq` unless it is that high already.
  void raise(const NodeId& node, Sequence seq);
  void raise(const Dot& dot) { raise(dot.origin, dot.seq); }
  /// Counts `node` up by one and returns the new number. For the owner of `node` alone: one who
  /// receives a change merges, and never increments.
  Sequence increment(const NodeId& node);
  /// Takes the greater number of each origin.
  void merge(const VectorClock& other);

  /// True if the change named `dot` has been seen.
  bool covers(const Dot& dot) const noexcept { return dot.seq <= get(dot.origin); }
  /// True if everything that `other` has seen has been seen here.
  bool covers(const VectorClock& other) const noexcept;

  CausalOrder compare(const VectorClock& other) const noexcept;
  bool happens_before(const VectorClock& other) const noexcept {
    return compare(other) == CausalOrder::before;
  }
  bool concurrent_with(const VectorClock& other) const noexcept {
    return compare(other) == CausalOrder::concurrent;
  }

  /// The entries, sorted by node, none of them 0. Valid until the clock is changed.
  std::span<const Entry> entries() const& noexcept { return entries_; }
  std::span<const Entry> entries() const&& = delete;  ///< they would go with the clock
  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  void clear() noexcept { entries_.clear(); }

  friend bool operator==(const VectorClock&, const VectorClock&) noexcept = default;

 private:
  std::vector<Entry> entries_;
};

/// "{uuid:seq, …}", for people.
std::string to_string(const VectorClock& clock);

}  // namespace syncline
