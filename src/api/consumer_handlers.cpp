// Consumers of changes that are known by name.
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "sync/retention.hpp"

namespace syncline::api {

nlohmann::json consumer_to_body(const Consumer& consumer, const Tenant& tenant,
                                std::uint64_t now_us) {
  const LogReader log = tenant.replica().log();
  const bool stale = is_stale(consumer, tenant, now_us);
  const bool here = consumer.log_id == log.log_id();
  const std::uint64_t behind =
      here && log.last_lsn() > consumer.lsn ? log.last_lsn() - consumer.lsn : 0;
  nlohmann::json body = nlohmann::json::object();
  body["name"] = consumer.name;
  body["state"] = stale ? "stale" : "live";
  body["log_id"] = consumer.log_id.to_string();
  body["lsn"] = consumer.lsn;
  body["lag_changes"] = behind;
  body["holds_back"] = nullptr;
  if (!stale && behind != 0) {
    body["holds_back"] = {{"lsn", consumer.lsn + 1}, {"changes", behind}};
  }
  body["first_seen"] = format_rfc3339(consumer.first_seen_us);
  body["last_seen"] = format_rfc3339(consumer.last_seen_us);
  return body;
}

Result<Lsn> note_consumer(Services& services, const std::shared_ptr<Tenant>& tenant,
                          const std::string& name, const LogReader& log, Lsn lsn, bool stated) {
  Consumers& consumers = services.hub.exchange_of(tenant)->consumers;
  if (!stated) {
    if (const std::optional<Consumer> consumer = consumers.find(name)) {
      lsn = consumer->lsn;
      if (consumer->log_id != log.log_id()) {
        return Error(ErrorCode::log_reset,
                     "The place of consumer '" + name + "' is in a log that is no more.")
            .with("log_id", log.log_id().to_string());
      }
    }
  }
  if (lsn + 1 < log.first_lsn()) {
    return Error(ErrorCode::cursor_trimmed,
                 "What consumer '" + name + "' has not read is gone from the log.")
        .with("oldest_lsn", log.first_lsn());
  }
  const auto noted = consumers.note(name, log.log_id(), lsn, services.clock.now_us());
  if (!noted) return noted.error();
  return lsn;
}

HandlerResult list_consumers(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  nlohmann::json body = nlohmann::json::object();
  nlohmann::json& list = body["consumers"] = nlohmann::json::array();
  for (const Consumer& consumer : services.hub.exchange_of(call.tenant)->consumers.list()) {
    list.push_back(consumer_to_body(consumer, *call.tenant, services.clock.now_us()));
  }
  body["next_page"] = nullptr;
  return Reply(body_response(body, call.format));
}

HandlerResult forget_consumer(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto done =
      services.hub.exchange_of(call.tenant)->consumers.forget(call.parameters.front());
  if (!done) return done.error();
  HttpResponse response;
  response.status = 204;
  return Reply(std::move(response));
}

}  // namespace syncline::api
