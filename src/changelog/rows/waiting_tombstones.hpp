// Deleted rows that are still remembered, in the order in which they may be forgotten.
#pragma once

#include <cstddef>
#include <deque>

#include <boost/unordered/unordered_flat_map.hpp>

#include "syncline/dot.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline {

/// Deletes that became heads, until a stable marker covers them: by origin, in the order of their
/// seqs. So a marker costs what it covers, however many wait. Some are no heads any more.
class WaitingTombstones {
 public:
  /// Requires that each origin's come in the order of their seqs.
  void add(const Dot& dot, Lsn lsn) { waiting_[dot.origin].push_back({dot.seq, lsn}); }

  /// Takes out at most `at_most` of those that `stable` covers and calls `visit(lsn)` for each.
  /// False if there are no more.
  template <typename Visit>
  bool take_covered(const VectorClock& stable, std::size_t at_most, Visit&& visit) {
    for (const VectorClock::Entry& covered : stable.entries()) {
      const auto found = waiting_.find(covered.node);
      if (found == waiting_.end()) continue;
      std::deque<Waiting>& queue = found->second;
      for (; !queue.empty() && queue.front().seq <= covered.seq; queue.pop_front()) {
        if (at_most-- == 0) return true;
        visit(queue.front().lsn);
      }
    }
    return false;
  }

  /// Forgets those whose change `held(lsn)` says is not there any more.
  template <typename Held>
  void retain(Held&& held) {
    for (auto& [origin, queue] : waiting_) {
      std::erase_if(queue, [&](const Waiting& each) { return !held(each.lsn); });
    }
  }

  std::size_t memory_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const auto& [origin, queue] : waiting_) bytes += queue.size() * sizeof(Waiting);
    return bytes;
  }

 private:
  struct Waiting {
    Sequence seq;
    Lsn lsn;
  };
  boost::unordered_flat_map<NodeId, std::deque<Waiting>, NodeIdHash> waiting_;
};

}  // namespace syncline
