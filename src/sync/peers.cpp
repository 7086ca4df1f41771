#include "sync/peers.hpp"

#include <algorithm>
#include <utility>

#include "changelog/mutation.hpp"
#include "sync/cursor.hpp"
#include "sync/peer_record.hpp"
#include "sync/standing.hpp"
#include "syncline/limits.hpp"
#include "syncline/random.hpp"

namespace syncline {
namespace {

std::int64_t clock_offset_us(const std::optional<HybridTime>& theirs, std::uint64_t now_us) {
  if (!theirs) return 0;
  return static_cast<std::int64_t>(theirs->physical_us()) - static_cast<std::int64_t>(now_us);
}

std::optional<std::vector<std::string>> sorted(std::optional<std::vector<std::string>> tables) {
  if (tables) std::sort(tables->begin(), tables->end());
  return tables;
}

std::size_t bytes_of(const RegisterRequest& request) {
  std::size_t bytes = request.name.size() + request.role.size();
  for (const std::string& table : request.tables.value_or(std::vector<std::string>{})) {
    bytes += table.size() + 1;
  }
  for (const auto& [key, value] : request.metadata) bytes += key.size() + value.size();
  return bytes;
}

/// Under whose id the peers of a replica were kept.
constexpr std::string_view identity_property = "peers/identity";

/// Somebody who had registered was forgotten.
constexpr std::string_view forgotten_property = "peers/forgotten";

Error gone(const Peer& peer) {
  if (!peer.released) {
    return Error{ErrorCode::unavailable,
                 "this replica was given up, and not all others know it yet: try again later"}
        .with("retry_after_s", expired_retry_s);
  }
  return Error{ErrorCode::peer_stale,
               "this replica was given up, because it was away for longer than its lease or was "
               "forgotten: it comes back with a snapshot, under a new id"}
      .with("expired", 1);
}

Error unregistered(const NodeId& node) {
  return {ErrorCode::peer_stale,
          "replica " + node.to_string() + " is not registered here: register, then go on"};
}

}  // namespace

VectorClock least_of(const VectorClock& left, const VectorClock& right) {
  VectorClock both;
  for (const VectorClock::Entry& entry : left.entries()) {
    both.set(entry.node, std::min(entry.seq, right.get(entry.node)));
  }
  return both;
}

PeerTable::PeerTable(Replica& replica, std::uint64_t now_us)
    : replica_(replica),
      session_(NodeId::generate(system_random()).to_string()),
      began_us_(now_us),
      last_marker_us_(now_us) {
  for (const auto& [name, bytes] : replica.properties(peer_property_prefix)) {
    Result<Peer> peer = decode_peer(bytes);
    if (!peer || name != peer_property(peer->node_id)) continue;
    Entry& entry = peers_[peer->node_id];
    entry.peer = std::move(*peer);
    entry.kept_last_seen_us = entry.peer.last_seen_us;
  }
  check_identity_locked();
}

void PeerTable::check_identity() {
  const std::lock_guard lock(mutex_);
  check_identity_locked();
}

void PeerTable::check_identity_locked() {
  const std::string present = replica_.node().to_string();
  const std::optional<std::string> kept = replica_.property(identity_property);
  if (kept == present) return;
  if (kept) {
    for (auto& [node, entry] : peers_) {
      if (mutated(Mutation::acks_of_another_life)) break;
      entry.peer.vouched.clear();
      entry.pending.reset();
      // If it cannot be kept now, the identity is not kept either, and this is done once more.
      if (!write(entry)) return;
    }
  }
  static_cast<void>(replica_.set_property(identity_property, present));
}

void PeerTable::begin_anew() {
  const std::lock_guard lock(mutex_);
  for (auto& [node, entry] : peers_) {
    entry.peer.vouched.clear();
    entry.peer.acknowledged.clear();
    entry.peer.in_session = false;
    entry.pending.reset();
    entry.dirty = !write(entry);
  }
}

Result<void> PeerTable::write(Entry& entry) {
  auto kept = replica_.set_property(peer_property(entry.peer.node_id), encode_peer(entry.peer));
  if (!kept) return kept;
  entry.dirty = false;
  entry.kept_last_seen_us = entry.peer.last_seen_us;
  return {};
}

/// Who gave its id up before anything of it was taken, or after it was given up itself, does not
/// come back under it.
void PeerTable::drop_replaced(const RegisterRequest& request) {
  const auto found = peers_.find(request.replaces);
  if (found == peers_.end() || request.replaces == request.node_id) return;
  const Peer& peer = found->second.peer;
  const bool never_taken = peer.joined_at_marker != 0 && replica_.origin(peer.node_id).seq == 0;
  // Nobody has answered yet for one that is still joining.
  if (!never_taken && !peer.joined_at && !(peer.expired() && peer.released)) return;
  if (replica_.set_property(peer_property(peer.node_id), std::nullopt)) peers_.erase(found);
}

Result<Peer> PeerTable::enter(const RegisterRequest& request, std::uint64_t now_us,
                              const Arrival& arrival) {
  if (bytes_of(request) > limits::max_registration_bytes) {
    return Error{ErrorCode::too_large,
                 "name, role, tables and metadata of a replica are longer than is kept"}
        .with("limit", limits::max_registration_bytes);
  }
  const std::lock_guard lock(mutex_);
  drop_replaced(request);
  if (peers_.size() >= limits::max_peers && !peers_.contains(request.node_id)) {
    return Error{ErrorCode::quota_exceeded, "the tenant has as many replicas as are kept"}
        .with("quota", "peers")
        .with("limit", limits::max_peers);
  }
  const auto tables = sorted(request.tables);
  const auto found = peers_.find(request.node_id);
  Entry entry;
  if (found != peers_.end()) {
    entry = found->second;
    if (entry.peer.expired()) return gone(entry.peer);
    if (!request.clock.clock().covers(entry.peer.acknowledged)) {
      return Error{ErrorCode::replica_rewound,
                   "this replica once acknowledged more than it holds now: it is an older copy"};
    }
  }
  Peer& peer = entry.peer;
  if (found == peers_.end()) {
    peer.first_seen_us = now_us;
    peer.joined_at_marker = arrival.marker;
    if (!arrival.answered_for.empty()) peer.joined_at = arrival.answered_for;
  } else if (peer.tables != tables) {
    peer.previous_filter = filter_hash(peer.tables.value_or(std::vector<std::string>{}));
  }
  // Nobody has waited for those behind this node while it was away.
  if (const std::uint64_t returned = came_back_at(replica_); returned > peer.since_return) {
    peer.since_return = returned;
    peer.joined_at_marker = std::max(peer.joined_at_marker, returned);
  }
  peer.node_id = request.node_id;
  peer.name = request.name;
  peer.role = request.role;
  peer.tables = tables;
  peer.metadata = request.metadata;
  peer.last_seen_us = now_us;
  peer.clock_offset_us = clock_offset_us(request.time, now_us);
  ++peer.registrations;
  peer.in_session = true;
  if (auto kept = write(entry); !kept) return kept.error();
  return (peers_[request.node_id] = std::move(entry)).peer;
}

Result<Peer> PeerTable::seen(const NodeId& node, std::uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found == peers_.end()) return unregistered(node);
  Peer& peer = found->second.peer;
  const bool before_return = peer.since_return < came_back_at(replica_);
  if (!peer.in_session || peer.expired() || before_return) return unregistered(node);
  peer.last_seen_us = now_us;
  return peer;
}

