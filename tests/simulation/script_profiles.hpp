// Which histories there are: the worlds that can be simulated, and a script for each seed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "script.hpp"

namespace syncline::sim {

/// The names of all worlds, and for each a sentence.
struct WorldName {
  std::string_view name;
  std::string_view meaning;
};
std::span<const WorldName> world_names();

/// The world that a seed is of where none was asked for: each has its turn.
std::string_view world_of(std::uint64_t seed);

/// The script of a seed. Errors: `bad_request`, naming the worlds that there are.
Result<Script> make_script(std::string_view world, std::uint64_t seed);

}  // namespace syncline::sim
