// Makes a failing script small, so that a person can follow it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "script.hpp"

namespace syncline::sim {

/// Says whether a script still fails as the first one did.
using Fails = std::function<bool(const Script&)>;

/// The smallest script that it finds by leaving steps out, in halves, quarters and so on, then by
/// making the world and the operands of steps smaller, over and over. Tries at most `most_runs`
/// scripts.
/// Source: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
Script shrink(Script script, const Fails& fails, std::size_t most_runs);

}  // namespace syncline::sim
