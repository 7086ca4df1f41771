// The rare parts at the end of a record: transaction and metadata.
#pragma once

#include <cstdint>
#include <optional>

#include "changelog/codec/trusted_reader.hpp"
#include "syncline/change.hpp"

namespace syncline::codec {

/// Reads the transaction at `position` and moves behind it.
inline std::optional<TransactionPart> read_trusted_transaction(
    const std::uint8_t*& position) noexcept {
  if (*position++ == lead_nil) return std::nullopt;
  TransactionPart part;
  part.number = read_trusted_uint(position);
  part.index = static_cast<std::uint32_t>(read_trusted_uint(position));
  part.count = static_cast<std::uint32_t>(read_trusted_uint(position));
  return part;
}

/// Calls `visit(std::string_view key, std::string_view value)` for each entry of the metadata at
/// `position`, in order, and moves behind them.
template <typename Visit>
void read_trusted_metadata(const std::uint8_t*& position, Visit&& visit) {
  if (*position == lead_nil) {
    ++position;
    return;
  }
  for (std::uint32_t count = read_trusted_count(position, lead_map16); count > 0; --count) {
    const std::string_view key = read_trusted_string(position);
    visit(key, read_trusted_string(position));
  }
}

/// Where the metadata of a record begin, given what follows its data.
inline const std::uint8_t* metadata_of_tail(std::span<const std::uint8_t> tail) noexcept {
  const std::uint8_t* position = tail.data();
  read_trusted_transaction(position);
  return position;
}

/// True if neither transaction nor metadata are there: so it is with nearly all records.
inline bool is_plain_tail(std::span<const std::uint8_t> tail) noexcept { return tail.size() == 2; }

}  // namespace syncline::codec
