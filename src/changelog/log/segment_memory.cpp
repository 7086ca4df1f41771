#include "changelog/log/segment_memory.hpp"

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace syncline::log_internal {

SegmentMemory allocate_segment(std::size_t size_bytes) {
  constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
  const bool large = size_bytes >= huge_page_bytes;
  const std::size_t rounded =
      (size_bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
  void* memory = large ? std::aligned_alloc(huge_page_bytes, rounded) : std::malloc(size_bytes);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__)
  if (large) ::madvise(memory, rounded, MADV_HUGEPAGE);  // a wish: without it all works, slower
#endif
  return SegmentMemory(static_cast<std::uint8_t*>(memory));
}

}  // namespace syncline::log_internal
