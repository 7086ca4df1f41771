// What those who run the server want to know: plans, usage, peers, logs, health.
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/row_body.hpp"
#include "sync/members.hpp"
#include "sync/messages.hpp"
#include "sync/retention.hpp"
#include "sync/stable_state.hpp"

namespace syncline::api {

namespace {

nlohmann::json plan_to_body(const Plan& plan) {
  // 0 would read as "nothing allowed"; null says that there is no limit.
  const auto limit = [](std::uint64_t value) {
    return value == 0 ? nlohmann::json(nullptr) : nlohmann::json(value);
  };
  nlohmann::json body = nlohmann::json::object();
  body["name"] = plan.name;
  body["storage_bytes"] = limit(plan.storage_bytes);
  body["max_connections"] = limit(plan.max_connections);
  body["requests_per_second"] = limit(plan.requests_per_second);
  body["change_log"] = plan.change_log;
  return body;
}

nlohmann::json peer_to_body(const Peer& peer, const Replica& replica, std::uint64_t now_us) {
  nlohmann::json body = nlohmann::json::object();
  body["node_id"] = peer.node_id.to_string();
  body["name"] = peer.name;
  body["role"] = peer.role;
  body["tables"] = nullptr;
  if (peer.tables) body["tables"] = *peer.tables;
  body["metadata"] = nlohmann::json(peer.metadata);
  body["first_seen"] = format_rfc3339(peer.first_seen_us);
  body["last_seen"] = format_rfc3339(peer.last_seen_us);
  body["away"] = peer.away(now_us);
  body["acknowledged"] = clock_to_body(WireClock(peer.acknowledged));
  // In this order, or an append in between could make it negative.
  const Lsn first = replica.first_lsn_not_covered(peer.acknowledged);
  body["lag_changes"] = replica.log().last_lsn() + 1 - first;
  body["clock_offset_us"] = peer.clock_offset_us;
  body["registrations"] = peer.registrations;
  body["changes_pushed"] = peer.changes_pushed;
  body["changes_pulled"] = peer.changes_pulled;
  return body;
}

HandlerResult status_reply(const Call& call, std::string_view status) {
  nlohmann::json body = nlohmann::json::object();
  body["status"] = status;
  return Reply(body_response(body, call.format));
}

}  // namespace

HandlerResult list_plans(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  nlohmann::json body = nlohmann::json::object();
  nlohmann::json& plans = body["plans"] = nlohmann::json::array();
  for (const Plan& plan : services.tenants.plans()) plans.push_back(plan_to_body(plan));
  body["next_page"] = nullptr;
  return Reply(body_response(body, call.format));
}

HandlerResult tenant_usage(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const LogStatistics counted = call.replica().statistics();
  nlohmann::json body = nlohmann::json::object();
  body["storage_bytes"] = counted.bytes;
  body["memory_bytes"] = counted.memory_bytes;
  body["changes"] = counted.changes;
  body["rows"] = counted.rows;
  body["connections"] = services.admission.connections(call.tenant->id());
  body["plan"] = plan_to_body(call.tenant->plan());
  return Reply(body_response(body, call.format));
}

HandlerResult list_peers(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  nlohmann::json body = nlohmann::json::object();
  nlohmann::json& peers = body["peers"] = nlohmann::json::array();
  for (const Peer& peer : services.hub.peers(call.tenant)->list()) {
    peers.push_back(peer_to_body(peer, call.replica(), services.clock.now_us()));
  }
  body["next_page"] = nullptr;
  return Reply(body_response(body, call.format));
}

HandlerResult log_state(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const Replica& replica = call.replica();
  const LogStatistics counted = replica.statistics();
  nlohmann::json body = nlohmann::json::object();
  body["enabled"] = call.tenant->plan().change_log;
  body["log_id"] = replica.log_id().to_string();
  body["node_id"] = replica.node().to_string();
  body["lsn"] = counted.current_lsn;
  body["oldest_lsn"] = counted.oldest_lsn;
  body["oldest_time"] = nullptr;
  body["newest_time"] = nullptr;
  if (counted.changes > 0) {
    body["oldest_time"] = format_rfc3339(counted.oldest_received_us);
    body["newest_time"] = format_rfc3339(counted.newest_received_us);
  }
  body["changes"] = counted.changes;
  body["bytes"] = counted.bytes;
  body["rows"] = counted.rows;
  body["tombstones"] = counted.tombstones;
  body["stable"] = stable_to_body(stable_state(replica));
  body["retention"] = retention_to_body(call.tenant->settings().retention);
  body["consumers"] = nlohmann::json::array();
  body["peers"] = services.hub.peers(call.tenant)->size();
  return Reply(body_response(body, call.format));
}

nlohmann::json retention_to_body(const Retention& retention) {
  if (retention.keeps_all()) return nullptr;
  const auto limit = [](std::uint64_t value) {
    return value == 0 ? nlohmann::json(nullptr) : nlohmann::json(value);
  };
  return nlohmann::json::object({{"max_age_s", limit(retention.max_age_s)},
                                 {"max_bytes", limit(retention.max_bytes)},
                                 {"max_changes", limit(retention.max_changes)}});
}

HandlerResult trim_log(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto body = read_object(call.request);
  if (!body) return body.error();
  const auto before = body->find("before_lsn");
  if (before == body->end() || !before->is_number_unsigned()) {
    return Error(ErrorCode::bad_request,
                 "The member \"before_lsn\" has to be the LSN that the log may begin with.")
        .with("member", std::string("before_lsn"));
  }
  const auto force = body->find("force");
  if (force != body->end() && !force->is_boolean()) {
    return Error(ErrorCode::bad_request, "The member \"force\" has to be true or false.")
        .with("member", std::string("force"));
  }
  const auto trimmed =
      syncline::trim_log(call.replica(), *services.hub.peers(call.tenant), before->get<Lsn>(),
                         force != body->end() && force->get<bool>(), services.clock.now_us());
  if (!trimmed) return trimmed.error();
  nlohmann::json answer = nlohmann::json::object();
  answer["oldest_lsn"] = trimmed->first_lsn;
  answer["dropped_changes"] = trimmed->dropped_changes;
  answer["dropped_bytes"] = trimmed->dropped_bytes;
  answer["kept_changes"] = trimmed->kept_changes;
  return Reply(body_response(answer, call.format));
}

HandlerResult health(Services&, Call& call) { return status_reply(call, "ok"); }

HandlerResult readiness(Services&, Call& call) {
  if (call.context.stopping) {
    return Error(ErrorCode::unavailable, "The server is stopping.").with("retry_after_s", 5);
  }
  return status_reply(call, "ready");
}

}  // namespace syncline::api
