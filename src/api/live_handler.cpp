// Live synchronisation: from a request to a session over a WebSocket.
#include <algorithm>
#include <memory>
#include <utility>

#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/problem.hpp"
#include "sync/live_session.hpp"

namespace syncline::api {

namespace {

bool equal_without_case(std::string_view left, std::string_view right) {
  const HeaderLess less;
  return !less(left, right) && !less(right, left);
}

/// True if `token` is one of the elements of a header's list, whatever its case.
bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view element = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    const std::size_t first = element.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    element = element.substr(first, element.find_last_not_of(" \t") - first + 1);
    if (equal_without_case(element, token)) return true;
  }
  return false;
}

/// 426: the path is right, the protocol is not.
Reply upgrade_required(const std::string& detail) {
  constexpr unsigned status = 426;
  HttpResponse response = problem_response(Error(ErrorCode::protocol_unsupported, detail)
                                               .with("supported", std::string(live_subprotocol)),
                                           {{"status", status}});
  response.status = status;
  response.headers["Upgrade"] = "websocket";
  response.headers["Connection"] = "Upgrade";
  response.headers["Sec-WebSocket-Version"] = "13";
  return response;
}

/// What is asked before each frame: the tenant may be gone, or may have asked enough for now.
LiveSession::Admit admission(Services& services, const Call& call) {
  return [&services, tenant = call.tenant, connection = call.context.connection]() -> Result<void> {
    const auto present = services.tenants.get(tenant->id());
    if (!present) return present.error();
    if (*present != tenant) {
      return Error(ErrorCode::tenant_not_found, "The tenant was removed and made anew.");
    }
    return services.admission.admit(*tenant, connection, services.clock.now_us());
  };
}

}  // namespace

HandlerResult sync_live(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const HttpRequest& request = call.request;
  if (!has_token(header(request, "Connection"), "Upgrade") ||
      !has_token(header(request, "Upgrade"), "websocket")) {
    return upgrade_required("This path is for WebSocket connections.");
  }
  if (header(request, "Sec-WebSocket-Version") != "13") {
    return upgrade_required("Only version 13 of WebSocket is spoken here.");
  }
  if (header(request, "Sec-WebSocket-Key").empty()) {
    return Error(ErrorCode::bad_request, "The header Sec-WebSocket-Key is missing.");
  }
  const std::string offered(header(request, "Sec-WebSocket-Protocol"));
  if (!has_token(offered, live_subprotocol)) {
    return Error(ErrorCode::bad_request, "Sec-WebSocket-Protocol has to offer \"" +
                                             std::string(live_subprotocol) + "\"; it offers \"" +
                                             offered + "\".")
        .with("supported", std::string(live_subprotocol));
  }
  if (call.context.stopping) {
    return Error(ErrorCode::unavailable, "The server is about to end.").with("retry_after_s", 1);
  }
  Upgrade upgrade;
  upgrade.subprotocol = live_subprotocol;
  upgrade.tenant = call.tenant;
  upgrade.session =
      std::make_unique<LiveSession>(services.hub, call.tenant, admission(services, call));
  return Reply(std::move(upgrade));
}

}  // namespace syncline::api
