// SIGTERM and SIGINT for commands that run until they are stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <signal.h>

namespace syncline::app {

/// Keeps both back from all threads from its construction on, which has to come before any thread
/// starts; those that come are fetched here.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  /// Waits for one of them.
  int wait() const {
    int received = 0;
    while (sigwait(&signals_, &received) != 0) {
    }
    return received;
  }
  /// Waits for one of them for so long; nullopt: none came.
  std::optional<int> wait_for(std::chrono::milliseconds time) const {
    constexpr std::int64_t in_second = 1000;
    constexpr std::int64_t nanoseconds = 1'000'000;
    timespec timeout{};
    timeout.tv_sec = time.count() / in_second;
    timeout.tv_nsec = time.count() % in_second * nanoseconds;
    const int received = sigtimedwait(&signals_, nullptr, &timeout);
    if (received <= 0) return std::nullopt;
    return received;
  }

 private:
  sigset_t signals_{};
};

}  // namespace syncline::app
