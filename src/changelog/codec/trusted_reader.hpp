// Reading canonical MessagePack that was checked when it came in: no checks, as fast as can be.
#pragma once

#include <cstdint>
#include <string_view>

#include "changelog/codec/big_endian.hpp"
#include "changelog/codec/record_format.hpp"

namespace syncline::codec {

[[gnu::always_inline]] inline std::uint64_t read_trusted_uint(
    const std::uint8_t*& position) noexcept {
  const std::uint8_t lead = *position++;
  if (lead < 0x80) return lead;
  const std::uint8_t* number = position;
  switch (lead - lead_uint8) {
    case 0:
      position += 1;
      return load_big_endian<1>(number);
    case 1:
      position += 2;
      return load_big_endian<2>(number);
    case 2:
      position += 4;
      return load_big_endian<4>(number);
    default:
      position += 8;
      return load_big_endian<8>(number);
  }
}

// A size behind one of three lead bytes, of which `first_lead` has one byte.
[[gnu::always_inline]] inline std::uint32_t read_trusted_size(const std::uint8_t*& position,
                                                              unsigned lead,
                                                              unsigned first_lead) noexcept {
  const std::uint8_t* number = position;
  if (lead == first_lead) {
    position += 1;
    return number[0];
  }
  if (lead == first_lead + 1) {
    position += 2;
    return static_cast<std::uint32_t>(load_big_endian<2>(number));
  }
  position += 4;
  return static_cast<std::uint32_t>(load_big_endian<4>(number));
}

[[gnu::always_inline]] inline std::string_view read_trusted_string(
    const std::uint8_t*& position) noexcept {
  const std::uint8_t lead = *position++;
  const std::uint32_t size =
      lead < lead_nil ? lead & 31U : read_trusted_size(position, lead, lead_str8);
  const std::string_view text(reinterpret_cast<const char*>(position), size);
  position += size;
  return text;
}

[[gnu::always_inline]] inline std::string_view read_trusted_binary(
    const std::uint8_t*& position) noexcept {
  const std::uint8_t lead = *position++;
  const std::uint32_t size = read_trusted_size(position, lead, lead_bin8);
  const std::string_view bytes(reinterpret_cast<const char*>(position), size);
  position += size;
  return bytes;
}

/// The number of elements of an array (`lead16` = `lead_array16`) or of pairs of a map.
[[gnu::always_inline]] inline std::uint32_t read_trusted_count(const std::uint8_t*& position,
                                                               std::uint8_t lead16) noexcept {
  const std::uint8_t lead = *position++;
  if (lead < lead_fixstr) return lead & 15U;
  // The form with one byte does not exist here, so the first lead byte is one before that of two.
  return read_trusted_size(position, lead, lead16 - 1U);
}

}  // namespace syncline::codec
