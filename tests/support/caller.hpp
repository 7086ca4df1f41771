// Speaks the sync protocol to a hub by hand.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/sync_world.hpp"
#include "sync/durable.hpp"

namespace syncline::test {

/// A caller that speaks the protocol by hand.
struct Caller {
  SyncWorld& world;
  Edge edge;

  explicit Caller(SyncWorld& of) : world(of), edge(of.edge()) {}
  NodeId id() const { return edge.replica->node(); }

  RegisterRequest registration() const {
    RegisterRequest request;
    request.protocol = {1};
    request.node_id = id();
    request.clock = wire_clock(*edge.replica, edge.replica->summary());
    return request;
  }
  void enter(std::optional<std::vector<std::string>> tables = std::nullopt) {
    RegisterRequest request = registration();
    request.tables = std::move(tables);
    REQUIRE(world.hub.register_peer(world.tenant, request));
  }
  /// The edge's changes from the `from`-th on.
  PushRequest batch(Lsn from = 1, Lsn to = 1'000'000) const {
    PushRequest request;
    request.node_id = id();
    const LogReader reader = edge.replica->log();
    for (Lsn lsn = from; lsn <= std::min(to, reader.last_lsn()); ++lsn) {
      const auto record = reader.at(lsn).change.record;
      request.changes.records.emplace_back(record.begin(), record.end());
    }
    return request;
  }
  PushResponse push(Lsn from = 1, Lsn to = 1'000'000) {
    auto response = world.hub.push(world.tenant, batch(from, to));
    REQUIRE(response);
    return *response;
  }
  PullRequest pull_request(std::string cursor = "") const {
    PullRequest request;
    request.node_id = id();
    request.cursor = std::move(cursor);
    return request;
  }
  PullResponse pull(const PullRequest& request) {
    auto response = world.hub.pull(world.tenant, request);
    REQUIRE(response);
    return *response;
  }
};

/// The code of what has to be an error.
template <typename T>
ErrorCode code_of(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error().code;
}

}  // namespace syncline::test
