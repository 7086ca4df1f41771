// Deliberate mistakes, to see that the tests catch them. In ordinary builds all of this is nothing.
#pragma once

#include <cstdint>

namespace syncline {

/// One deliberate mistake; mutations.def says of each what goes wrong.
enum class Mutation : std::uint8_t {
  none,
#define MUTATION(name, sentence) name,
#include "changelog/mutations.def"
};

#if defined(SYNCLINE_ENABLE_MUTANTS)
/// True if the mistake called `which` is switched on by the environment variable SYNCLINE_MUTANT.
bool mutated(Mutation which) noexcept;
#else
constexpr bool mutated(Mutation) noexcept { return false; }
#endif

}  // namespace syncline
