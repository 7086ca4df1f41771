// The replicas that exchange with a tenant here, as far as they have told.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sync/messages.hpp"
#include "syncline/error.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline {

/// How long the home waits for a replica before it gives it up, in seconds: 90 days.
inline constexpr std::uint64_t default_lease_s = std::uint64_t{90} * 24 * 3600;

/// How long a peer may be silent before it is shown as away, in microseconds.
inline constexpr std::uint64_t peer_away_after_us = 60'000'000;

/// One registered replica. A value.
struct Peer {
  NodeId node_id;
  std::string name;
  std::string role;
  std::optional<std::vector<std::string>> tables;  ///< nullopt: all; as it registered last
  /// Stands for the tables before it registered with others, whose cursors still say where it has
  /// got to (see `filter_hash`); nullopt: it always had these.
  std::optional<std::uint64_t> previous_filter;
  Metadata metadata;
  std::uint64_t first_seen_us = 0;
  std::uint64_t last_seen_us = 0;
  VectorClock acknowledged;  ///< what it said to hold durably
  /// How far its clock was ahead (+) or behind (-) when it registered last.
  std::int64_t clock_offset_us = 0;
  std::uint64_t registrations = 0;
  std::uint64_t changes_pushed = 0;
  std::uint64_t changes_pulled = 0;
  /// It has registered since this program started. Not kept: a session begins with registering, so
  /// that each side notices if the other one was replaced by an older copy meanwhile.
  bool in_session = false;

  bool away(std::uint64_t now_us) const noexcept {
    return now_us > last_seen_us && now_us - last_seen_us > peer_away_after_us;
  }
};

/// The peers of one tenant, kept with its replica. Thread-safe.
class PeerTable {
 public:
  /// Begins with what `replica` has kept of its peers, which of them cannot be read has to register
  /// anew. It has to outlive the table.
  explicit PeerTable(Replica& replica);

  /// Enters the caller, or renews its entry; what it acknowledged stays. It may come with another
  /// table filter than before, having taken a snapshot of what is new in it.
  /// Errors: `replica_rewound` (its clock is below what it acknowledged), `too_large` and
  /// `quota_exceeded` (see limits.hpp), `unavailable`.
  Result<Peer> enter(const RegisterRequest& request, std::uint64_t now_us);
  /// Notes a sign of life and gives the entry. Errors: `peer_stale`, saying to register.
  Result<Peer> seen(const NodeId& node, std::uint64_t now_us);
  /// Raises what the peer acknowledged; it is never lowered. Should it not be kept, less is known
  /// after the next start, until the peer says it again.
  void acknowledge(const NodeId& node, const VectorClock& clock);
  void count_pushed(const NodeId& node, std::uint64_t changes);
  void count_pulled(const NodeId& node, std::uint64_t changes);
  /// Names what is served until the next start. Who registered with another one has to do so again:
  /// it cannot be told by its id, which a copy of it has as well.
  const std::string& session() const noexcept { return session_; }
  std::vector<Peer> list() const;  ///< sorted by node
  std::size_t size() const;

 private:
  Replica& replica_;
  const std::string session_;
  mutable std::mutex mutex_;
  std::map<NodeId, Peer> peers_;
};

}  // namespace syncline
