#include "syncline/plan.hpp"

#include <array>

namespace syncline {
namespace {

// Decimal, as storage is sold and as the numbers of the plans are read.
constexpr std::uint64_t megabyte = 1'000'000;
constexpr std::uint64_t gigabyte = 1'000 * megabyte;

}  // namespace

std::span<const Plan> built_in_plans() {
  // Designated initialisers, because three of the members are numbers that are easily mixed up.
  static const std::array<Plan, 5> plans{{
      {.name = "free",
       .storage_bytes = 100 * megabyte,
       .max_connections = 5,
       .requests_per_second = 10,
       .change_log = false},
      {.name = "starter",
       .storage_bytes = gigabyte,
       .max_connections = 20,
       .requests_per_second = 100,
       .change_log = true},
      {.name = "pro",
       .storage_bytes = 10 * gigabyte,
       .max_connections = 100,
       .requests_per_second = 1'000,
       .change_log = true},
      {.name = "enterprise",
       .storage_bytes = 100 * gigabyte,
       .max_connections = 1'000,
       .requests_per_second = 10'000,
       .change_log = true},
      {.name = "unlimited",
       .storage_bytes = 0,
       .max_connections = 0,
       .requests_per_second = 0,
       .change_log = true},
  }};
  return plans;
}

}  // namespace syncline
