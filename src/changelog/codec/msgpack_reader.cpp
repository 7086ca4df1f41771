#include "changelog/codec/msgpack_reader.hpp"

namespace syncline::codec {

bool MsgpackReader::skip_bytes(std::uint64_t count) noexcept {
  if (remaining() < count) return false;
  position_ += count;
  return true;
}

// A size of `Width` bytes and as many bytes as it says, and the `extra` ones between.
template <std::size_t Width>
bool MsgpackReader::skip_sized(std::size_t extra) noexcept {
  std::uint64_t size = 0;
  return read_number<Width>(0, size) && skip_bytes(size + extra);
}

// Passes over what follows `lead`, up to the first of the values that it contains.
bool MsgpackReader::skip_scalar(std::uint8_t lead, std::uint64_t& values_inside) noexcept {
  values_inside = 0;
  if (lead < 0x80 || lead >= 0xE0) return true;  // small integers
  if (lead < lead_fixarray) {
    values_inside = 2 * std::uint64_t{lead} - 2 * std::uint64_t{lead_fixmap};
    return true;
  }
  if (lead < lead_fixstr) {
    values_inside = lead - lead_fixarray;
    return true;
  }
  if (lead < lead_nil) return skip_bytes(lead - lead_fixstr);
  switch (lead) {
    case 0xC0:
    case 0xC2:
    case 0xC3:
      return true;  // nil, false, true
    case 0xC4:
    case 0xD9:
      return skip_sized<1>(0);  // bin, str
    case 0xC5:
    case 0xDA:
      return skip_sized<2>(0);
    case 0xC6:
    case 0xDB:
      return skip_sized<4>(0);
    case 0xC7:
      return skip_sized<1>(1);  // ext: a type byte stands before the bytes
    case 0xC8:
      return skip_sized<2>(1);
    case 0xC9:
      return skip_sized<4>(1);
    case 0xCC:
    case 0xD0:
      return skip_bytes(1);
    case 0xCD:
    case 0xD1:
      return skip_bytes(2);
    case 0xCA:
    case 0xCE:
    case 0xD2:
      return skip_bytes(4);
    case 0xCB:
    case 0xCF:
    case 0xD3:
      return skip_bytes(8);
    case 0xD4:
      return skip_bytes(1 + 1);  // ext of 1, 2, 4, 8, 16 bytes
    case 0xD5:
      return skip_bytes(1 + 2);
    case 0xD6:
      return skip_bytes(1 + 4);
    case 0xD7:
      return skip_bytes(1 + 8);
    case 0xD8:
      return skip_bytes(1 + 16);
    case 0xDC:
      return read_number<2>(0, values_inside);
    case 0xDD:
      return read_number<4>(0, values_inside);
    case 0xDE:
    case 0xDF: {
      const bool good =
          lead == 0xDE ? read_number<2>(0, values_inside) : read_number<4>(0, values_inside);
      values_inside *= 2;
      return good;
    }
    default:
      return false;  // 0xC1 is never used
  }
}

bool MsgpackReader::skip(std::size_t max_nesting) noexcept {
  if (at_end()) return false;
  std::uint64_t values_inside = 0;
  if (!skip_scalar(*position_++, values_inside)) return false;
  if (values_inside == 0) return true;
  // A value takes a byte at least, so a count beyond what is left ends the walk at once.
  if (max_nesting == 0 || values_inside > remaining()) return false;
  for (; values_inside > 0; --values_inside) {
    if (!skip(max_nesting - 1)) return false;
  }
  return true;
}

bool is_msgpack_value(std::string_view bytes) noexcept {
  MsgpackReader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return reader.skip() && reader.at_end();
}

}  // namespace syncline::codec
