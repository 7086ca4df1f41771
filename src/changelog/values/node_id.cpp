#include "syncline/node_id.hpp"

#include <algorithm>

#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace syncline {
namespace {

constexpr std::size_t text_size = 36;

bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Boost's reader also takes braces and forms without dashes and throws on the rest, so only what
// has the canonical shape reaches it.
bool is_canonical(std::string_view text) noexcept {
  if (text.size() != text_size) return false;
  for (std::size_t i = 0; i < text_size; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex_digit(text[i])) return false;
  }
  return true;
}

}  // namespace

NodeId NodeId::generate(Random& random) {
  NodeId id;
  random.fill(id.bytes_);
  id.bytes_[6] = static_cast<std::uint8_t>((id.bytes_[6] & 0x0F) | 0x40);  // version 4
  id.bytes_[8] = static_cast<std::uint8_t>((id.bytes_[8] & 0x3F) | 0x80);  // the RFC's variant
  return id;
}

Result<NodeId> NodeId::parse(std::string_view text) {
  if (!is_canonical(text)) {
    return Error(ErrorCode::bad_request,
                 "a node id has the form 01234567-89ab-cdef-0123-456789abcdef");
  }
  return NodeId(boost::uuids::string_generator()(text.begin(), text.end()));
}

boost::uuids::uuid NodeId::uuid() const noexcept {
  boost::uuids::uuid uuid;
  std::copy(bytes_.begin(), bytes_.end(), uuid.begin());
  return uuid;
}

std::string NodeId::to_string() const { return boost::uuids::to_string(uuid()); }

}  // namespace syncline
