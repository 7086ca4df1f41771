// Dots: the names of changes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "syncline/node_id.hpp"

namespace syncline {

/// Counts the changes of one origin from 1, without gaps. 0 means none.
using Sequence = std::uint64_t;

/// Position in one replica's log, from 1. Another replica has the same change at another one.
/// 0 means before the first.
using Lsn = std::uint64_t;

/// Names one change for ever: the `seq`-th that `origin` made. Ordered by origin, then seq, which
/// is an order for sorting and not one of time.
struct Dot {
  NodeId origin;
  Sequence seq = 0;

  friend bool operator==(const Dot&, const Dot&) noexcept = default;
  friend std::strong_ordering operator<=>(const Dot&, const Dot&) noexcept = default;
};

/// "uuid:seq".
std::string to_string(const Dot& dot);

struct DotHash {
  using is_avalanching = void;
  std::size_t operator()(const Dot& dot) const noexcept {
    return (NodeIdHash{}(dot.origin) ^ dot.seq) * 0x9E3779B97F4A7C15ULL;
  }
};

}  // namespace syncline
