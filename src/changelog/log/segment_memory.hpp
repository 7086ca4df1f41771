// Memory for segments of a log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace syncline::log_internal {

struct FreeMemory {
  void operator()(std::uint8_t* memory) const noexcept { std::free(memory); }
};
using SegmentMemory = std::unique_ptr<std::uint8_t[], FreeMemory>;

/// Uninitialised memory. Where it is large the operating system is asked for huge pages: rows are
/// looked up all over the log, and with small pages every look-up would miss the TLB as well.
/// Throws std::bad_alloc.
SegmentMemory allocate_segment(std::size_t size_bytes);

/// Memory in which records lie one behind the other.
struct Segment {
  explicit Segment(std::size_t size_bytes)
      : bytes(allocate_segment(size_bytes)), capacity(size_bytes) {}

  SegmentMemory bytes;
  std::size_t capacity;
};

}  // namespace syncline::log_internal
