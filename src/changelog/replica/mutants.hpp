// What some mutants do that takes more than a line where they are planted (see mutation.hpp). In
// ordinary builds nobody calls it.
#pragma once

#include <span>
#include <string_view>

#include "changelog/replica/impl.hpp"

namespace syncline {

/// `marker_before_its_turn`: lets the markers among `records` take effect before the rest is taken.
/// The replica's lock is held.
void apply_markers_early(Replica::Impl& impl, std::span<const std::string_view> records);

/// `void_replaces_heads`: forgets the row that `change` names if it is a void that saw all heads.
/// The replica's lock is held.
void replace_by_void(Replica::Impl& impl, const ChangeView& change);

}  // namespace syncline
