#include "sync/peer_record.hpp"

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

namespace syncline {
namespace {

using nlohmann::json;

constexpr std::uint64_t peer_record_version = 1;

Error unreadable() {
  return {ErrorCode::internal, "what was kept of a peer is damaged or of a newer version"};
}

std::uint64_t number_at(const json& body, const char* name) {
  return body.at(name).get<std::uint64_t>();
}

}  // namespace

std::string peer_property(const NodeId& node) {
  return std::string(peer_property_prefix) + node.to_string();
}

std::string encode_peer(const Peer& peer) {
  json body = {{"version", peer_record_version},
               {"node_id", peer.node_id.to_string()},
               {"name", peer.name},
               {"role", peer.role},
               {"metadata", peer.metadata},
               {"first_seen_us", peer.first_seen_us},
               {"last_seen_us", peer.last_seen_us},
               {"acknowledged", clock_to_body(WireClock(peer.acknowledged))},
               {"clock_offset_us", peer.clock_offset_us},
               {"registrations", peer.registrations},
               {"changes_pushed", peer.changes_pushed},
               {"changes_pulled", peer.changes_pulled}};
  if (peer.tables) body["tables"] = *peer.tables;
  if (peer.previous_filter) body["previous_filter"] = *peer.previous_filter;
  if (!peer.vouched.empty()) body["vouched"] = clock_to_body(WireClock(peer.vouched));
  if (peer.joined_at_marker != 0) body["joined_at_marker"] = peer.joined_at_marker;
  if (peer.since_return != 0) body["since_return"] = peer.since_return;
  if (peer.joined_at) body["joined_at"] = clock_to_body(WireClock(*peer.joined_at));
  if (peer.expired_by) {
    body["expired_by"] = {peer.expired_by->origin.to_string(), peer.expired_by->seq};
    body["released"] = peer.released;
  }
  const std::vector<std::uint8_t> bytes = json::to_msgpack(body);
  return {bytes.begin(), bytes.end()};
}

namespace {

/// What records have since something can be stable; in older ones it is absent. False if it is
/// damaged. Throws as the JSON library does.
bool read_standing(const json& body, Peer& peer) {
  if (body.contains("vouched")) {
    const Result<WireClock> vouched = clock_from_body(body.at("vouched"), "vouched");
    if (!vouched) return false;
    peer.vouched = vouched->clock();
  }
  if (body.contains("joined_at_marker")) {
    peer.joined_at_marker = number_at(body, "joined_at_marker");
  }
  if (body.contains("since_return")) peer.since_return = number_at(body, "since_return");
  if (body.contains("joined_at")) {
    const Result<WireClock> held = clock_from_body(body.at("joined_at"), "joined_at");
    if (!held) return false;
    peer.joined_at = held->clock();
  }
  if (body.contains("expired_by")) {
    const json& dot = body.at("expired_by");
    const Result<NodeId> origin = NodeId::parse(dot.at(0).get<std::string>());
    if (!origin) return false;
    peer.expired_by = Dot{*origin, dot.at(1).get<Sequence>()};
    peer.released = body.at("released").get<bool>();
  }
  return true;
}

}  // namespace

Result<Peer> decode_peer(std::string_view bytes) {
  const json body = json::from_msgpack(bytes.begin(), bytes.end(), true, false);
  if (!body.is_object()) return unreadable();
  try {
    if (number_at(body, "version") != peer_record_version) return unreadable();
    const Result<NodeId> node = NodeId::parse(body.at("node_id").get<std::string>());
    const Result<WireClock> acknowledged = clock_from_body(body.at("acknowledged"), "acknowledged");
    if (!node || !acknowledged) return unreadable();
    Peer peer;
    peer.node_id = *node;
    peer.name = body.at("name").get<std::string>();
    peer.role = body.at("role").get<std::string>();
    peer.metadata = body.at("metadata").get<Metadata>();
    if (body.contains("tables")) {
      peer.tables = body.at("tables").get<std::vector<std::string>>();
    }
    if (body.contains("previous_filter")) peer.previous_filter = number_at(body, "previous_filter");
    peer.first_seen_us = number_at(body, "first_seen_us");
    peer.last_seen_us = number_at(body, "last_seen_us");
    peer.acknowledged = acknowledged->clock();
    peer.clock_offset_us = body.at("clock_offset_us").get<std::int64_t>();
    peer.registrations = number_at(body, "registrations");
    peer.changes_pushed = number_at(body, "changes_pushed");
    peer.changes_pulled = number_at(body, "changes_pulled");
    if (!read_standing(body, peer)) return unreadable();
    return peer;
  } catch (const json::exception&) {  // a member is missing or of another type
    return unreadable();
  }
}

}  // namespace syncline
