// One hub with a tenant, and edges beside it, all in one process and on one clock.
#pragma once

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "support/hub_transport.hpp"
#include "support/results.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::test {

/// An edge: a replica with a client to the hub.
struct Edge {
  std::unique_ptr<Replica> replica;
  std::unique_ptr<HubTransport> transport;
  std::unique_ptr<SyncClient> client;

  void put(std::string_view row, std::string_view json, std::string_view table = "t") {
    REQUIRE(replica->put(table, row, Payload::json(json)));
  }
  void put_many(std::size_t count, std::string_view table = "t") {
    for (std::size_t i = 0; i < count; ++i) put("r" + std::to_string(i), "{\"n\":1}", table);
  }
  /// A round that has to go well.
  SyncReport sync() {
    const Result<SyncReport> report = client->sync();
    if (!report) FAIL(to_string(report.error()));
    return *report;
  }
};

struct SyncWorld {
  /// Two worlds that meet need different seeds: ids come from them.
  explicit SyncWorld(TenantManager::Options options = {}, std::uint64_t seed = 7)
      : random(seed), tenants(with(options)) {
    const auto made = tenants.create("default", "unlimited");
    if (!made) FAIL(to_string(made.error()));
    tenant = *made;
  }

  /// `own_clock` null: the edge's clock is the world's.
  Edge edge(SyncClient::Options options = {}, Clock* own_clock = nullptr) {
    Replica::Options replica;
    replica.clock = own_clock == nullptr ? &clock : own_clock;
    replica.random = &random;
    auto opened = Replica::open(replica);
    REQUIRE(opened);
    Edge edge;
    edge.replica = std::move(*opened);
    attach(edge, std::move(options));
    return edge;
  }
  /// Gives the edge a client of its own, as after a start of its program.
  void attach(Edge& edge, SyncClient::Options options = {}) {
    edge.client.reset();
    edge.transport = std::make_unique<HubTransport>(tenants, hub);
    edge.client = std::make_unique<SyncClient>(*edge.replica, *edge.transport, std::move(options));
  }
  Replica& server() { return tenant->replica(); }

  ManualClock clock{1'700'000'000'000'000};
  SeededRandom random;
  TenantManager tenants;
  Hub hub{&clock};
  std::shared_ptr<Tenant> tenant;

 private:
  TenantManager::Options with(TenantManager::Options options) {
    options.clock = &clock;
    options.random = &random;
    return options;
  }
};

}  // namespace syncline::test
