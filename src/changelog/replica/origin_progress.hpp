// How far one origin's changes have come here.
#pragma once

#include <cstdint>
#include <vector>

#include "syncline/dot.hpp"

namespace syncline {

/// A chain hash and the change after which it is.
struct ChainPoint {
  Sequence seq = 0;
  std::uint64_t chain = 0;
};

/// What is known of one origin.
struct OriginProgress {
  Sequence summary = 0;  ///< everything up to here was applied, or kept back by a filter
  Sequence in_log = 0;   ///< the highest seq that the log holds, or held
  Sequence chained = 0;  ///< `chain` is the hash after this one; below `in_log` if there are holes
  std::uint64_t chain = 0;
  ChainPoint base;  ///< no hash of the chain before this one is known
  /// The chain after every `checkpoint_every`-th change behind `base`, so that an earlier one is
  /// soon found.
  std::vector<std::uint64_t> checkpoints;

  static constexpr Sequence checkpoint_every = 64;
  /// No change was left out: the chain says something of all of them.
  bool whole() const noexcept { return chained == in_log && chained == summary; }

  /// Goes on with the chain by the next change, whose hash after it is `next`.
  void extend_chain(std::uint64_t next);
  /// The last known point at or before `seq`. Requires base.seq <= seq <= chained.
  ChainPoint chain_before(Sequence seq) const noexcept;
  /// Goes on from `point`; what lies before it is not known.
  void begin_chain(const ChainPoint& point);
  /// Forgets the chain before `point`, which lies on it.
  void forget_chain_before(const ChainPoint& point);
  /// Takes over what `other` knows of the chain.
  void take_chain(const OriginProgress& other);
};

}  // namespace syncline
