// A tenant's log as a whole: how long it is, who holds it, cutting it off.
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/row_body.hpp"
#include "sync/retention.hpp"
#include "sync/standing.hpp"

namespace syncline::api {

namespace {

std::string_view kind_of(LogHolder::Kind kind) {
  switch (kind) {
    case LogHolder::Kind::peer:
      return "peer";
    case LogHolder::Kind::consumer:
      return "consumer";
    case LogHolder::Kind::snapshot_reader:
      break;
  }
  return "snapshot_reader";
}

nlohmann::json readers_to_body(const SnapshotReaders& readers, std::uint64_t now_us) {
  nlohmann::json list = nlohmann::json::array();
  for (const SnapshotReader& reader : readers.list(now_us)) {
    nlohmann::json& body = list.emplace_back();
    body["node_id"] = nullptr;
    if (!reader.node_id.is_nil()) body["node_id"] = reader.node_id.to_string();
    body["lsn"] = reader.lsn;
    body["last_seen"] = format_rfc3339(reader.last_seen_us);
  }
  return list;
}

/// Who needs the log from where on, if that is not behind its end.
nlohmann::json holders_to_body(const Tenant& tenant, const TenantExchange& exchange,
                               std::uint64_t now_us) {
  nlohmann::json list = nlohmann::json::array();
  const Lsn last = tenant.replica().log().last_lsn();
  for (const LogHolder& holder : log_holders(tenant, exchange, now_us)) {
    if (holder.needed > last) continue;
    list.push_back({{"kind", kind_of(holder.kind)},
                    {"id", holder.id},
                    {"name", holder.name},
                    {"lsn", holder.needed},
                    {"changes", last + 1 - holder.needed}});
  }
  return list;
}

}  // namespace

HandlerResult log_state(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const Replica& replica = call.replica();
  const std::uint64_t now_us = services.clock.now_us();
  const auto exchange = services.hub.exchange_of(call.tenant);
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
  const StableState stable = stable_state(replica);
  body["stable"] = {{"number", stable.number}, {"clock", clock_to_body(WireClock(stable.clock))}};
  body["retention"] = retention_to_body(terms_of(*call.tenant).retention);
  nlohmann::json& consumers = body["consumers"] = nlohmann::json::array();
  for (const Consumer& consumer : exchange->consumers.list()) {
    consumers.push_back(consumer_to_body(consumer, *call.tenant, now_us));
  }
  body["peers"] = exchange->peers.size();
  body["snapshot_readers"] = readers_to_body(exchange->readers, now_us);
  body["holders"] = holders_to_body(*call.tenant, *exchange, now_us);
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
  const auto exchange = services.hub.exchange_of(call.tenant);
  const auto trimmed =
      syncline::trim_log(*call.tenant, *exchange, before->get<Lsn>(),
                         force != body->end() && force->get<bool>(), services.clock.now_us());
  if (!trimmed) return trimmed.error();
  nlohmann::json answer = nlohmann::json::object();
  answer["oldest_lsn"] = trimmed->first_lsn;
  answer["dropped_changes"] = trimmed->dropped_changes;
  answer["dropped_bytes"] = trimmed->dropped_bytes;
  answer["kept_changes"] = trimmed->kept_changes;
  return Reply(body_response(answer, call.format));
}

}  // namespace syncline::api
