// The rule that most policies end in.
#pragma once

#include <cstddef>
#include <span>

#include "syncline/policy.hpp"

namespace syncline {

/// Index of the greatest (hlc, origin, seq). Requires at least one head.
std::size_t greatest_of(std::span<const ChangeView> heads) noexcept;

/// "3.200 s", "5 min 2 s", … : the time between two hybrid times, for reasons.
std::string describe_gap(HybridTime earlier, HybridTime later);
/// "later by 3.200 s", or what else decided between the two, for reasons.
std::string describe_order(const ChangeView& winner, const ChangeView& loser);

}  // namespace syncline
