// Nodes that all serve, and exchange with one another along the lines of a graph.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/hub_transport.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::test {

/// A node with one tenant and a hub of its own. It can be asked, and asks others.
struct MeshNode {
  MeshNode(Clock& clock, Random& random);
  Replica& replica() { return tenant->replica(); }

  std::unique_ptr<TenantManager> tenants;
  Hub hub;
  std::shared_ptr<Tenant> tenant;
};

/// A line of the graph: `client` asks, `server` answers.
struct MeshLine {
  std::size_t client = 0;
  std::size_t server = 0;
};

/// What went over all lines so far.
struct MeshTraffic {
  std::size_t pushed = 0;
  std::size_t accepted = 0;
  std::size_t pulled = 0;
  std::size_t applied = 0;
};

/// All nodes are in one process and on one clock.
class MeshWorld {
 public:
  MeshWorld(std::size_t nodes, const std::vector<MeshLine>& lines, std::uint64_t seed = 7);

  Replica& replica(std::size_t node) { return nodes_[node]->replica(); }
  std::size_t nodes() const { return nodes_.size(); }
  std::size_t lines() const { return lines_.size(); }
  SeededRandom& random() { return random_; }

  void put(std::size_t node, const std::string& row, const std::string& json);
  /// One round over one line, which has to go well.
  void sync(std::size_t line);
  /// Rounds over all lines in order until nobody gets anything new; how many it took.
  std::size_t settle();
  /// Everybody has every change exactly once, and shows and reports the same.
  void check_equal();
  const MeshTraffic& traffic() const { return traffic_; }
  std::size_t written() const { return written_; }

 private:
  struct Line {
    std::unique_ptr<HubTransport> transport;
    std::unique_ptr<SyncClient> client;
  };

  ManualClock clock_{1'700'000'000'000'000};
  SeededRandom random_;
  std::vector<std::unique_ptr<MeshNode>> nodes_;
  std::vector<Line> lines_;
  MeshTraffic traffic_;
  std::size_t written_ = 0;
};

/// 0 - 1 - 2 - …
std::vector<MeshLine> line_graph(std::size_t nodes);
/// The line, closed.
std::vector<MeshLine> ring_graph(std::size_t nodes);
/// All others ask node 0.
std::vector<MeshLine> star_graph(std::size_t nodes);
/// A random tree, and `more` lines beside it; who asks is random.
std::vector<MeshLine> random_graph(std::size_t nodes, std::size_t more, SeededRandom& random);

}  // namespace syncline::test
