// The bytes of journal entries that are not changes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "syncline/journal.hpp"
#include "syncline/node_id.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline {

/// An entry of `kind` that refers to `bytes`.
JournalEntry entry_of(JournalEntryKind kind, std::string_view bytes);

/// Whose the entries that follow are.
struct Identity {
  NodeId node;
  LogId log;
};

/// MessagePack [node bin16, log id bin16].
std::string encode_identity(const Identity& identity);
/// Errors: `internal`, the entry is damaged.
Result<Identity> decode_identity(std::span<const std::uint8_t> bytes);

/// Something small that is kept with a replica, by name.
struct Property {
  std::string name;
  std::optional<std::string> value;  ///< nullopt: it is taken away
};

/// MessagePack [name str, value bin|nil].
std::string encode_property(const Property& property);
/// Errors: `internal`, the entry is damaged.
Result<Property> decode_property(std::span<const std::uint8_t> bytes);

/// MessagePack [node bin16, seq, …], sorted by node.
std::string encode_clock(const VectorClock& clock);
/// Errors: `internal`, the entry is damaged.
Result<VectorClock> decode_clock(std::span<const std::uint8_t> bytes);

}  // namespace syncline
