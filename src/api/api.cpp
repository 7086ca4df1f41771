#include "api/api.hpp"

#include <algorithm>

#include "api/media.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"

namespace syncline::api {

Reply Api::handle(const HttpRequest& request, const RequestContext& context) {
  auto reply = answer(request, context);
  if (!reply) return problem_response(reply.error());
  return std::move(*reply);
}

void Api::connection_closed(std::uint64_t connection) { services_.admission.release(connection); }

void Api::maintain() {
  for (const auto& tenant : services_.tenants.list()) services_.hub.maintain(tenant);
}

Result<Reply> Api::answer(const HttpRequest& request, const RequestContext& context) {
  const std::string_view target = origin_form(request.target);
  const std::size_t path_end = std::min(target.find('?'), target.size());
  auto match = match_route(request.method, target.substr(0, path_end));
  if (!match) return match.error();
  if (match->allowed.empty()) {
    return Error(ErrorCode::not_found, "There is nothing at this path.");
  }
  if (match->route == nullptr) {
    HttpResponse response = problem_response(Error(
        ErrorCode::method_not_allowed,
        "This path does not answer to " + request.method + ", but to " + match->allowed + "."));
    response.headers["Allow"] = match->allowed;
    return Reply(std::move(response));
  }
  const auto format = accepted_format(request);
  if (!format && !match->route->streams) return format.error();
  auto query = Query::parse(target.substr(std::min(path_end + 1, target.size())));
  if (!query) return query.error();

  Call call{request,
            context,
            std::move(match->parameters),
            std::move(*query),
            format ? *format : BodyFormat::json,
            nullptr};
  if (!match->tenant.empty()) {
    auto tenant = services_.tenants.get(match->tenant);
    if (!tenant) return tenant.error();
    call.tenant = std::move(*tenant);
  }
  if (match->route->audience == Audience::tenant) {
    const auto admitted =
        services_.admission.admit(*call.tenant, context.connection, services_.clock.now_us());
    if (!admitted) return admitted.error();
  }
  return match->route->handler(services_, call);
}

}  // namespace syncline::api
