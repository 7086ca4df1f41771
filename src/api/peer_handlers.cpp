// The replicas that exchange with a tenant: how they stand, and forgetting them.
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "sync/durable.hpp"
#include "sync/retention.hpp"

namespace syncline::api {

namespace {

/// How many changes come from `first` on.
std::uint64_t changes_from(const Replica& replica, Lsn first) {
  const Lsn last = replica.log().last_lsn();
  return last + 1 > first ? last + 1 - first : 0;
}

bool has_wrong_clock(const Peer& peer, const Tenant& tenant) {
  const std::int64_t offset_us = peer.clock_offset_us;
  const auto distance_us = static_cast<std::uint64_t>(offset_us < 0 ? -offset_us : offset_us);
  return distance_us > tenant.settings().max_clock_drift_ms * 1000;
}

nlohmann::json peer_to_body(const Peer& peer, const Tenant& tenant, const PeerTable& peers,
                            std::uint64_t now_us) {
  const Replica& replica = tenant.replica();
  nlohmann::json body = nlohmann::json::object();
  body["node_id"] = peer.node_id.to_string();
  body["name"] = peer.name;
  body["role"] = peer.role;
  body["state"] = to_string(state_of(peer, tenant, peers, now_us));
  body["tables"] = nullptr;
  if (peer.tables) body["tables"] = *peer.tables;
  body["metadata"] = nlohmann::json(peer.metadata);
  body["first_seen"] = format_rfc3339(peer.first_seen_us);
  body["last_seen"] = format_rfc3339(peer.last_seen_us);
  body["away"] = peer.away(now_us);
  body["lease_expires_at"] = format_rfc3339(peers.lease_end_us(peer, tenant.settings().lease_s));
  body["acknowledged"] = clock_to_body(WireClock(peer.acknowledged));
  body["vouched"] = clock_to_body(WireClock(peer.vouched));
  body["lag_changes"] = changes_from(replica, replica.first_lsn_not_covered(peer.acknowledged));
  body["holds_back"] = nullptr;
  if (const auto needed = held_by(peer, tenant, peers, now_us)) {
    const std::uint64_t changes = changes_from(replica, *needed);
    if (changes != 0) body["holds_back"] = {{"lsn", *needed}, {"changes", changes}};
  }
  body["holds_back_stable"] = peer.counts() && !peer.vouched.covers(durable_summary(replica));
  body["clock_offset_us"] = peer.clock_offset_us;
  body["skewed"] = has_wrong_clock(peer, tenant);
  body["registrations"] = peer.registrations;
  body["changes_pushed"] = peer.changes_pushed;
  body["changes_pulled"] = peer.changes_pulled;
  return body;
}

Result<NodeId> named_peer(const Call& call) {
  const Result<NodeId> node = NodeId::parse(call.parameters.front());
  if (node) return node;
  return Error(ErrorCode::bad_request,
               "A replica's id is a UUID, not \"" + call.parameters.front() + "\".");
}

}  // namespace

HandlerResult list_peers(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto table = services.hub.peers(call.tenant);
  nlohmann::json body = nlohmann::json::object();
  nlohmann::json& peers = body["peers"] = nlohmann::json::array();
  for (const Peer& peer : table->list()) {
    peers.push_back(peer_to_body(peer, *call.tenant, *table, services.clock.now_us()));
  }
  body["next_page"] = nullptr;
  return Reply(body_response(body, call.format));
}

HandlerResult get_peer(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto node = named_peer(call);
  if (!node) return node.error();
  const auto table = services.hub.peers(call.tenant);
  const std::optional<Peer> peer = table->find(*node);
  if (!peer) {
    return Error(ErrorCode::not_found,
                 "No replica " + node->to_string() + " has registered with this tenant.");
  }
  return Reply(body_response(peer_to_body(*peer, *call.tenant, *table, services.clock.now_us()),
                             call.format));
}

HandlerResult forget_peer(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto node = named_peer(call);
  if (!node) return node.error();
  const auto exchange = services.hub.exchange_of(call.tenant);
  const auto done = give_up(*call.tenant, exchange->peers, exchange->expiries, *node);
  if (!done) return done.error();
  HttpResponse response;
  response.status = 204;
  return Reply(std::move(response));
}

}  // namespace syncline::api
