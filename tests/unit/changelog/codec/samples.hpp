// Changes that the tests of the codec share.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/change.hpp"

namespace syncline::samples {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// An id whose bytes are all `byte`.
inline NodeId node(std::uint8_t byte) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes.fill(byte);
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}

/// A valid insert of a JSON payload, with nothing that is optional.
inline Change plain_change() {
  Change change;
  change.dot = {node(0x11), 1};
  change.hlc = HybridTime::from_us(1'795'176'000'123'456);
  change.operation = Operation::insert;
  change.table = "orders";
  change.row_id = "42";
  change.format = PayloadFormat::json;
  change.data = R"({"name":"Ann"})";
  return change;
}

/// A valid update that has everything.
inline Change full_change() {
  Change change = plain_change();
  change.dot.seq = 300;
  change.operation = Operation::update;
  change.context = {{node(0x11), 299}, {node(0x01), 1}, {node(0xF0), 70'000}};
  change.stable = 12;
  change.transaction = TransactionPart{299, 1, 3};
  change.metadata = {{"actor", "ann"}, {"note", "caf\xC3\xA9"}};
  return change;
}

/// A change of any operation and format that `validate` accepts.
Change random_change(std::mt19937_64& random);

}  // namespace syncline::samples
