#include "http/upgrade_refusal.hpp"

#include <doctest/doctest.h>

#include "api/problem.hpp"
#include "http/http_server.hpp"
#include "support/results.hpp"
#include "syncline/live_channel.hpp"

namespace syncline::http {
namespace {

/// Stands for whatever answers instead of the server.
class ProxyHandler final : public api::RequestHandler {
 public:
  explicit ProxyHandler(HttpResponse answer) : answer_(std::move(answer)) {}
  api::Reply handle(const HttpRequest&, const api::RequestContext&) override { return answer_; }
  void connection_closed(std::uint64_t) override {}

 private:
  const HttpResponse answer_;
};

Error opening_error(HttpResponse answer) {
  ProxyHandler handler(std::move(answer));
  HttpServer::Options options;
  options.address = "127.0.0.1";
  options.max_connections = 4;
  options.max_body_bytes = 1000;
  options.idle_timeout = options.request_timeout = options.drain_timeout = std::chrono::seconds(20);
  options.clock = &system_clock();
  const auto server = HttpServer::start(handler, options);
  REQUIRE(server);
  LiveChannelOptions channel;
  channel.url = (*server)->url();
  channel.target = "/v1/tenants/acme/sync/live";
  const auto opened = open_live_channel(channel);
  REQUIRE(opened.has_error());
  return opened.error();
}

Error refused(unsigned status, const Error& error) {
  const HttpResponse response = api::problem_response(error);
  return refusal_of(status, "application/problem+json", "", response.body);
}

}  // namespace

TEST_CASE("what a proxy answers tells a client to do without, or to come back") {
  CHECK(opening_error({400, {}, "<html>bad request"}).code == ErrorCode::protocol_unsupported);
  CHECK(opening_error({200, {}, "hello"}).code == ErrorCode::protocol_unsupported);
  CHECK(opening_error({404, {}, std::string(20'000, ' ')}).code == ErrorCode::not_found);
  const Error busy = opening_error({503, {{"Retry-After", "7"}}, ""});
  CHECK(busy.code == ErrorCode::unavailable);
  CHECK(busy.number("retry_after_s") == 7);
  const Error known = opening_error(
      api::problem_response(Error(ErrorCode::rate_limited, "slowly").with("retry_after_s", 3)));
  CHECK(known.code == ErrorCode::rate_limited);
  CHECK(known.number("retry_after_s") == 3);
  CHECK(known.detail == "slowly");
}

TEST_CASE("statuses without a problem have a code") {
  const auto code = [](unsigned status) { return refusal_of(status, "", "", "").code; };
  CHECK(code(401) == ErrorCode::unauthorized);
  CHECK(code(403) == ErrorCode::forbidden);
  CHECK(code(429) == ErrorCode::rate_limited);
  CHECK(code(502) == ErrorCode::unavailable);
  CHECK(code(301) == ErrorCode::protocol_unsupported);
  CHECK(code(426) == ErrorCode::protocol_unsupported);
  CHECK(code(501) == ErrorCode::protocol_unsupported);
  CHECK(refusal_of(429, "", "Fri, 31 Dec 2027 23:59:59 GMT", "").number("retry_after_s") == 1);
}

TEST_CASE("problems are told, but for those that only a proxy can have caused") {
  CHECK(refused(403, {ErrorCode::change_log_disabled, "no"}).code ==
        ErrorCode::change_log_disabled);
  CHECK(refused(404, {ErrorCode::tenant_not_found, "no"}).code == ErrorCode::tenant_not_found);
  CHECK(refused(400, {ErrorCode::bad_request, "no"}).code == ErrorCode::protocol_unsupported);
  CHECK(refused(426, {ErrorCode::protocol_unsupported, "no"}).code ==
        ErrorCode::protocol_unsupported);
  CHECK(refusal_of(400, "application/problem+json", "", "{broken").code ==
        ErrorCode::protocol_unsupported);
}

}  // namespace syncline::http
