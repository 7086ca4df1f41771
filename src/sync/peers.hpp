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

/// How long a peer may be silent before it is shown as away, in microseconds.
inline constexpr std::uint64_t peer_away_after_us = 60'000'000;

/// How often what peers acknowledge is kept, in microseconds: they do so with every round, and a
/// crash costs nothing but that they say it again.
inline constexpr std::uint64_t keep_peers_every_us = 1'000'000;

/// How old the kept time of a peer's last sign of life may be, in microseconds: an hour of a lease
/// that is counted in days. A lease does not run out sooner after a start, either.
inline constexpr std::uint64_t keep_last_seen_every_us = 3'600'000'000;

/// When a refused replica shall try again, in seconds.
inline constexpr std::uint64_t expired_retry_s = 60;

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
  VectorClock acknowledged;  ///< what it said to hold durably, as far as it is held here
  /// What counts for what is stable: what it said that it and its own peers hold, once everything
  /// is here that it held itself when it said so.
  VectorClock vouched;
  /// How far its clock was ahead (+) or behind (-) when it registered last.
  std::int64_t clock_offset_us = 0;
  std::uint64_t registrations = 0;
  std::uint64_t changes_pushed = 0;
  std::uint64_t changes_pulled = 0;
  /// The number of the stable marker that there was when it came for the first time: of its own
  /// changes, those that were written before it had applied that are not taken. 0: all are.
  std::uint64_t joined_at_marker = 0;
  /// It has registered since this node came back with that marker: see `came_back_at`.
  std::uint64_t since_return = 0;
  /// Of one that came for the first time to a node that is not the home, and that the home does not
  /// know: what the node held then, and may have answered for. Until it holds that, and all that it
  /// wrote before is here, its own changes must not have missed any of it. nullopt: they may.
  std::optional<VectorClock> joined_at = std::nullopt;
  /// It was given up by this entry of the home's log.
  std::optional<Dot> expired_by;
  /// Every live replica knows that it was given up: it may come back under another id.
  bool released = false;
  /// It has registered since this program started. Not kept: a session begins with registering, so
  /// that each side notices if the other one was replaced by an older copy meanwhile.
  bool in_session = false;

  bool away(std::uint64_t now_us) const noexcept {
    return now_us > last_seen_us && now_us - last_seen_us > peer_away_after_us;
  }
  bool expired() const noexcept { return expired_by.has_value(); }
  /// Whether what it has not acknowledged holds back what is stable. Who never registered here, and
  /// is only known to have been given up, has never had anything from here.
  bool counts() const noexcept { return registrations != 0 && (!expired() || !released); }
};

/// What a peer says in one heartbeat.
struct Acknowledgement {
  VectorClock clock;    ///< all that it holds durably
  VectorClock vouched;  ///< what its own peers hold as well
};

/// What there is when a replica comes for the first time.
struct Arrival {
  std::uint64_t marker = 0;  ///< the number of the stable marker that is applied here
  VectorClock answered_for;  ///< what the home may have been told that all hold who are behind here
};

/// What both clocks cover.
VectorClock least_of(const VectorClock& left, const VectorClock& right);

/// The peers of one tenant, kept with its replica. Thread-safe.
class PeerTable {
 public:
  /// Begins with what `replica` has kept of its peers; which of them cannot be read has to register
  /// anew. If the replica goes by another id than when they were kept it came back from a backup:
  /// what they vouched for does not count until they say it again. `replica` has to outlive the
  /// table.
  explicit PeerTable(Replica& replica, std::uint64_t now_us = 0);

  /// Enters the caller, or renews its entry; what it acknowledged stays. It may come with another
  /// table filter than before, having taken a snapshot of what is new in it. `arrival` counts for
  /// those who come for the first time. Errors: `replica_rewound` (its clock is below what it
  /// acknowledged), `too_large` and `quota_exceeded` (see limits.hpp), `unavailable` (also: it was
  /// given up, and not all know it yet), `peer_stale` with member `expired` (it was given up, and
  /// has to come back under another id).
  Result<Peer> enter(const RegisterRequest& request, std::uint64_t now_us,
                     const Arrival& arrival = {});
  /// Notes a sign of life and gives the entry. Errors: `peer_stale`, saying to register: it has not
  /// since this program started, or since this replica came back after it had been given up.
  Result<Peer> seen(const NodeId& node, std::uint64_t now_us);
  std::optional<Peer> find(const NodeId& node) const;

  /// Raises what the peer acknowledged, never lowers it; `held` is what this replica holds. What
  /// does not count yet is looked at again with the next call, or by `count_pending`. True if more
  /// counts now than before.
  bool acknowledge(const NodeId& node, const Acknowledgement& said, const VectorClock& held);
  /// Lets count what was said before `held` had come so far. True if something did.
  bool count_pending(const VectorClock& held);
  void count_pushed(const NodeId& node, std::uint64_t changes);
  void count_pulled(const NodeId& node, std::uint64_t changes);
  /// True if somebody who registered here was forgotten: who comes may be one for whom nobody
  /// waits.
  bool has_forgotten() const;
  /// It has shown to have applied the marker that it found when it came, or the home knows it.
  void note_joined(const NodeId& node);

  /// Notes that the home has given `node` up, also if it never registered here. Errors:
  /// `unavailable`.
  Result<void> expire(const NodeId& node, const Dot& entry);
  /// True if `node` was given up.
  bool has_given_up(const NodeId& node) const;
  /// All who were given up and have not come back.
  std::vector<NodeId> given_up() const;
  /// Lets those who were given up come back whose entry every other peer holds, and `held` does;
  /// or a stable marker covers, which is `stable`.
  void release(const VectorClock& held, const VectorClock& stable);
  /// Takes the entry away. False if there is none.
  bool forget(const NodeId& node);
  /// When the lease of `peer` runs out.
  std::uint64_t lease_end_us(const Peer& peer, std::uint64_t lease_s) const noexcept;

  /// Keeps what was acknowledged, at most every `keep_peers_every_us` unless `now` is needed.
  void keep(std::uint64_t now_us, bool all_now = false);
  /// Looks whether the replica goes by another id than before: see the constructor.
  void check_identity();
  /// This replica holds other changes under some dots than it did before: nothing of what was said
  /// of them counts, and all have to register anew.
  void begin_anew();

  /// When the last marker was written from here, or this table began.
  std::uint64_t last_marker_us() const;
  void note_marker(std::uint64_t now_us);

  /// Names what is served until the next start. Who registered with another one has to do so again:
  /// it cannot be told by its id, which a copy of it has as well.
  const std::string& session() const noexcept { return session_; }
  std::vector<Peer> list() const;  ///< sorted by node
  std::size_t size() const;

 private:
  struct Entry {
    Peer peer;
    std::optional<Acknowledgement> pending;  ///< does not count yet
    bool dirty = false;
    std::uint64_t kept_last_seen_us = 0;
  };

  bool count(Entry& entry, const VectorClock& held);
  Result<void> write(Entry& entry);
  void drop_replaced(const RegisterRequest& request);
  void check_identity_locked();

  Replica& replica_;
  const std::string session_;
  const std::uint64_t began_us_;
  mutable std::mutex mutex_;
  std::map<NodeId, Entry> peers_;
  std::uint64_t kept_us_ = 0;
  std::uint64_t last_marker_us_ = 0;
};

}  // namespace syncline
