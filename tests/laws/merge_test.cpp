// Every history of a small world, carried out on real replicas and compared with the graph.
//
// The worlds are exhaustive within what each test case states. Histories are counted up to renaming
// of replicas and rows, so ties and clocks are tried in the orders that renaming hides.
#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "laws/histories.hpp"
#include "laws/world.hpp"

namespace syncline::laws {
namespace {

constexpr std::array policies = {"lww", "causal"};

/// Worlds of four writes are for optimised builds: without, or with sanitizers, they take minutes.
#if defined(NDEBUG)
const doctest::skip skip_where_slow(false);
#else
const doctest::skip skip_where_slow(true);
#endif

/// A small world: what varies in it.
struct Bounds {
  std::size_t writes = 1;
  std::size_t rows = 1;
  std::vector<Act> acts;
  std::vector<Timing> timings;
};

/// Called with the three replicas when all has been written, and a number that is another one each
/// time, for what is to vary without being multiplied.
using Finish = std::function<void(World&, std::size_t run)>;

/// Brings the replica to what the step says it holds; by snapshot where some other replica has just
/// what is lacking.
void bring(World& world, const Step& step, Batching batching, bool by_snapshot) {
  if (by_snapshot && step.held != world.held(step.site)) {
    for (std::size_t other = 0; other < world.size(); ++other) {
      if ((world.held(other) | world.held(step.site)) != step.held) continue;
      return world.merge(step.site, other);
    }
  }
  world.take(step.site, step.held, batching);
}

/// Carries the history out. Returns how many of its writes were possible.
std::size_t carry_out(World& world, const History& history, const std::vector<Act>& choice,
                      Batching batching, bool by_snapshot) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    bring(world, history[i], batching, by_snapshot);
    if (!world.write(history[i].site, history[i].row, choice[i])) return i;
  }
  return history.size();
}

/// Carries out all that `bounds` allows. Returns how many histories that was.
std::size_t explore(const Bounds& bounds, bool by_snapshot, const Finish& finish) {
  std::size_t run = 0;
  for_each_history(bounds.writes, bounds.rows, [&](const History& history) {
    for (const Timing& timing : bounds.timings) {
      for (const char* policy : policies) {
        for_each_choice(bounds.acts, bounds.writes, [&](const std::vector<Act>& choice) {
          const auto batching = static_cast<Batching>(run % 4);
          World world({policy, timing.nodes, timing.clocks, bounds.rows});
          const std::size_t done = carry_out(world, history, choice, batching, by_snapshot);
          if (done == history.size()) finish(world, run++);
          if (world.failed()) FAIL(world.failure());
          return done;
        });
      }
    }
  });
  return run;
}

using Meeting = std::pair<std::size_t, std::size_t>;

/// Six orders of the three meetings, with three sizes of pages and four ways to hand them over.
constexpr std::size_t meeting_ways = 6 * 12;

/// The orders in which three replicas can meet in pairs.
std::vector<std::vector<Meeting>> meeting_orders() {
  std::array<std::size_t, 3> order = {0, 1, 2};
  const std::array<Meeting, 3> meetings = {{{0, 1}, {0, 2}, {1, 2}}};
  std::vector<std::vector<Meeting>> orders;
  do {
    std::vector<Meeting> one;
    for (const std::size_t i : order) one.push_back(meetings[i]);
    // What the third meeting told one of two has to reach the other as well.
    one.push_back(one.front());
    one.push_back(one[1]);
    orders.push_back(std::move(one));
  } while (std::next_permutation(order.begin(), order.end()));
  return orders;
}

/// Everybody meets everybody in the `run`-th of the possible orders, and tells all that it knows:
/// by log in pages of one, of two, or of all at once; or by snapshots; or one way by each.
void meet(World& world, std::size_t run, bool by_snapshot) {
  static const std::vector<std::vector<Meeting>> orders = meeting_orders();
  world.check_all();
  for (const auto& [left, right] : orders[run % orders.size()]) {
    const std::size_t form = run / orders.size();
    const std::size_t page = form % 3 == 2 ? max_changes : form % 3 + 1;
    const auto pull_all = [&](std::size_t to, std::size_t from) {
      while (!world.failed() && (world.held(from) & ~world.held(to)).any()) {
        world.pull(to, from, page, static_cast<Batching>(form % 4));
        world.check(to);
      }
    };
    if (by_snapshot) {
      world.merge(left, right);
      world.check(left);
    } else {
      pull_all(left, right);
    }
    if (by_snapshot && form % 2 == 0) {
      world.merge(right, left);
      world.check(right);
    } else {
      pull_all(right, left);
    }
  }
  world.check_equal();
}

void meet_and_repeat(World& world, std::size_t run, bool by_snapshot) {
  meet(world, run, by_snapshot);
  if (!world.failed()) world.redeliver(run % world.size());
}

