#include "support/mesh_world.hpp"

#include <set>

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline::test {
namespace {

TenantManager::Options tenant_options(Clock& clock, Random& random) {
  TenantManager::Options options;
  options.clock = &clock;
  options.random = &random;
  return options;
}

std::size_t below(SeededRandom& random, std::size_t bound) {
  std::uint8_t bytes[4];
  random.fill(bytes);
  const std::uint32_t number = static_cast<std::uint32_t>(bytes[0]) |
                               static_cast<std::uint32_t>(bytes[1]) << 8U |
                               static_cast<std::uint32_t>(bytes[2]) << 16U;
  return number % bound;
}

std::set<std::string> conflicts_of(const Replica& replica) {
  std::set<std::string> told;
  ConflictQuery query;
  query.limit = 100'000;
  const ConflictPage page = replica.conflicts(query);
  for (const ConflictReport& report : page.conflicts) {
    told.insert(to_string(report.id) + ' ' + std::string(to_string(report.status)) + ' ' +
                (report.winner_dot ? to_string(*report.winner_dot) : "none"));
  }
  return told;
}

}  // namespace

MeshNode::MeshNode(Clock& clock, Random& random)
    : tenants(std::make_unique<TenantManager>(tenant_options(clock, random))), hub(&clock) {
  tenant = tenants->create("default", "unlimited").value();
}

MeshWorld::MeshWorld(std::size_t nodes, const std::vector<MeshLine>& lines, std::uint64_t seed)
    : random_(seed) {
  for (std::size_t i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<MeshNode>(clock_, random_));
  }
  // The first is the home, if it is reached.
  for (std::size_t i = 1; i < nodes; ++i) {
    TenantSettings settings = nodes_[i]->tenant->settings();
    settings.home = replica(0).node();
    REQUIRE(nodes_[i]->tenants->set_settings("default", settings));
  }
  for (const MeshLine& line : lines) {
    MeshNode& server = *nodes_[line.server];
    SyncClient::Options options;
    options.remote = "node-" + std::to_string(line.server);
    Line made;
    made.transport = std::make_unique<HubTransport>(*server.tenants, server.hub);
    made.client = std::make_unique<SyncClient>(replica(line.client), *made.transport, options);
    lines_.push_back(std::move(made));
  }
  // All are known to one another before anything is written, so that nobody is a newcomer.
  for (std::size_t line = 0; line < lines.size(); ++line) sync(line);
}

void MeshWorld::put(std::size_t node, const std::string& row, const std::string& json) {
  clock_.advance_us(1'000);
  REQUIRE(replica(node).put("t", row, Payload::json(json)));
  ++written_;
}

void MeshWorld::sync(std::size_t line) {
  clock_.advance_us(1'000);
  const Result<SyncReport> report = lines_[line].client->sync();
  if (!report) FAIL(to_string(report.error()));
  CHECK(report->rejected.empty());
  CHECK_FALSE(report->identity_changed);
  traffic_.pushed += report->pushed;
  traffic_.accepted += report->accepted;
  traffic_.pulled += report->pulled;
  traffic_.applied += report->applied;
}

std::size_t MeshWorld::settle() {
  for (std::size_t round = 1;; ++round) {
    REQUIRE(round <= 2 * nodes());
    const std::size_t before = traffic_.pushed + traffic_.pulled;
    for (std::size_t line = 0; line < lines_.size(); ++line) sync(line);
    if (traffic_.pushed + traffic_.pulled == before) return round - 1;
  }
}

void MeshWorld::check_equal() {
  const Replica& first = replica(0);
  for (std::size_t i = 0; i < nodes(); ++i) {
    CHECK(replica(i).statistics().changes == written_);
    CHECK(replica(i).summary() == first.summary());
    CHECK(replica(i).visible_checksum() == first.visible_checksum());
    CHECK(conflicts_of(replica(i)) == conflicts_of(first));
  }
}

std::vector<MeshLine> line_graph(std::size_t nodes) {
  std::vector<MeshLine> lines;
  for (std::size_t i = 1; i < nodes; ++i) lines.push_back({i - 1, i});
  return lines;
}

std::vector<MeshLine> ring_graph(std::size_t nodes) {
  std::vector<MeshLine> lines = line_graph(nodes);
  lines.push_back({nodes - 1, 0});
  return lines;
}

std::vector<MeshLine> star_graph(std::size_t nodes) {
  std::vector<MeshLine> lines;
  for (std::size_t i = 1; i < nodes; ++i) lines.push_back({i, 0});
  return lines;
}

std::vector<MeshLine> random_graph(std::size_t nodes, std::size_t more, SeededRandom& random) {
  std::vector<MeshLine> lines;
  const auto connect = [&](std::size_t left, std::size_t right) {
    const bool turned = below(random, 2) == 1;
    lines.push_back(turned ? MeshLine{right, left} : MeshLine{left, right});
  };
  for (std::size_t i = 1; i < nodes; ++i) connect(below(random, i), i);
  for (std::size_t i = 0; i < more; ++i) {
    const std::size_t left = below(random, nodes);
    const std::size_t right = (left + 1 + below(random, nodes - 1)) % nodes;
    connect(left, right);
  }
  return lines;
}

}  // namespace syncline::test
