// A server's node in memory that is the same in every run: ids, times, and what is in it.
#pragma once

#include <memory>
#include <string_view>

#include "syncline/clock.hpp"
#include "syncline/random.hpp"
#include "syncline/replica.hpp"
#include "syncline/tenant.hpp"

namespace syncline::fuzz {

inline constexpr std::uint64_t world_begins_us = 1'795'176'000'000'000;
/// Another replica, which wrote what the server had not seen.
extern const NodeId phone;

/// A node with the tenant "shop": the table "people" with some rows, of which "2" is in conflict
/// (table "people" has the policy causal), one deleted and one of bytes.
class World {
 public:
  World();

  Replica& replica() { return tenant->replica(); }
  /// Writes a row of the table "people" on the server.
  void put(std::string_view row_id, std::string_view json);
  /// Checks that all that is in the log is valid, and that the rows can be read.
  void check() const;

  ManualClock clock{world_begins_us};
  SeededRandom random{20'261'120};
  TenantManager tenants;
  std::shared_ptr<Tenant> tenant;
};

/// A replica of its own with two rows of the table "people" in it.
std::unique_ptr<Replica> make_edge(Clock& clock, Random& random);

/// Checks that all that is in the log of `replica` is valid, and that its rows can be read.
void check_replica(const Replica& replica);

}  // namespace syncline::fuzz
