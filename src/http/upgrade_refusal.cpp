#include "http/upgrade_refusal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "sync/body.hpp"
#include "sync/report_json.hpp"

namespace syncline::http {

namespace {

std::optional<Error> problem_in(std::string_view content_type, std::string_view body) {
  if (!content_type.starts_with("application/problem+json")) return std::nullopt;
  const auto parsed = parse_body(body, BodyFormat::json);
  if (!parsed || !parsed->is_object() || !parsed->contains("code")) return std::nullopt;
  return error_from_problem(*parsed);
}

/// Seconds until the server wants to be asked again; 1 if it does not say, or says a date.
std::uint64_t seconds_in(std::string_view retry_after) {
  std::uint64_t seconds = 0;
  std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  return std::max<std::uint64_t>(1, seconds);
}

}  // namespace

Error not_spoken(std::string_view reason) {
  return {ErrorCode::protocol_unsupported,
          "No live synchronisation with this server, or with what stands before it: " +
              std::string(reason) + "."};
}

Error refusal_of(unsigned status, std::string_view content_type, std::string_view retry_after,
                 std::string_view body) {
  const std::string said = "HTTP status " + std::to_string(status);
  if (const auto problem = problem_in(content_type, body)) {
    // The request was right when it was sent: what is wrong with it now was done on the way.
    if (problem->code == ErrorCode::bad_request) return not_spoken(problem->detail);
    if (problem->code == ErrorCode::method_not_allowed) return not_spoken(problem->detail);
    if (problem->number("retry_after_s") != 0 || retry_after.empty()) return *problem;
    return Error(*problem).with("retry_after_s", seconds_in(retry_after));
  }
  switch (status) {
    case 401:
      return {ErrorCode::unauthorized, said};
    case 403:
      return {ErrorCode::forbidden, said};
    case 404:
      return {ErrorCode::not_found, said + ": nothing serves live synchronisation there"};
    case 429:
      return Error(ErrorCode::rate_limited, said).with("retry_after_s", seconds_in(retry_after));
    case 500:
    case 502:
    case 503:
    case 504:
      return Error(ErrorCode::unavailable, said).with("retry_after_s", seconds_in(retry_after));
    default:
      return not_spoken(said);
  }
}

}  // namespace syncline::http
