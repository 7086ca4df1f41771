// Runs scripts: what came of them, and a smaller script that fails the same way.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "judge.hpp"
#include "script.hpp"
#include "world_events.hpp"

namespace syncline::sim {

struct Outcome {
  std::optional<Violation> violation;
  Events events;
  std::uint64_t digest = 0;  ///< 0 unless it was asked for
};

struct RunOptions {
  std::ostream* story = nullptr;  ///< what happens is told there
  bool digest = false;
};

/// Carries a script out in a world of its own. Never throws: an exception is a violation of
/// "no_exception".
Outcome run(const Script& script, const RunOptions& options = {});

}  // namespace syncline::sim
