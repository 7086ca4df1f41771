// An edge on a clock and a journal of its own, beside a server that may refuse what it writes.
#pragma once

#include <memory>
#include <string>

#include "support/sync_world.hpp"

namespace syncline::test {

inline constexpr std::uint64_t hour_us = 3'600'000'000;
inline constexpr std::uint64_t year_us = 365 * 24 * hour_us;

/// A world whose server takes payloads of at most 1,000 bytes.
inline TenantManager::Options small_changes() {
  TenantManager::Options options;
  options.max_change_bytes = 1'000;
  return options;
}

inline std::string large() { return '"' + std::string(5'000, 'x') + '"'; }

/// An edge on a clock and a journal of its own, which can be started again.
struct OwnEdge {
  explicit OwnEdge(SyncWorld& of) : world(of), clock(of.clock.now_us()) { start(); }

  void start() {
    edge.client.reset();
    edge.replica.reset();
    Replica::Options options;
    options.clock = &clock;
    options.random = &world.random;
    options.journal = journal;
    edge.replica = Replica::open(options).value();
    world.attach(edge);
  }
  void put(std::string_view row, std::string_view json) { edge.put(row, json); }
  SyncReport sync() { return edge.sync(); }
  Replica& replica() { return *edge.replica; }
  std::string text(std::string_view row) {
    const Row found = replica().get("t", row);
    return found.exists() ? std::string(found.winner->data) : "(none)";
  }

  SyncWorld& world;
  ManualClock clock;
  std::shared_ptr<MemoryJournal> journal = std::make_shared<MemoryJournal>();
  Edge edge;
};

inline void check_same(SyncWorld& world, OwnEdge& edge) {
  CHECK(world.server().visible_checksum() == edge.replica().visible_checksum());
  CHECK(world.server().summary() == edge.replica().summary());
  CHECK(world.server().conflict_statistics().total == edge.replica().conflict_statistics().total);
  const SyncReport idle = edge.sync();
  CHECK(idle.requests == 1);
  CHECK(idle.pushed == 0);
}

}  // namespace syncline::test
