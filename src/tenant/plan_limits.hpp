// What a plan means to a replica.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "syncline/plan.hpp"

namespace syncline::tenant_internal {

/// The bytes of records that a replica under `plan` may hold; a plan writes "no limit" as 0.
inline std::uint64_t max_log_bytes(const Plan& plan) noexcept {
  return plan.storage_bytes == 0 ? std::numeric_limits<std::uint64_t>::max() : plan.storage_bytes;
}

/// The plan's name if it has no change log, else empty, as `Replica` wants it.
inline std::string no_change_log_plan(const Plan& plan) {
  return plan.change_log ? std::string{} : plan.name;
}

}  // namespace syncline::tenant_internal
