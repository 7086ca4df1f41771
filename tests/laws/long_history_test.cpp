// Longer histories at random: what the small worlds are too small for.
//
// SYNCLINE_SEED=<n> replays the run with that seed alone; SYNCLINE_RUNS=<n> sets how many there
// are.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "laws/world.hpp"

namespace syncline::laws {
namespace {

constexpr std::uint64_t default_runs = 2000;
constexpr std::uint64_t first_seed = 1;
constexpr std::size_t actions = 30;
constexpr std::size_t rows = 3;
constexpr std::size_t most_writes_at_once = 3;
static_assert(actions * most_writes_at_once <= max_changes);

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Chooses the actions of one run.
class Script {
 public:
  explicit Script(std::uint64_t seed)
      : random_(seed), world_(setup(random_)), bias_(pick(random_, 3)) {}

  void run() {
    for (std::size_t i = 0; i < actions && !world_.failed(); ++i) act();
    world_.check_all();
    exchange();
    world_.check_equal();
    world_.redeliver(any_site());
  }

  const World& world() const { return world_; }

 private:
  static std::size_t pick(std::mt19937_64& random, std::size_t below) {
    // Not std::uniform_int_distribution: a seed has to mean the same with every library.
    return static_cast<std::size_t>(random() % below);
  }

  static Setup setup(std::mt19937_64& random) {
    Setup made;
    made.policy = pick(random, 2) == 0 ? "lww" : "causal";
    made.rows = rows;
    const std::size_t sites = 3 + pick(random, 2);
    for (std::size_t i = 0; i < sites; ++i) {
      made.nodes.push_back(i);
      made.clocks.push_back(pick(random, 3));
    }
    return made;
  }

  std::size_t any(std::size_t below) { return pick(random_, below); }
  std::size_t any_site() { return any(world_.size()); }
  /// Some runs play on one row mostly, so that its history grows deep.
  std::size_t any_row() { return bias_ == 0 || any(4) == 0 ? any(rows) : 0; }
  Batching any_batching() { return static_cast<Batching>(any(4)); }
  Act any_plain_act() {
    constexpr Act acts[] = {Act::put_new, Act::put_new,      Act::put_same,
                            Act::erase,   Act::put_same_raw, Act::put_new};
    return acts[any(std::size(acts))];
  }
  std::size_t other_than(std::size_t site) {
    return (site + 1 + any(world_.size() - 1)) % world_.size();
  }

  void act() {
    const std::size_t site = any_site();
    switch (any(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        world_.write(site, any_row(), any_plain_act());
        break;
      case 4:
        write_several(site);
        break;
      case 5:
        world_.write(site, any_row(), any(2) == 0 ? Act::resolve_lesser : Act::resolve_new);
        break;
      case 6:
      case 7:
        world_.pull(site, other_than(site), 1 + any(3), any_batching());
        break;
      case 8:
      case 9:
        world_.pull(site, other_than(site), max_changes, any_batching());
        break;
      case 10:
        if (any(2) == 0) {
          world_.merge(site, other_than(site));
        } else {
          world_.pull(site, other_than(site), 4, any_batching());
        }
        break;
      default:
        world_.set_clock(site, any(5));
        return;
    }
    world_.check(site);
  }

  void write_several(std::size_t site) {
    std::vector<World::RowAct> acts;
    const std::size_t count = 2 + any(most_writes_at_once - 1);
    for (std::size_t i = 0; i < count; ++i) acts.push_back({any_row(), any_plain_act()});
    if (any(3) == 0) {
      world_.batch(site, acts);
    } else {
      world_.transaction(site, acts);
    }
  }

  /// Everybody with everybody until nobody lacks anything, some of it by snapshot.
  void exchange() {
    for (std::size_t round = 0; round < 2; ++round) {
      for (std::size_t to = 0; to < world_.size(); ++to) {
        for (std::size_t from = 0; from < world_.size() && !world_.failed(); ++from) {
          if (to == from) continue;
          if (any(6) == 0) {
            world_.merge(to, from);
          } else {
            world_.pull(to, from, max_changes, any_batching());
          }
          world_.check(to);
        }
      }
    }
  }

  std::mt19937_64 random_;
  World world_;
  std::size_t bias_;
};

}  // namespace

TEST_CASE("simulation: long histories with transactions, batches, jumping clocks and snapshots") {
  const std::uint64_t chosen = from_environment("SYNCLINE_SEED", 0);
  const std::uint64_t runs = chosen != 0 ? 1 : from_environment("SYNCLINE_RUNS", default_runs);
  const std::uint64_t start = chosen != 0 ? chosen : first_seed;
  for (std::uint64_t seed = start; seed < start + runs; ++seed) {
    Script script(seed);
    script.run();
    REQUIRE_MESSAGE(!script.world().failed(), "replay with SYNCLINE_SEED=", seed, "\n",
                    script.world().failure());
  }
}

}  // namespace syncline::laws
