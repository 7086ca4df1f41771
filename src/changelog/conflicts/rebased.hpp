// What a change that was written anew says about the change that it stands for.
#pragma once

#include <optional>
#include <string>

#include "syncline/change.hpp"

namespace syncline {

/// The metadata `rebased`: "origin:seq" of the change that was taken out of the log of a rebased
/// replica; behind it, if a policy had to decide, a space and "origin:seq" of the change that it
/// was decided against.
struct Rebased {
  Dot orphan;
  std::optional<Dot> against;
};

std::string to_text(const Rebased& rebased);
/// nullopt if there is no such metadata, or it is something else. Cheap where there is none.
std::optional<Rebased> rebased_of(const ChangeView& change);

}  // namespace syncline
