#include <cstdio>

#include "changelog/winner/greatest.hpp"

namespace syncline {

std::string describe_gap(HybridTime earlier, HybridTime later) {
  const std::uint64_t us = later.physical_us() - earlier.physical_us();
  constexpr std::uint64_t second = 1'000'000;
  char text[64];
  if (us < second) {
    std::snprintf(text, sizeof text, "%.3f ms", static_cast<double>(us) / 1e3);
  } else if (us < 120 * second) {
    std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(us) / 1e6);
  } else if (us < 7200 * second) {
    std::snprintf(text, sizeof text, "%llu min %llu s",
                  static_cast<unsigned long long>(us / second / 60),
                  static_cast<unsigned long long>(us / second % 60));
  } else {
    std::snprintf(text, sizeof text, "%llu h %llu min",
                  static_cast<unsigned long long>(us / second / 3600),
                  static_cast<unsigned long long>(us / second / 60 % 60));
  }
  return text;
}

std::string describe_order(const ChangeView& winner, const ChangeView& loser) {
  if (winner.hlc.physical_us() != loser.hlc.physical_us()) {
    return "later by " + describe_gap(loser.hlc, winner.hlc);
  }
  if (winner.hlc != loser.hlc) {
    return "of the same microsecond and later by " +
           std::to_string(winner.hlc.counter() - loser.hlc.counter()) + " in the logical counter";
  }
  return "of the same time, and the greater node id decides";
}

}  // namespace syncline
