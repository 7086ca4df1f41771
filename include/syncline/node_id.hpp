// Names of replicas and of logs.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <boost/uuid/uuid.hpp>

#include "syncline/error.hpp"
#include "syncline/random.hpp"

namespace syncline {

/// The name of one replica: a UUID, kept as long as the replica's data are. A value; ordered by its
/// bytes (the order that ties between equal times are broken by).
class NodeId {
 public:
  static constexpr std::size_t size_bytes = 16;

  /// The nil id, which names no replica.
  constexpr NodeId() noexcept = default;
  explicit NodeId(const boost::uuids::uuid& uuid) noexcept {
    std::memcpy(bytes_.data(), uuid.data, size_bytes);
  }
  explicit NodeId(std::span<const std::uint8_t, size_bytes> bytes) noexcept {
    std::memcpy(bytes_.data(), bytes.data(), size_bytes);
  }

  /// A new random id (UUID version 4) out of `random`.
  static NodeId generate(Random& random);
  /// Reads the canonical form of 36 characters, any case. Errors: `bad_request`.
  static Result<NodeId> parse(std::string_view text);

  boost::uuids::uuid uuid() const noexcept;
  std::string to_string() const;
  bool is_nil() const noexcept { return *this == NodeId{}; }
  const std::uint8_t* data() const noexcept { return bytes_.data(); }
  std::span<const std::uint8_t, size_bytes> bytes() const noexcept { return bytes_; }

  friend bool operator==(const NodeId& left, const NodeId& right) noexcept {
    return std::memcmp(left.bytes_.data(), right.bytes_.data(), size_bytes) == 0;
  }
  friend std::strong_ordering operator<=>(const NodeId& left, const NodeId& right) noexcept {
    return std::memcmp(left.bytes_.data(), right.bytes_.data(), size_bytes) <=> 0;
  }

 private:
  std::array<std::uint8_t, size_bytes> bytes_{};
};

/// For hash maps. Ids are random already: eight of their bytes serve.
struct NodeIdHash {
  using is_avalanching = void;
  std::size_t operator()(const NodeId& id) const noexcept {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&low, id.data(), 8);
    std::memcpy(&high, id.data() + 8, 8);
    return (low ^ (high * 0x9E3779B97F4A7C15ULL)) * 0xBF58476D1CE4E5B9ULL;
  }
};

/// Names one log. A replica that starts a new log (restored, or merged from a snapshot) gives it a
/// new id, so that cursors into the old one are recognised.
using LogId = NodeId;

}  // namespace syncline

template <>
struct std::hash<syncline::NodeId> {
  std::size_t operator()(const syncline::NodeId& id) const noexcept {
    return syncline::NodeIdHash{}(id);
  }
};
