// The simulator's program: runs histories until one fails, and tells how.
//
// Exit codes: 0 nothing was found, 1 an invariant was broken, 2 it was called wrongly.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "runner.hpp"
#include "script.hpp"
#include "script_profiles.hpp"
#include "shrink.hpp"

namespace syncline::sim {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Enough for a script of a hundred steps, and done in a minute.
constexpr std::size_t most_shrinking_runs = 20'000;
constexpr std::chrono::seconds report_interval{10};

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t runs = 0;
  double minutes = 0;
  std::string world;
  std::vector<std::string> scripts;
  bool verbose = false;
  bool twice = false;
  bool shrinking = true;
};

/// What all runs so far came to.
struct Totals {
  SteadyClock::time_point begun = SteadyClock::now();
  std::uint64_t histories = 0;
  std::uint64_t steps = 0;
  std::map<std::string, std::uint64_t> worlds;
  Events events;

  void add(const Script& script, const Outcome& outcome) {
    ++histories;
    steps += script.steps.size();
    ++worlds[script.setup.world];
    events.add(outcome.events);
  }

  void print(std::ostream& out) const {
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - begun).count();
    const auto a_minute =
        static_cast<std::uint64_t>(static_cast<double>(histories) * 60 / std::max(seconds, 1e-6));
    out << histories << " histories (" << a_minute << " a minute), " << steps << " steps";
    for (const auto& [world, count] : worlds) out << ", " << world << ' ' << count;
    out << "\n ";
    for (std::size_t i = 0; i < event_names.size(); ++i) {
      if (events.counts[i] != 0) out << ' ' << event_names[i] << ' ' << events.counts[i] << ',';
    }
    out << std::endl;
  }
};

/// The commit of the sources, as far as it can be told.
std::string commit() {
  const std::string command =
      "git -C '" SYNCLINE_SOURCE_DIR "' describe --always --dirty 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  char line[128] = {};
  if (!pipe || std::fgets(line, sizeof line, pipe.get()) == nullptr) return "unknown";
  std::string text(line);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// Tells of a failure: what broke, the shrunk script, and its story.
void report(const Script& script, const Violation& violation, const std::string& what_runs_it,
            const Arguments& arguments, std::uint64_t histories) {
  std::cout << "invariant: " << violation.invariant << "\nfound: " << violation.what
            << "\nrun: " << what_runs_it << "\nhistories: " << histories << "\ncommit: " << commit()
            << std::endl;
  Script smaller = script;
  if (arguments.shrinking) {
    const auto fails = [&](const Script& candidate) {
      const Outcome outcome = run(candidate, {nullptr, arguments.twice});
      return outcome.violation && outcome.violation->invariant == violation.invariant;
    };
    smaller = shrink(script, fails, most_shrinking_runs);
    std::cout << "shrunk from " << script.steps.size() << " steps to " << smaller.steps.size()
              << ":\n";
  }
  std::cout << to_text(smaller) << "story:\n";
  const Outcome again = run(smaller, {&std::cout, false});
  if (again.violation) {
    std::cout << again.violation->invariant << ": " << again.violation->what << std::endl;
  }
}

/// False if it fails, which is told.
bool carry_out(const Script& script, const std::string& what_runs_it, const Arguments& arguments,
               Totals& totals) {
  RunOptions options;
  options.digest = arguments.twice;
  if (arguments.verbose) options.story = &std::cout;
  Outcome outcome = run(script, options);
  totals.add(script, outcome);
  if (arguments.twice && !outcome.violation &&
      run(script, {nullptr, true}).digest != outcome.digest) {
    outcome.violation = Violation{"exact_replay", "the same script came out otherwise"};
  }
  if (!outcome.violation) return true;
  report(script, *outcome.violation, what_runs_it, arguments, totals.histories);
  return false;
}

int run_scripts(const Arguments& arguments) {
  Totals totals;
  for (const std::string& path : arguments.scripts) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    if (!file) {
      std::cerr << "simulation: cannot read " << path << '\n';
      return 2;
    }
    const auto script = read_script(text.str());
    if (!script) {
      std::cerr << "simulation: " << path << ": " << script.error().detail << '\n';
      return 2;
    }
    if (!carry_out(*script, "--script " + path, arguments, totals)) return 1;
  }
  totals.print(std::cout);
  return 0;
}

int run_seeds(const Arguments& arguments) {
  Totals totals;
  auto reported = totals.begun;
  const auto limit = std::chrono::duration<double>(arguments.minutes * 60);
  const std::uint64_t runs =
      arguments.runs == 0 && arguments.minutes == 0 ? std::uint64_t{1} : arguments.runs;
  for (std::uint64_t seed = arguments.seed; runs == 0 || totals.histories < runs; ++seed) {
    const auto now = SteadyClock::now();
    if (arguments.minutes != 0 && now - totals.begun >= limit) break;
    if (now - reported >= report_interval) {
      totals.print(std::cout);
      reported = now;
    }
    const std::string world =
        arguments.world.empty() ? std::string(world_of(seed)) : arguments.world;
    const auto script = make_script(world, seed);
    if (!script) {
      std::cerr << "simulation: " << script.error().detail << '\n';
      return 2;
    }
    const std::string what = "--seed " + std::to_string(seed) + " --world " + world;
    if (carry_out(*script, what, arguments, totals)) continue;
    std::cout << "seed: " << seed << '\n';
    totals.print(std::cout);
    return 1;
  }
  totals.print(std::cout);
  return 0;
}

int simulate(int count, char** words) {
  Arguments arguments;
  CLI::App app("Simulates replicas on a bad network, bad disks and wrong clocks.", "simulation");
  app.add_option("--seed", arguments.seed, "the first seed (1); each run takes the next one");
  app.add_option("--runs", arguments.runs, "how many histories (1, or as many as there is time)");
  app.add_option("--minutes", arguments.minutes, "how long")->check(CLI::NonNegativeNumber);
  std::string worlds = "one of";
  for (const WorldName& world : world_names()) {
    worlds += "\n  " + std::string(world.name) + ": " + std::string(world.meaning);
  }
  app.add_option("--world", arguments.world, worlds + "\n(each seed another one)");
  app.add_option("--script", arguments.scripts, "files with scripts, instead of seeds");
  app.add_flag("--verbose", arguments.verbose, "tell what happens");
  app.add_flag("--twice", arguments.twice,
               "run each history twice: both have to come out the same");
  app.add_flag("!--no-shrink", arguments.shrinking, "show a failing script as it is");
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault) == 0 ? 0 : 2;
  }
  return arguments.scripts.empty() ? run_seeds(arguments) : run_scripts(arguments);
}

}  // namespace
}  // namespace syncline::sim

int main(int count, char** words) {
  try {
    return syncline::sim::simulate(count, words);
  } catch (const std::exception& fault) {
    std::cerr << "simulation: " << fault.what() << '\n';
    return 2;
  }
}
