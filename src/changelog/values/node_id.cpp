#include "syncline/node_id.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <boost/uuid/uuid_io.hpp>

namespace syncline {
namespace {

constexpr std::size_t text_size = 36;
constexpr std::int8_t no_digit = -1;

/// What each character is worth as a hexadecimal digit.
constexpr std::array<std::int8_t, 256> digits = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(no_digit);
  for (std::int8_t value = 0; value < 16; ++value) {
    const auto place = static_cast<std::size_t>(value);
    values[static_cast<unsigned char>("0123456789abcdef"[place])] = value;
    values[static_cast<unsigned char>("0123456789ABCDEF"[place])] = value;
  }
  return values;
}();

constexpr bool is_dash_place(std::size_t place) noexcept {
  return place == 8 || place == 13 || place == 18 || place == 23;
}

}  // namespace

NodeId NodeId::generate(Random& random) {
  NodeId id;
  random.fill(id.bytes_);
  id.bytes_[6] = static_cast<std::uint8_t>((id.bytes_[6] & 0x0F) | 0x40);  // version 4
  id.bytes_[8] = static_cast<std::uint8_t>((id.bytes_[8] & 0x3F) | 0x80);  // the RFC's variant
  return id;
}

// Each id of each clock of each message comes through here, and Boost's reader, which also takes
// other forms and throws, took a twelfth of the time of whole rounds.
Result<NodeId> NodeId::parse(std::string_view text) {
  NodeId id;
  bool valid = text.size() == text_size;
  std::size_t byte = 0;
  for (std::size_t i = 0; valid && i < text_size;) {
    if (is_dash_place(i)) {
      valid = text[i++] == '-';
      continue;
    }
    const int high = digits[static_cast<unsigned char>(text[i])];
    const int low = digits[static_cast<unsigned char>(text[i + 1])];
    valid = high != no_digit && low != no_digit;
    id.bytes_[byte++] = static_cast<std::uint8_t>(high * 16 + low);
    i += 2;
  }
  if (valid) return id;
  return Error(ErrorCode::bad_request,
               "a node id has the form 01234567-89ab-cdef-0123-456789abcdef");
}

boost::uuids::uuid NodeId::uuid() const noexcept {
  boost::uuids::uuid uuid;
  std::copy(bytes_.begin(), bytes_.end(), uuid.begin());
  return uuid;
}

std::string NodeId::to_string() const { return boost::uuids::to_string(uuid()); }

}  // namespace syncline
