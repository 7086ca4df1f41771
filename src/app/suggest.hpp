// "Did you mean …?"
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace syncline::app {

/// How many insertions, deletions, replacements and swaps of neighbours turn one into the other,
/// byte by byte, ASCII case ignored (optimal string alignment).
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The candidate that `word` most probably was meant to be; empty if none is near enough.
std::string_view suggest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean 'tenant'?", or nothing.
std::string suggestion_clause(std::string_view word, std::span<const std::string> candidates);

}  // namespace syncline::app
