// A change: one write of one row, and the views of it that cost nothing to make.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/dot.hpp"
#include "syncline/hybrid_clock.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline {

/// What the writer did, as it saw the row. The numbers are stored and frozen.
enum class Operation : std::uint8_t {
  void_ = 0,   ///< a number used up, no effect
  insert = 1,  ///< the writer saw no such row, or a deleted one
  update = 2,
  erase = 3,   ///< "delete" on the wire
  stable = 4,  ///< a stable marker: concerns the log, not a row
};

/// The wire name: "void", "insert", "update", "delete", "stable".
std::string_view to_string(Operation operation) noexcept;
/// Errors: `bad_request`, naming the five.
Result<Operation> operation_from_string(std::string_view name);

/// What the payload bytes are. The numbers are stored and frozen.
enum class PayloadFormat : std::uint8_t { none = 0, json = 1, msgpack = 2, bytes = 3 };

std::string_view to_string(PayloadFormat format) noexcept;
/// Errors: `bad_request`, naming the four.
Result<PayloadFormat> payload_format_from_string(std::string_view name);

/// A row's value: bytes and what they are. The bytes are the writer's and are never re-serialised.
/// Does not own them.
struct Payload {
  PayloadFormat format = PayloadFormat::none;
  std::string_view bytes;

  static Payload none() noexcept { return {}; }
  static Payload json(std::string_view text) noexcept { return {PayloadFormat::json, text}; }
  static Payload msgpack(std::string_view data) noexcept { return {PayloadFormat::msgpack, data}; }
  static Payload raw(std::string_view data) noexcept { return {PayloadFormat::bytes, data}; }
  friend bool operator==(const Payload&, const Payload&) noexcept = default;
};

/// Place of a change in a transaction: changes of one origin, in a row, visible together or not at
/// all.
struct TransactionPart {
  std::uint64_t number = 0;  ///< the seq of the transaction's first change
  std::uint32_t index = 0;   ///< from 0
  std::uint32_t count = 0;   ///< how many changes the transaction has
  friend bool operator==(const TransactionPart&, const TransactionPart&) noexcept = default;
};

/// Small facts beside a change, e.g. `actor`, `resolves`, `note`. Sorted by key.
using Metadata = std::map<std::string, std::string, std::less<>>;

/// One insert, update or delete of one row, made once, at one replica, and never altered. An owning
/// value; `ChangeView` is the same without copies.
struct Change {
  Dot dot;
  HybridTime hlc;
  Operation operation = Operation::void_;
  std::string table;
  std::string row_id;
  /// What the writer had seen of the row, without the change's own dot.
  VectorClock context;
  /// Number of the stable marker that the writer had applied.
  std::uint64_t stable = 0;
  PayloadFormat format = PayloadFormat::none;
  std::string data;
  std::optional<TransactionPart> transaction;
  Metadata metadata;

  /// The context joined with the dot: what people are shown.
  VectorClock vector_clock() const;
  Payload payload() const noexcept { return {format, data}; }
  /// Same contents. (Whether two changes are the same *change* is decided by their dots.)
  friend bool operator==(const Change&, const Change&) = default;
};

/// A causal context as it lies in an encoded record. Does not own the bytes.
class ContextView {
 public:
  ContextView() = default;
  /// `bytes` are `count` times (bin16 node, uint seq) in canonical MessagePack, checked before.
  ContextView(const std::uint8_t* bytes, std::uint32_t size_bytes, std::uint32_t count) noexcept
      : bytes_(bytes), size_bytes_(size_bytes), count_(count) {}

  /// The highest seq seen of `node`, 0 if none. One walk over the few entries that a row has.
  Sequence get(const NodeId& node) const noexcept;
  bool covers(const Dot& dot) const noexcept { return dot.seq <= get(dot.origin); }
  std::uint32_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  VectorClock to_clock() const;

  /// Calls `visit(const std::uint8_t* node, Sequence seq)` for each entry in order.
  template <typename Visit>
  void for_each(Visit&& visit) const;

  const std::uint8_t* data() const noexcept { return bytes_; }
  std::uint32_t size_bytes() const noexcept { return size_bytes_; }

 private:
  static Sequence read_sequence(const std::uint8_t*& position) noexcept;

  const std::uint8_t* bytes_ = nullptr;
  std::uint32_t size_bytes_ = 0;
  std::uint32_t count_ = 0;
};

/// A change as it lies in its encoded record: the fields are read, the variable parts stay where
/// they are. Valid as long as the bytes are (see who gave it).
struct ChangeView {
  std::span<const std::uint8_t> record;
  Dot dot;
  HybridTime hlc;
  Operation operation = Operation::void_;
  PayloadFormat format = PayloadFormat::none;
  std::string_view table;
  std::string_view row_id;
  ContextView context;
  std::uint64_t stable = 0;
  std::string_view data;
  /// What follows `data` in the record: transaction and metadata, still encoded.
  std::span<const std::uint8_t> tail;

  std::optional<TransactionPart> transaction() const;
  Metadata metadata() const;
  Payload payload() const noexcept { return {format, data}; }
  Change to_change() const;
  /// True if the context says that this change's writer had seen `other`. It leaves out what the
  /// marker `stable` covers, so where that is not 0 this is half of the answer.
  bool saw(const Dot& other) const noexcept { return context.covers(other); }
  /// True for operations that a row can show: insert, update, delete.
  bool is_row_change() const noexcept {
    return operation == Operation::insert || operation == Operation::update ||
           operation == Operation::erase;
  }
};

inline Sequence ContextView::read_sequence(const std::uint8_t*& position) noexcept {
  const std::uint8_t lead = *position++;
  if (lead < 0x80) return lead;
  const unsigned width = 1U << (lead - 0xCCU);  // 0xcc..0xcf: 1, 2, 4, 8 bytes, big-endian
  Sequence value = 0;
  for (unsigned i = 0; i < width; ++i) value = (value << 8) | *position++;
  return value;
}

template <typename Visit>
void ContextView::for_each(Visit&& visit) const {
  const std::uint8_t* position = bytes_;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const std::uint8_t* node = position + 2;
    position += 2 + NodeId::size_bytes;
    visit(node, read_sequence(position));
  }
}

inline Sequence ContextView::get(const NodeId& node) const noexcept {
  const std::uint8_t* position = bytes_;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const bool found = std::memcmp(position + 2, node.data(), NodeId::size_bytes) == 0;
    position += 2 + NodeId::size_bytes;
    const Sequence seq = read_sequence(position);
    if (found) return seq;
  }
  return 0;
}

}  // namespace syncline
