// What a write has seen of its row, in the form in which records hold it.
#pragma once

#include <cstdint>
#include <span>

#include <boost/container/small_vector.hpp>

#include "syncline/change.hpp"

namespace syncline {

/// The bytes of a causal context. Most rows are written by a handful of nodes.
using ContextBuffer = boost::container::small_vector<std::uint8_t, 256>;

/// The join of what `heads` had seen and of the heads themselves, without what `stable`, the vector
/// of the applied marker, covers: that is seen anyway, and so is what older markers cover, which
/// the heads may rely on. null: there is no marker. The answer lies in `buffer`.
ContextView build_context(std::span<const ChangeView> heads, const VectorClock* stable,
                          ContextBuffer& buffer);

}  // namespace syncline
