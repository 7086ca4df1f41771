// Constants of the record that writer and readers share.
#pragma once

#include <cstdint>
#include <string_view>

namespace syncline::codec {

inline constexpr std::uint32_t record_fields = 13;
inline constexpr std::uint64_t record_version = 1;
inline constexpr std::size_t hash_bytes_size = 8;
/// What the numbers in a change stay below, but for its time: a greater one would be another number
/// to JSON readers that know doubles only.
inline constexpr std::uint64_t end_of_integers = std::uint64_t{1} << 53;

/// Metadata key that marks a stub: its data are the hash of the data that it stands for.
inline constexpr std::string_view stub_key = "stub";
/// Metadata key of what was written anew under another identity. Only a void that has it carries
/// data: the bytes that lost.
inline constexpr std::string_view rebased_key = "rebased";

// Lead bytes of MessagePack that canonical records consist of.
inline constexpr std::uint8_t lead_fixmap = 0x80;
inline constexpr std::uint8_t lead_fixarray = 0x90;
inline constexpr std::uint8_t lead_fixstr = 0xA0;
inline constexpr std::uint8_t lead_nil = 0xC0;
inline constexpr std::uint8_t lead_bin8 = 0xC4;
inline constexpr std::uint8_t lead_uint8 = 0xCC;
inline constexpr std::uint8_t lead_str8 = 0xD9;
inline constexpr std::uint8_t lead_array16 = 0xDC;
inline constexpr std::uint8_t lead_map16 = 0xDE;

}  // namespace syncline::codec