std::optional<Peer> PeerTable::find(const NodeId& node) const {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found == peers_.end()) return std::nullopt;
  return found->second.peer;
}

bool PeerTable::count(Entry& entry, const VectorClock& held) {
  if (!entry.pending) return false;
  const bool early = mutated(Mutation::ack_counted_early);
  if (!early && !held.covers(entry.pending->clock)) return false;
  const bool grew = !entry.peer.vouched.covers(entry.pending->vouched);
  entry.peer.vouched.merge(entry.pending->vouched);
  entry.peer.acknowledged.merge(entry.pending->clock);
  entry.pending.reset();
  entry.dirty = entry.dirty || grew;
  return grew;
}

bool PeerTable::acknowledge(const NodeId& node, const Acknowledgement& said,
                            const VectorClock& held) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found == peers_.end()) return false;
  Entry& entry = found->second;
  const VectorClock here = least_of(said.clock, held);
  if (!entry.peer.acknowledged.covers(here)) {
    entry.peer.acknowledged.merge(here);
    entry.dirty = true;
  }
  const bool all_here = held.get(node) >= said.clock.get(node);
  if (entry.peer.joined_at_marker != 0 && all_here) {
    // Whatever it writes from now on, it will have seen what is stable.
    const std::optional<StableMarker> marker = replica_.stable_marker();
    if (marker && said.clock.covers(marker->dot)) {
      entry.peer.joined_at_marker = 0;
      entry.dirty = true;
    }
  }
  if (entry.peer.joined_at && all_here && said.clock.covers(*entry.peer.joined_at)) {
    entry.peer.joined_at.reset();
    entry.dirty = true;
  }
  // What one vouches for one holds, so nothing of it is beyond `clock`, whatever the sender says.
  entry.pending = Acknowledgement{said.clock, least_of(said.vouched, said.clock)};
  return count(entry, held);
}

