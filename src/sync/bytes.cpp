#include "sync/bytes.hpp"

#include "changelog/codec/hash.hpp"

namespace syncline {
namespace {

constexpr unsigned checksum_bytes = 4;

std::uint64_t checksum(std::string_view bytes) {
  return codec::hash_bytes(bytes.data(), bytes.size()) & 0xFFFFFFFFU;
}

}  // namespace

void ByteWriter::number(std::uint64_t value, unsigned width_bytes) {
  for (unsigned i = width_bytes; i-- > 0;) bytes_ += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

void ByteWriter::node(const NodeId& id) {
  bytes_.append(reinterpret_cast<const char*>(id.data()), NodeId::size_bytes);
}

void ByteWriter::text(std::string_view text) {
  number(text.size(), 4);
  bytes_ += text;
}

std::string ByteWriter::sealed() const {
  ByteWriter out(*this);
  out.number(checksum(bytes_), checksum_bytes);
  return out.bytes_;
}

bool ByteReader::unseal() {
  if (bytes_.size() < checksum_bytes) {
    complete_ = false;
    return false;
  }
  const std::string_view contents = bytes_.substr(0, bytes_.size() - checksum_bytes);
  bytes_.remove_prefix(contents.size());
  const std::uint64_t stated = number(checksum_bytes);
  bytes_ = contents;
  return stated == checksum(contents);
}

std::string_view ByteReader::take(std::size_t size) {
  if (size > bytes_.size()) {
    complete_ = false;
    bytes_ = {};
    return {};
  }
  const std::string_view taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

std::uint64_t ByteReader::number(unsigned width_bytes) {
  std::uint64_t value = 0;
  for (const char byte : take(width_bytes)) value = (value << 8) | static_cast<std::uint8_t>(byte);
  return value;
}

NodeId ByteReader::node() {
  const std::string_view taken = take(NodeId::size_bytes);
  if (taken.empty()) return {};
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(
      reinterpret_cast<const std::uint8_t*>(taken.data()), NodeId::size_bytes));
}

std::string ByteReader::text() { return std::string(take(number(4))); }

}  // namespace syncline
