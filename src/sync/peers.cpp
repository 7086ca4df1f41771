#include "sync/peers.hpp"

#include <algorithm>
#include <utility>

#include "sync/cursor.hpp"
#include "sync/peer_record.hpp"
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

}  // namespace

PeerTable::PeerTable(Replica& replica)
    : replica_(replica), session_(NodeId::generate(system_random()).to_string()) {
  for (const auto& [name, bytes] : replica.properties(peer_property_prefix)) {
    Result<Peer> peer = decode_peer(bytes);
    if (peer && name == peer_property(peer->node_id)) peers_.emplace(peer->node_id, *peer);
  }
}

Result<Peer> PeerTable::enter(const RegisterRequest& request, std::uint64_t now_us) {
  if (bytes_of(request) > limits::max_registration_bytes) {
    return Error{ErrorCode::too_large,
                 "name, role, tables and metadata of a replica are longer than is kept"}
        .with("limit", limits::max_registration_bytes);
  }
  const std::lock_guard lock(mutex_);
  if (peers_.size() >= limits::max_peers && !peers_.contains(request.node_id)) {
    return Error{ErrorCode::quota_exceeded, "the tenant has as many replicas as are kept"}
        .with("quota", "peers")
        .with("limit", limits::max_peers);
  }
  const auto tables = sorted(request.tables);
  const auto found = peers_.find(request.node_id);
  if (found != peers_.end()) {
    if (!request.clock.clock().covers(found->second.acknowledged)) {
      return Error{ErrorCode::replica_rewound,
                   "this replica once acknowledged more than it holds now: it is an older copy"};
    }
  }
  Peer peer = found == peers_.end() ? Peer{} : found->second;
  if (found != peers_.end() && peer.tables != tables) {
    peer.previous_filter = filter_hash(peer.tables.value_or(std::vector<std::string>{}));
  }
  if (peer.registrations == 0) peer.first_seen_us = now_us;
  peer.node_id = request.node_id;
  peer.name = request.name;
  peer.role = request.role;
  peer.tables = tables;
  peer.metadata = request.metadata;
  peer.last_seen_us = now_us;
  peer.clock_offset_us = clock_offset_us(request.time, now_us);
  ++peer.registrations;
  peer.in_session = true;
  const auto kept = replica_.set_property(peer_property(peer.node_id), encode_peer(peer));
  if (!kept) return kept.error();
  peers_[request.node_id] = peer;
  return peer;
}

Result<Peer> PeerTable::seen(const NodeId& node, std::uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found == peers_.end() || !found->second.in_session) {
    return Error{ErrorCode::peer_stale,
                 "replica " + node.to_string() + " is not registered here: register, then go on"};
  }
  found->second.last_seen_us = now_us;
  return found->second;
}

void PeerTable::acknowledge(const NodeId& node, const VectorClock& clock) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (peer.acknowledged.covers(clock)) return;
  peer.acknowledged.merge(clock);
  static_cast<void>(replica_.set_property(peer_property(node), encode_peer(peer)));
}

void PeerTable::count_pushed(const NodeId& node, std::uint64_t changes) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found != peers_.end()) found->second.changes_pushed += changes;
}

void PeerTable::count_pulled(const NodeId& node, std::uint64_t changes) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found != peers_.end()) found->second.changes_pulled += changes;
}

std::vector<Peer> PeerTable::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Peer> peers;
  peers.reserve(peers_.size());
  for (const auto& [node, peer] : peers_) peers.push_back(peer);
  return peers;
}

std::size_t PeerTable::size() const {
  const std::lock_guard lock(mutex_);
  return peers_.size();
}

}  // namespace syncline
