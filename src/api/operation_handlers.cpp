// What those who run the server want to know: plans, usage, health.
#include "api/handlers.hpp"
#include "api/media.hpp"

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

HandlerResult health(Services&, Call& call) { return status_reply(call, "ok"); }

HandlerResult readiness(Services&, Call& call) {
  if (call.context.stopping) {
    return Error(ErrorCode::unavailable, "The server is stopping.").with("retry_after_s", 5);
  }
  return status_reply(call, "ready");
}

}  // namespace syncline::api
