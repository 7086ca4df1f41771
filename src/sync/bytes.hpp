// Small binary forms for tokens that others keep: fixed-width numbers and a checksum at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "syncline/node_id.hpp"

namespace syncline {

/// Writes a token. Numbers are big-endian.
class ByteWriter {
 public:
  void number(std::uint64_t value, unsigned width_bytes);
  void node(const NodeId& id);
  /// The length in four bytes, then the bytes.
  void text(std::string_view text);
  const std::string& bytes() const noexcept { return bytes_; }
  /// The bytes and their checksum, which finds what was mistyped or cut (not what was forged).
  std::string sealed() const;

 private:
  std::string bytes_;
};

/// Reads a token, whatever the bytes: what is not there reads as 0 and shows in `at_end`.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  /// Takes the checksum off; false if it does not fit.
  bool unseal();
  std::uint64_t number(unsigned width_bytes);
  NodeId node();
  std::string text();
  /// True if all was there and nothing is left.
  bool at_end() const noexcept { return complete_ && bytes_.empty(); }

 private:
  std::string_view take(std::size_t size);

  std::string_view bytes_;
  bool complete_ = true;
};

}  // namespace syncline
