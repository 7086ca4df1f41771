#include "runner.hpp"

#include <exception>

#include "world.hpp"

namespace syncline::sim {

Outcome run(const Script& script, const RunOptions& options) {
  Outcome outcome;
  try {
    World world(script, options.story);
    world.run();
    outcome.violation = world.violation();
    outcome.events = world.events();
    if (options.digest) outcome.digest = world.digest();
  } catch (const std::exception& fault) {
    outcome.violation = Violation{"no_exception", fault.what()};
  }
  return outcome;
}

}  // namespace syncline::sim
