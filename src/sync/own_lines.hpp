// What a replica wrote itself, under its id and those that it gave up.
#pragma once

#include "syncline/replica.hpp"

namespace syncline {

/// Up to which number `replica` wrote under each id that was its own.
VectorClock own_lines(const Replica& replica);
/// A clock that covers all of `replica` but what it wrote itself and `held` does not cover.
VectorClock all_but_own(const Replica& replica, const VectorClock& held);

}  // namespace syncline
