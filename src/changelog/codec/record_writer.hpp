// Writing records: the hot path of every append.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "syncline/change.hpp"

namespace syncline::codec {

/// What a record says, wherever it lies. Owns nothing.
struct RecordFields {
  const NodeId* origin = nullptr;
  Sequence seq = 0;
  HybridTime hlc;
  Operation operation = Operation::void_;
  std::string_view table;
  std::string_view row_id;
  ContextView context;
  std::uint64_t stable = 0;
  PayloadFormat format = PayloadFormat::none;
  std::string_view data;
  std::optional<TransactionPart> transaction;
  const Metadata* metadata = nullptr;  ///< null means none
};

/// How many bytes `write_record` needs at most. Cheap: no field is encoded for it.
std::size_t max_record_bytes(const RecordFields& fields) noexcept;

/// Writes the canonical record at `out` and returns its end. Allocates nothing.
/// Requires `max_record_bytes(fields)` bytes there.
std::uint8_t* write_record(std::uint8_t* out, const RecordFields& fields) noexcept;

/// The most bytes that one entry of an encoded context takes.
inline constexpr std::size_t max_context_entry_bytes = 2 + NodeId::size_bytes + 9;

/// Writes one entry of a context as `ContextView` reads it and returns its end. The caller writes
/// them in ascending order of the nodes. Requires seq >= 1 and `max_context_entry_bytes` there.
std::uint8_t* write_context_entry(std::uint8_t* out, const std::uint8_t* node,
                                  Sequence seq) noexcept;

}  // namespace syncline::codec
