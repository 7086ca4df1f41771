// Requests through the request handler. The input is text: requests with a line "%%" between them,
// each a line "METHOD target", headers, an empty line, and a body. A request's body may be coded.
#include "api/api.hpp"

#include "changelog/codec/text_check.hpp"
#include "http/body_coding.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "support/world.hpp"
#include "sync/body.hpp"
#include "sync/report_json.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

using api::Reply;
using nlohmann::json;

constexpr std::size_t max_requests = 8;
constexpr std::size_t max_body_bytes = std::size_t{256} << 10;

std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + end.size(), text.size()));
  return taken;
}

HttpRequest read_request(std::string_view text) {
  HttpRequest request;
  std::string_view line = take_until(text, "\n");
  request.method = take_until(line, " ");
  request.target = line;
  while (!text.empty()) {
    line = take_until(text, "\n");
    if (line.empty()) break;
    const std::string_view name = take_until(line, ": ");
    request.headers[std::string(name)] = line;
  }
  request.body = text;
  return request;
}

void check_problem(const HttpResponse& response) {
  FUZZ_CHECK(response.headers.at("Content-Type") == "application/problem+json");
  const json body = json::parse(response.body, nullptr, false);
  FUZZ_CHECK(body.is_object());
  const Error error = error_from_problem(body);
  // Nothing that anybody can send makes a server fail.
  FUZZ_CHECK(error.code != ErrorCode::internal && !error.detail.empty());
  FUZZ_CHECK(body.at("status") == response.status);
  // 426 says which protocol a path speaks; the others go with the code.
  const bool upgrade = response.status == 426 && response.headers.contains("Upgrade");
  FUZZ_CHECK(upgrade || response.status == http_status(error.code));
  if (response.status == 405) FUZZ_CHECK(response.headers.contains("Allow"));
}

void check_body(const HttpResponse& response) {
  const auto type = response.headers.find("Content-Type");
  if (response.body.empty() || type == response.headers.end()) return;
  if (type->second == "application/json") {
    FUZZ_CHECK(codec::is_utf8(response.body) && json::accept(response.body));
    FUZZ_CHECK(parse_body(response.body, BodyFormat::json).has_value());
  } else if (type->second == "application/msgpack") {
    FUZZ_CHECK(parse_body(response.body, BodyFormat::msgpack).has_value());
  }
}

void check_stream(api::Stream& stream) {
  constexpr int most_steps = 8;
  const std::chrono::steady_clock::time_point now{};
  for (int step = 0; step < most_steps; ++step) {
    const api::StreamStep next = stream.source->next(now);
    const auto* const bytes = std::get_if<std::string>(&next);
    if (bytes == nullptr) return;
    FUZZ_CHECK(!bytes->empty() && codec::is_utf8(*bytes));
  }
}

void check_reply(Reply&& reply) {
  if (auto* const wait = std::get_if<api::Wait>(&reply)) {
    Reply last = wait->resume(true);
    FUZZ_CHECK(!std::holds_alternative<api::Wait>(last));
    return check_reply(std::move(last));
  }
  if (auto* const stream = std::get_if<api::Stream>(&reply)) return check_stream(*stream);
  if (auto* const response = std::get_if<HttpResponse>(&reply)) {
    FUZZ_CHECK(response->status >= 200 && response->status < 600);
    if (response->status >= 400) {
      check_problem(*response);
    } else {
      check_body(*response);
    }
  }
}

json ask(api::Api& handler, const std::string& target, BodyFormat format) {
  HttpRequest request;
  request.target = target;
  request.headers["Accept"] = media_type(format);
  const api::RequestContext context{.connection = 1, .stopping = false};
  const Reply reply = handler.handle(request, context);
  const auto* const response = std::get_if<HttpResponse>(&reply);
  if (response == nullptr || response->status != 200) return nullptr;
  return parse_body(response->body, format).value();
}

// Whatever was written, both formats show the same changes, byte for byte.
void check_both_formats(api::Api& handler) {
  const std::string tenant = "/v1/tenants/shop/";
  for (const std::string target : {"changes?since=beginning&limit=1000", "sync/snapshot"}) {
    const json text = ask(handler, tenant + target, BodyFormat::json);
    const json packed = ask(handler, tenant + target, BodyFormat::msgpack);
    if (text.is_null() || packed.is_null()) continue;  // the tenant is gone, or asked too much
    for (const char* list : {"changes", "rows", "history", "markers"}) {
      FUZZ_CHECK(text.contains(list) == packed.contains(list));
      if (text.contains(list)) FUZZ_CHECK(text[list] == packed[list]);
    }
  }
}

}  // namespace

void api(Bytes bytes) {
  World world;
  api::Api handler(world.tenants, world.clock);
  std::string_view rest = text_of(bytes);
  for (std::size_t i = 0; i < max_requests && !rest.empty(); ++i) {
    HttpRequest request = read_request(take_until(rest, "\n%%\n"));
    if (const auto refusal = http::decode_body(request, max_body_bytes)) {
      check_problem(*refusal);
      continue;
    }
    const api::RequestContext context{.connection = 1, .stopping = false};
    check_reply(handler.handle(request, context));
    world.clock.advance_us(1'000'000);
  }
  handler.maintain();
  check_both_formats(handler);
  world.check();
  handler.connection_closed(1);
}

}  // namespace syncline::fuzz
