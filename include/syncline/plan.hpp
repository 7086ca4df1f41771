// Plans: what a tenant may use.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/error.hpp"

namespace syncline {

/// Limits and features of a plan. 0 in a limit means none.
struct Plan {
  std::string name;
  std::uint64_t storage_bytes = 0;        ///< of change records
  std::uint64_t max_connections = 0;      ///< at once
  std::uint64_t requests_per_second = 0;  ///< sustained; a second's worth may come at once
  bool change_log = true;  ///< off: every write is refused with `change_log_disabled`
  friend bool operator==(const Plan&, const Plan&) = default;
};

/// free, starter, pro, enterprise, unlimited.
std::span<const Plan> built_in_plans();

}  // namespace syncline
