// How long an answer may wait for something to happen.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace syncline::api {

/// Longer than this no answer waits: proxies give up on silent connections after about a minute.
inline constexpr std::uint64_t max_wait_ms = 60'000;

/// `wait_ms` as a duration, cut to what is allowed.
inline std::chrono::milliseconds wait_time(std::uint64_t wait_ms) {
  return std::chrono::milliseconds(std::min(wait_ms, max_wait_ms));
}

}  // namespace syncline::api