bool PeerTable::count_pending(const VectorClock& held) {
  const std::lock_guard lock(mutex_);
  bool grew = false;
  for (auto& [node, entry] : peers_) grew = count(entry, held) || grew;
  return grew;
}

void PeerTable::count_pushed(const NodeId& node, std::uint64_t changes) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found != peers_.end()) found->second.peer.changes_pushed += changes;
}

void PeerTable::count_pulled(const NodeId& node, std::uint64_t changes) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found != peers_.end()) found->second.peer.changes_pulled += changes;
}

void PeerTable::note_joined(const NodeId& node) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found == peers_.end()) return;
  Peer& peer = found->second.peer;
  if (peer.joined_at_marker == 0 && !peer.joined_at) return;
  peer.joined_at_marker = 0;
  peer.joined_at.reset();
  found->second.dirty = true;
}

Result<void> PeerTable::expire(const NodeId& node, const Dot& dot) {
  const std::lock_guard lock(mutex_);
  Entry changed;
  changed.peer.node_id = node;
  if (const auto found = peers_.find(node); found != peers_.end()) {
    if (found->second.peer.expired()) return {};
    changed = found->second;
  }
  changed.peer.expired_by = dot;
  changed.peer.in_session = false;
  changed.pending.reset();
  if (auto kept = write(changed); !kept) return kept;
  peers_[node] = std::move(changed);
  return {};
}

bool PeerTable::has_given_up(const NodeId& node) const {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  return found != peers_.end() && found->second.peer.expired();
}

std::vector<NodeId> PeerTable::given_up() const {
  const std::lock_guard lock(mutex_);
  std::vector<NodeId> nodes;
  for (const auto& [node, entry] : peers_) {
    if (entry.peer.expired()) nodes.push_back(node);
  }
  return nodes;
}

void PeerTable::release(const VectorClock& held, const VectorClock& stable) {
  const std::lock_guard lock(mutex_);
  for (auto& [node, entry] : peers_) {
    if (!entry.peer.expired() || entry.peer.released) continue;
    const Dot& dot = *entry.peer.expired_by;
    const bool known =
        held.covers(dot) && std::all_of(peers_.begin(), peers_.end(), [&](const auto& other) {
          const Peer& peer = other.second.peer;
          if (mutated(Mutation::given_up_let_in_early)) return true;
          return peer.expired() || peer.vouched.covers(dot);
        });
    if (!known && !stable.covers(dot)) continue;
    entry.peer.released = true;
    if (!write(entry)) entry.peer.released = false;  // the next time
  }
}

bool PeerTable::forget(const NodeId& node) {
  const std::lock_guard lock(mutex_);
  if (!peers_.contains(node)) return false;
  if (!replica_.set_property(forgotten_property, "1")) return false;
  if (!replica_.set_property(peer_property(node), std::nullopt)) return false;
  peers_.erase(node);
  return true;
}

bool PeerTable::has_forgotten() const { return replica_.property(forgotten_property).has_value(); }

std::uint64_t PeerTable::lease_end_us(const Peer& peer, std::uint64_t lease_s) const noexcept {
  const std::uint64_t lease_us = lease_s * 1'000'000;
  // While nothing was served nobody could give a sign of life.
  const std::uint64_t grace_us = std::min(lease_us, keep_last_seen_every_us);
  return std::max(peer.last_seen_us + lease_us, began_us_ + grace_us);
}

void PeerTable::keep(std::uint64_t now_us, bool all_now) {
  const std::lock_guard lock(mutex_);
  if (!all_now && now_us >= kept_us_ && now_us - kept_us_ < keep_peers_every_us) return;
  kept_us_ = now_us;
  for (auto& [node, entry] : peers_) {
    const bool old = entry.peer.last_seen_us > entry.kept_last_seen_us + keep_last_seen_every_us;
    // What cannot be kept stays as it is: less is known after the next start.
    if (entry.dirty || old) static_cast<void>(write(entry));
  }
}

std::uint64_t PeerTable::last_marker_us() const {
  const std::lock_guard lock(mutex_);
  return last_marker_us_;
}

void PeerTable::note_marker(std::uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  last_marker_us_ = now_us;
}

std::vector<Peer> PeerTable::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Peer> peers;
  peers.reserve(peers_.size());
  for (const auto& [node, entry] : peers_) peers.push_back(entry.peer);
  return peers;
}

std::size_t PeerTable::size() const {
  const std::lock_guard lock(mutex_);
  return peers_.size();
}

}  // namespace syncline
