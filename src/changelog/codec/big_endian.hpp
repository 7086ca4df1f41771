// Numbers as MessagePack stores them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syncline::codec {

/// Reads `Width` bytes, the most significant first. Compiles to one load and a swap.
template <std::size_t Width>
inline std::uint64_t load_big_endian(const std::uint8_t* bytes) noexcept {
  if constexpr (Width == 1) {
    return bytes[0];
  } else {
    constexpr std::size_t half = Width / 2;
    return (load_big_endian<half>(bytes) << (8 * half)) | load_big_endian<half>(bytes + half);
  }
}

/// Writes all eight bytes of `value`, the most significant first.
inline void store_big_endian(std::uint8_t* out, std::uint64_t value) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<std::uint8_t>(value >> shift);
}

}  // namespace syncline::codec
