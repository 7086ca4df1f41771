#include "api/problem.hpp"

#include <algorithm>

#include "sync/report_json.hpp"

namespace syncline::api {

HttpResponse problem_response(const Error& error, const nlohmann::json& members) {
  nlohmann::json body = problem_to_body(error);
  if (members.is_object()) body.update(members);
  HttpResponse response;
  response.status = http_status(error.code);
  response.headers.emplace("Content-Type", "application/problem+json");
  if (response.status == 429 || response.status == 503) {
    const std::uint64_t seconds = std::max<std::uint64_t>(1, error.number("retry_after_s"));
    response.headers.emplace("Retry-After", std::to_string(seconds));
  }
  response.body = write_body(body, BodyFormat::json);
  return response;
}

}  // namespace syncline::api
