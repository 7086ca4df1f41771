// The one hash of records and chains, inlined where it is used.
#pragma once

#define XXH_INLINE_ALL
#include <cstddef>
#include <cstdint>
#include <xxhash.h>

namespace syncline::codec {

/// XXH3-64 of `size` bytes, continued from `seed`.
inline std::uint64_t hash_bytes(const void* bytes, std::size_t size,
                                std::uint64_t seed = 0) noexcept {
  return XXH3_64bits_withSeed(bytes, size, seed);
}

}  // namespace syncline::codec
