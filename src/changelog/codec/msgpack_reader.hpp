// Reading MessagePack from bytes that anybody may have sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "changelog/codec/big_endian.hpp"
#include "changelog/codec/record_format.hpp"
#include "syncline/limits.hpp"

namespace syncline::codec {

/// Takes values off the front of a buffer. Every `read_` accepts the shortest form alone, answers
/// false if there is another or another type, and never looks outside the buffer. After a false the
/// position is unspecified. Does not own the bytes; what it gives points into them.
class MsgpackReader {
 public:
  explicit MsgpackReader(std::span<const std::uint8_t> bytes) noexcept
      : position_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool read_uint(std::uint64_t& value) noexcept;
  bool read_string(std::string_view& text) noexcept {
    std::uint32_t size = 0;
    return read_size<lead_fixstr, 31, lead_str8, 1>(size) && take(size, text);
  }
  bool read_binary(std::string_view& bytes) noexcept {
    std::uint32_t size = 0;
    return read_size<0, 0, lead_bin8, 1>(size) && take(size, bytes);
  }
  /// The number of elements; the elements follow.
  bool read_array(std::uint32_t& count) noexcept {
    return read_size<lead_fixarray, 15, lead_array16, 2>(count);
  }
  /// The number of pairs; key, value, key, … follow.
  bool read_map(std::uint32_t& count) noexcept {
    return read_size<lead_fixmap, 15, lead_map16, 2>(count);
  }
  /// True, and passes over it, if a nil is next. Otherwise moves nothing.
  bool read_nil() noexcept {
    if (at_end() || *position_ != lead_nil) return false;
    ++position_;
    return true;
  }
  /// Passes over one well-formed value of any type and form, nested at most `max_nesting` deep.
  bool skip(std::size_t max_nesting = limits::max_nesting) noexcept;

  const std::uint8_t* position() const noexcept { return position_; }
  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - position_); }
  bool at_end() const noexcept { return position_ == end_; }

 private:
  // Sizes come in a lead byte of their own (base | size up to MaxFix, none if that is 0) or behind
  // the lead bytes FirstLead, FirstLead + 1, … of which the first has FirstWidth bytes.
  template <std::uint8_t FixBase, std::uint8_t MaxFix, std::uint8_t FirstLead,
            std::size_t FirstWidth>
  bool read_size(std::uint32_t& size) noexcept;
  template <std::size_t Width>
  bool read_number(std::uint64_t smallest, std::uint64_t& value) noexcept;
  bool take(std::uint32_t size, std::string_view& bytes) noexcept;
  bool skip_scalar(std::uint8_t lead, std::uint64_t& values_inside) noexcept;
  bool skip_bytes(std::uint64_t count) noexcept;
  template <std::size_t Width>
  bool skip_sized(std::size_t extra) noexcept;

  const std::uint8_t* position_;
  const std::uint8_t* end_;
};

/// True if `bytes` are exactly one well-formed value.
bool is_msgpack_value(std::string_view bytes) noexcept;

template <std::size_t Width>
inline bool MsgpackReader::read_number(std::uint64_t smallest, std::uint64_t& value) noexcept {
  if (remaining() < Width) return false;
  value = load_big_endian<Width>(position_);
  position_ += Width;
  return value >= smallest;
}

inline bool MsgpackReader::read_uint(std::uint64_t& value) noexcept {
  if (at_end()) return false;
  const std::uint8_t lead = *position_++;
  if (lead < 0x80) {
    value = lead;
    return true;
  }
  switch (lead) {
    case lead_uint8:
      return read_number<1>(0x80, value);
    case lead_uint8 + 1:
      return read_number<2>(0x100, value);
    case lead_uint8 + 2:
      return read_number<4>(0x1'0000, value);
    case lead_uint8 + 3:
      return read_number<8>(0x1'0000'0000, value);
    default:
      return false;
  }
}

inline bool MsgpackReader::take(std::uint32_t size, std::string_view& bytes) noexcept {
  if (remaining() < size) return false;
  bytes = {reinterpret_cast<const char*>(position_), size};
  position_ += size;
  return true;
}

template <std::uint8_t FixBase, std::uint8_t MaxFix, std::uint8_t FirstLead, std::size_t FirstWidth>
inline bool MsgpackReader::read_size(std::uint32_t& size) noexcept {
  if (at_end()) return false;
  const std::uint8_t lead = *position_++;
  if constexpr (MaxFix > 0) {
    if (lead >= FixBase && lead <= FixBase + MaxFix) {
      size = lead - FixBase;
      return true;
    }
  }
  constexpr std::uint64_t smallest = MaxFix > 0 ? MaxFix + 1 : 0;
  constexpr std::uint8_t lead16 = FirstWidth == 1 ? FirstLead + 1 : FirstLead;
  std::uint64_t number = 0;
  bool good = false;
  if (FirstWidth == 1 && lead == FirstLead) {
    good = read_number<1>(smallest, number);
  } else if (lead == lead16) {
    good = read_number<2>(FirstWidth == 1 ? 0x100 : smallest, number);
  } else if (lead == lead16 + 1) {
    good = read_number<4>(0x1'0000, number);
  }
  size = static_cast<std::uint32_t>(number);
  return good;
}

}  // namespace syncline::codec
