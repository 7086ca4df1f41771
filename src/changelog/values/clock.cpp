#include "syncline/clock.hpp"

#include <chrono>

namespace syncline {

std::uint64_t SystemClock::now_us() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count() + offset_us_;
  return now > 0 ? static_cast<std::uint64_t>(now) : 0;
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace syncline
