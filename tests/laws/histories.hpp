// Every history of a small world: who writes which row, knowing what.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "laws/oracle.hpp"
#include "laws/world.hpp"

namespace syncline::laws {

/// One write. Before it, its replica is brought to hold exactly `held`, which is causally closed.
struct Step {
  std::size_t site = 0;
  std::size_t row = 0;
  ChangeSet held;
};
using History = std::vector<Step>;

/// Calls `visit` with every history of exactly `writes` writes at up to three replicas on up to
/// `rows` rows, up to renaming of replicas and of rows: both are numbered by their first use.
void for_each_history(std::size_t writes, std::size_t rows,
                      const std::function<void(const History&)>& visit);

/// Identities and clocks of three replicas. Clocks stand still, so that only causality moves the
/// hybrid times on: alike, they make ties, which identities decide; apart, they contradict
/// causality as often as they agree with it.
struct Timing {
  std::vector<std::size_t> nodes;
  std::vector<std::uint64_t> clocks;
};

/// All orders of identities under clocks that are alike, and all orders of clocks.
std::vector<Timing> all_timings();
/// Four of them: both directions of each.
std::vector<Timing> few_timings();
/// Two of them: ties, and the later a replica comes in, the further its clock is behind.
std::vector<Timing> two_timings();

/// Calls `run` with every choice of one act for each write. `run` returns how many writes went
/// well; choices that begin like one that did not are passed over, as a shorter history is at once
/// found among those with fewer writes.
void for_each_choice(const std::vector<Act>& acts, std::size_t writes,
                     const std::function<std::size_t(const std::vector<Act>&)>& run);

/// All orders in which the changes of `graph` can be delivered without anything being refused.
std::vector<std::vector<std::size_t>> delivery_orders(const Graph& graph);

}  // namespace syncline::laws
