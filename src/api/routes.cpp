#include "api/routes.hpp"

#include <algorithm>
#include <array>

#include "api/handlers.hpp"

namespace syncline::api {

namespace {

constexpr auto anyone = Audience::anyone;
constexpr auto admin = Audience::admin;
constexpr auto tenant = Audience::tenant;

// Of two that fit, the first counts.
constexpr std::array route_table{
    Route{"GET", "/healthz", anyone, health},
    Route{"GET", "/readyz", anyone, readiness},
    Route{"GET", "/v1/plans", admin, list_plans},
    Route{"GET", "/v1/tenants", admin, list_tenants},
    Route{"POST", "/v1/tenants", admin, create_tenant},
    Route{"GET", "/v1/tenants/{tenant}", admin, get_tenant},
    Route{"PATCH", "/v1/tenants/{tenant}", admin, change_tenant},
    Route{"DELETE", "/v1/tenants/{tenant}", admin, delete_tenant},
    Route{"GET", "/v1/tenants/{tenant}/usage", admin, tenant_usage},
    Route{"GET", "/v1/tenants/{tenant}/peers", admin, list_peers},
    Route{"GET", "/v1/tenants/{tenant}/peers/{id}", admin, get_peer},
    Route{"DELETE", "/v1/tenants/{tenant}/peers/{id}", admin, forget_peer},
    Route{"GET", "/v1/tenants/{tenant}/consumers", admin, list_consumers},
    Route{"DELETE", "/v1/tenants/{tenant}/consumers/{name}", admin, forget_consumer},
    Route{"POST", "/v1/tenants/{tenant}/sync/register", tenant, sync_register},
    Route{"POST", "/v1/tenants/{tenant}/sync/push", tenant, sync_push},
    Route{"POST", "/v1/tenants/{tenant}/sync/pull", tenant, sync_pull},
    Route{"POST", "/v1/tenants/{tenant}/sync/heartbeat", tenant, sync_heartbeat},
    Route{"POST", "/v1/tenants/{tenant}/sync/exchange", tenant, sync_exchange},
    Route{"GET", "/v1/tenants/{tenant}/sync/snapshot", tenant, sync_snapshot},
    Route{"POST", "/v1/tenants/{tenant}/sync/snapshot", tenant, sync_upload},
    Route{"GET", "/v1/tenants/{tenant}/sync/live", tenant, sync_live},
    Route{"GET", "/v1/tenants/{tenant}/changes", tenant, list_changes, true},
    Route{"GET", "/v1/tenants/{tenant}/rows/{table}", tenant, list_rows},
    Route{"GET", "/v1/tenants/{tenant}/rows/{table}/{row_id}", tenant, get_row},
    Route{"PUT", "/v1/tenants/{tenant}/rows/{table}/{row_id}", tenant, put_row},
    Route{"DELETE", "/v1/tenants/{tenant}/rows/{table}/{row_id}", tenant, delete_row},
    Route{"GET", "/v1/tenants/{tenant}/rows/{table}/{row_id}/history", tenant, list_history},
    Route{"POST", "/v1/tenants/{tenant}/transactions", tenant, post_transaction},
    Route{"GET", "/v1/tenants/{tenant}/conflicts", tenant, list_conflicts},
    Route{"GET", "/v1/tenants/{tenant}/conflicts/stats", tenant, conflict_stats},
    Route{"GET", "/v1/tenants/{tenant}/conflicts/{id}", tenant, get_conflict},
    Route{"POST", "/v1/tenants/{tenant}/conflicts/{id}/resolve", tenant, resolve_conflict},
    Route{"GET", "/v1/tenants/{tenant}/log", tenant, log_state},
    Route{"POST", "/v1/tenants/{tenant}/log/trim", admin, trim_log},
};

/// The next segment of a path that begins with '/', which is taken off it.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

/// True if `path` has the form of `pattern`; then `match` has the parameters, still encoded.
bool fits(std::string_view pattern, std::string_view path, Match& match) {
  match.tenant.clear();
  match.parameters.clear();
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return false;
    } else if (given.empty()) {
      return false;
    } else if (wanted == "{tenant}") {
      match.tenant = given;
    } else {
      match.parameters.emplace_back(given);
    }
  }
  return pattern.empty() && path.empty();
}

bool decode(std::string& text) {
  auto decoded = percent_decode(text, false);
  if (!decoded) return false;
  text = std::move(*decoded);
  return true;
}

}  // namespace

std::span<const Route> routes() { return route_table; }

Result<Match> match_route(std::string_view method, std::string_view path) {
  Match found;
  std::string allowed;
  for (const Route& route : route_table) {
    Match match;
    if (!fits(route.path, path, match)) continue;
    if (route.method == method && found.route == nullptr) {
      found = std::move(match);
      found.route = &route;
    }
    if (allowed.find(route.method) != std::string::npos) continue;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    if (route.method == "GET") allowed += ", HEAD";
  }
  found.allowed = std::move(allowed);
  bool decodable = decode(found.tenant);
  for (std::string& parameter : found.parameters) decodable = decodable && decode(parameter);
  if (!decodable) {
    return Error(ErrorCode::bad_request, "The path has a malformed escape; right is %XX.");
  }
  return found;
}

}  // namespace syncline::api