/// A replica that has nothing gets all changes in each of the orders that can be taken, one by one
/// with a look after each, and in each division into batches.
void deliver_in_all_orders(World& world, bool in_all_batches) {
  world.check_all();
  const std::size_t count = world.graph().size();
  for (const std::vector<std::size_t>& order : delivery_orders(world.graph())) {
    for (unsigned cuts = 0; cuts < (1U << (count - 1)); ++cuts) {
      const bool one_by_one = cuts + 1 == (1U << (count - 1));
      if (!in_all_batches && !one_by_one && cuts != 0) continue;
      const std::size_t site = world.add_site(3, 1);
      std::vector<std::size_t> batch;
      for (std::size_t i = 0; i < count && !world.failed(); ++i) {
        batch.push_back(order[i]);
        if (i + 1 < count && !(cuts >> i & 1U)) continue;
        world.integrate(site, batch);
        world.check(site);
        batch.clear();
      }
      if (world.failed()) return;
      world.drop_last_site();
    }
  }
}

/// The same in every order, also those in which things come before what they depend on. Those are
/// refused, leave nothing, and are taken when they come again.
void deliver_in_any_order(World& world) {
  std::vector<std::size_t> order(world.graph().size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::vector<std::size_t> as_made = order;
  do {
    for (const bool at_once : {false, true}) {
      const std::size_t site = world.add_site(3, 1);
      if (at_once) {
        world.integrate(site, order);
        world.check(site);
      }
      for (std::size_t i = 0; i < order.size() && !at_once; ++i) {
        world.integrate(site, {order[i]});
        world.check(site);
      }
      world.integrate(site, as_made);
      world.check(site);
      if (world.failed()) return;
      world.drop_last_site();
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

const std::vector<Act> puts = {Act::put_new};
const std::vector<Act> put_or_erase = {Act::put_new, Act::erase};
const std::vector<Act> plain_acts = {Act::put_new, Act::put_same, Act::erase};
const std::vector<Act> all_acts = {Act::put_new, Act::put_same, Act::erase, Act::resolve_lesser,
                                   Act::resolve_new};

}  // namespace

TEST_CASE("merge: up to 3 writes of 2 rows, all acts, all timings") {
  for (std::size_t writes = 1; writes <= 3; ++writes) {
    const std::size_t runs =
        explore({writes, 2, all_acts, all_timings()}, false,
                [](World& world, std::size_t run) { meet_and_repeat(world, run, false); });
    MESSAGE(writes, " writes: ", runs, " histories");
  }
}

TEST_CASE("merge: up to 3 writes of 2 rows, every order of meeting in every form") {
  for (std::size_t writes = 2; writes <= 3; ++writes) {
    for (std::size_t way = 0; way < meeting_ways; ++way) {
      explore({writes, 2, put_or_erase, few_timings()}, false,
              [&](World& world, std::size_t) { meet(world, way, false); });
    }
  }
}

TEST_CASE("merge: up to 3 writes, all orders of delivery in all divisions into batches") {
  for (std::size_t writes = 1; writes <= 3; ++writes) {
    explore({writes, 2, plain_acts, few_timings()}, false,
            [](World& world, std::size_t) { deliver_in_all_orders(world, true); });
  }
}

TEST_CASE("merge: what comes before what it depends on is refused and leaves nothing") {
  const std::vector<Timing> ties = {few_timings().front()};
  const Finish finish = [](World& world, std::size_t) { deliver_in_any_order(world); };
  explore({2, 2, puts, ties}, false, finish);
  explore({3, 2, puts, ties}, false, finish);
  explore({4, 1, puts, ties}, false, finish);
}

TEST_CASE("merge: up to 3 writes, snapshots in place of deliveries") {
  for (std::size_t writes = 1; writes <= 3; ++writes) {
    explore({writes, 2, all_acts, few_timings()}, true,
            [](World& world, std::size_t run) { meet_and_repeat(world, run, true); });
  }
}

TEST_CASE("merge: 4 writes of 2 rows" * skip_where_slow) {
  const std::size_t runs = explore({4, 2, put_or_erase, few_timings()}, false,
                                   [](World& world, std::size_t run) { meet(world, run, false); });
  MESSAGE(runs, " histories");
}

TEST_CASE("merge: 4 writes of one row, all acts" * skip_where_slow) {
  const std::size_t runs =
      explore({4, 1, all_acts, few_timings()}, false,
              [](World& world, std::size_t run) { meet_and_repeat(world, run, false); });
  MESSAGE(runs, " histories");
}

TEST_CASE("merge: 4 writes, all orders of delivery" * skip_where_slow) {
  explore({4, 2, puts, two_timings()}, false,
          [](World& world, std::size_t) { deliver_in_all_orders(world, false); });
  explore({4, 1, put_or_erase, two_timings()}, false,
          [](World& world, std::size_t) { deliver_in_all_orders(world, true); });
}

TEST_CASE("merge: 4 writes, snapshots in place of deliveries" * skip_where_slow) {
  explore({4, 1, plain_acts, two_timings()}, true,
          [](World& world, std::size_t run) { meet(world, run, true); });
  explore({4, 2, puts, two_timings()}, true,
          [](World& world, std::size_t run) { meet(world, run, true); });
}

}  // namespace syncline::laws
