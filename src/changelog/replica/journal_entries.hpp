// The bytes of journal entries that are not changes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "syncline/journal.hpp"
#include "syncline/node_id.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline {

/// Whose the entries that follow are.
struct Identity {
  NodeId node;
  LogId log;
};

/// MessagePack [node bin16, log id bin16].
std::string encode_identity(const Identity& identity);
/// Errors: `internal`, the entry is damaged.
Result<Identity> decode_identity(std::span<const std::uint8_t> bytes);

/// MessagePack [node bin16, seq, …], sorted by node.
std::string encode_clock(const VectorClock& clock);
/// Errors: `internal`, the entry is damaged.
Result<VectorClock> decode_clock(std::span<const std::uint8_t> bytes);

}  // namespace syncline
