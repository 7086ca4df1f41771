// The port through which the library reads the time, so that a test can set it.
#pragma once

#include <atomic>
#include <cstdint>

namespace syncline {

/// Wall-clock time. Implementations are thread-safe.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  /// Microseconds since 1970-01-01T00:00:00Z. May jump either way, as wall clocks do.
  virtual std::uint64_t now_us() const = 0;
};

/// The operating system's clock, moved by `offset_us` (for demonstrations of wrong clocks).
class SystemClock final : public Clock {
 public:
  explicit SystemClock(std::int64_t offset_us = 0) : offset_us_(offset_us) {}
  std::uint64_t now_us() const override;

 private:
  std::int64_t offset_us_;
};

/// A clock that stands still until it is set.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::uint64_t now_us) : now_us_(now_us) {}
  std::uint64_t now_us() const override { return now_us_.load(std::memory_order_relaxed); }
  void set_us(std::uint64_t now_us) { now_us_.store(now_us, std::memory_order_relaxed); }
  void advance_us(std::uint64_t by_us) { now_us_.fetch_add(by_us, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> now_us_;
};

/// A `SystemClock` that lives as long as the program.
Clock& system_clock();

}  // namespace syncline
