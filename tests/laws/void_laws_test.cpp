// A void uses up a number and does nothing else: it is never a head, replaces nothing, and is left
// out of every row past. So contexts that differ by voids alone tell of the same past.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "laws/histories.hpp"
#include "laws/verify.hpp"
#include "syncline/record.hpp"

namespace syncline::laws {
namespace {

constexpr std::uint64_t noon_us = 1'700'000'000'000'000;

/// Writes the history down without replicas: the changes whose bits are set in `voids` are void,
/// those whose bits are set in `erases` are deletes where there is something to delete.
Graph written_down(const History& history, unsigned voids, unsigned erases, bool settles) {
  Graph graph("laws", settles, {{"t", "a"}});
  std::vector<Sequence> counted(3, 0);
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Step& step = history[i];
    const ExpectedRow& seen = graph.expected(0, step.held);
    const bool there =
        !seen.heads.empty() && graph.at(seen.heads.front()).change.operation != Operation::erase;
    Change change;
    change.dot = {node_id(step.site), ++counted[step.site]};
    change.hlc = HybridTime::from_us(noon_us);
    for (const std::size_t other : members(step.held)) {
      const HybridTime after{graph.at(other).change.hlc.value + 1};
      change.hlc = std::max(change.hlc, after);
    }
    change.table = "t";
    change.row_id = "a";
    change.context = graph.clock_of(step.held);
    if (voids >> i & 1U) {
      change.operation = Operation::void_;
    } else if (there && (erases >> i & 1U)) {
      change.operation = Operation::erase;
    } else {
      change.operation = there ? Operation::update : Operation::insert;
      change.format = PayloadFormat::json;
      change.data = std::to_string(i);
    }
    std::string record = encode_record(change);
    graph.add(std::move(change), std::move(record), 0, step.held);
  }
  return graph;
}

std::string describe(const Graph& graph) {
  std::string text;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const Change& change = graph.at(i).change;
    text += short_name(change.dot) + ' ' + std::string(to_string(change.operation)) + " saw " +
            to_string(change.context) + '\n';
  }
  return text;
}

void check_delivery(const Graph& graph, const std::vector<std::size_t>& order) {
  ManualClock clock(noon_us);
  Replica::Options options;
  options.tenant = "laws";
  options.node = node_id(3);
  options.clock = &clock;
  options.policies.default_policy = graph.settles() ? "lww" : "causal";
  const auto replica = Replica::open(std::move(options));
  REQUIRE(replica.has_value());
  ChangeSet held;
  for (const std::size_t i : order) {
    const std::string_view record = graph.at(i).record;
    const IntegrateResult result = (*replica)->integrate({&record, 1});
    REQUIRE_MESSAGE(result.rejected.empty(), describe(graph),
                    to_string(result.rejected.front().error));
    held.set(i);
    const std::string found = difference({**replica, graph, held});
    REQUIRE_MESSAGE(found.empty(), found, "\n", describe(graph));
  }
}

}  // namespace

TEST_CASE("voids: they count for nothing, in every history of up to 4 changes of a row") {
  for (std::size_t writes = 1; writes <= 4; ++writes) {
    for_each_history(writes, 1, [&](const History& history) {
      for (unsigned voids = 1; voids < (1U << writes); ++voids) {
        for (const unsigned erases : {0U, 0xaU, 0xcU}) {
          for (const bool settles : {true, false}) {
            const Graph graph = written_down(history, voids, erases, settles);
            for (const std::vector<std::size_t>& order : delivery_orders(graph)) {
              check_delivery(graph, order);
            }
          }
        }
      }
    });
  }
}

}  // namespace syncline::laws
