#include "support/hub_transport.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "sync/report_json.hpp"

namespace syncline::test {
namespace {

BodyFormat format_of(const HttpRequest& request, const char* header) {
  const auto found = request.headers.find(header);
  const bool msgpack = found != request.headers.end() && found->second == "application/msgpack";
  return msgpack ? BodyFormat::msgpack : BodyFormat::json;
}

HttpResponse respond(unsigned status, const nlohmann::json& body, BodyFormat format) {
  HttpResponse response;
  response.status = status;
  response.headers["content-type"] =
      status == 200 ? std::string(media_type(format)) : "application/problem+json";
  response.body = write_body(body, status == 200 ? format : BodyFormat::json);
  return response;
}

HttpResponse fail(const Error& error) {
  return respond(http_status(error.code), problem_to_body(error), BodyFormat::json);
}

template <typename Response>
HttpResponse finish(const Result<Response>& response, BodyFormat format) {
  return response ? respond(200, response->to_body(), format) : fail(response.error());
}

struct Target {
  std::string tenant;
  std::string call;
  std::multimap<std::string, std::string> query;  // none of the tests' values is percent-encoded
};

Target split(const std::string& target) {
  Target parts;
  const std::string prefix = "/v1/tenants/";
  const std::size_t slash = target.find('/', prefix.size());
  const std::size_t mark = std::min(target.find('?'), target.size());
  parts.tenant = target.substr(prefix.size(), slash - prefix.size());
  parts.call = target.substr(slash, mark - slash);
  for (std::size_t begin = mark + 1; begin < target.size();) {
    const std::size_t end = std::min(target.find('&', begin), target.size());
    const std::size_t equals = target.find('=', begin);
    parts.query.emplace(target.substr(begin, equals - begin),
                        target.substr(equals + 1, end - equals - 1));
    begin = end + 1;
  }
  return parts;
}

SnapshotRequest snapshot_request(const Target& target) {
  SnapshotRequest request;
  for (const auto& [name, value] : target.query) {
    if (name == "page") request.page = value;
    if (name == "tables") request.tables.push_back(value);
    if (name == "limit") request.limit = std::stoull(value);
    if (name == "max_bytes") request.max_bytes = std::stoull(value);
    if (name == "node_id") request.node_id = *NodeId::parse(value);
  }
  return request;
}

template <typename Request, typename Handle>
HttpResponse handle(nlohmann::json body, BodyFormat format, Handle&& call) {
  const Result<Request> request = Request::from_body(std::move(body));
  return request ? finish(call(*request), format) : fail(request.error());
}

}  // namespace

HttpResponse HubTransport::answer(const HttpRequest& request) {
  const Target target = split(request.target);
  const auto tenant = tenants_.get(target.tenant);
  if (!tenant) return fail(tenant.error());
  const BodyFormat format = format_of(request, "Accept");
  if (target.call == "/sync/snapshot" && request.method == "GET") {
    const auto page = hub_.snapshot_page(*tenant, snapshot_request(target));
    if (!page) return fail(page.error());
    return respond(200, page->to_body(format, JsonPayload::text), format);
  }
  if (request.body.size() > (*tenant)->replica().max_body_bytes()) {
    return fail(Error{ErrorCode::too_large, "the body is too large"}.with(
        "limit", (*tenant)->replica().max_body_bytes()));
  }
  auto body = parse_body(request.body, format_of(request, "Content-Type"));
  if (!body) return fail(body.error());
  if (target.call == "/sync/exchange") {
    const auto call = [&](const auto& message) {
      return Result<ExchangeResponse>(hub_.exchange(*tenant, message));
    };
    HttpResponse response = handle<ExchangeRequest>(std::move(*body), format, call);
    answers_.push_back(response.body);
    return response;
  }
  if (target.call == "/sync/snapshot") {
    auto upload = SnapshotUpload::from_body(std::move(*body));
    if (!upload) return fail(upload.error());
    return finish(hub_.take_snapshot(*tenant, std::move(*upload)), format);
  }
  if (target.call == "/sync/pull") {
    const auto call = [&](const auto& message) { return pull(*tenant, message); };
    return handle<PullRequest>(std::move(*body), format, call);
  }
  return fail(Error{ErrorCode::not_found, "the client has no use for " + target.call});
}

/// Waits for the log to grow, if the request may.
Result<PullResponse> HubTransport::pull(const Hub::TenantPointer& tenant,
                                        const PullRequest& request) {
  for (;;) {
    const Subscription growth = tenant->replica().subscribe([this](Lsn) {
      const std::lock_guard lock(mutex_);
      grown_ = true;
      changed_.notify_all();
    });
    auto response = hub_.pull(tenant, request);
    const bool news = !response || !response->changes.records.empty();
    if (news || request.wait_ms == 0) return response;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return grown_ || cancelled_; });
    if (cancelled_) return response;
    grown_ = false;
  }
}

void HubTransport::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

Result<HttpResponse> HubTransport::send(const HttpRequest& request) {
  const Error lost{ErrorCode::unavailable, "the connection was lost"};
  {
    std::unique_lock lock(mutex_);
    if (hanging_) changed_.wait(lock, [&] { return cancelled_; });
    if (cancelled_) return lost;
  }
  if (lose_request_in_ != 0 && --lose_request_in_ == 0) return lost;
  ++statistics_.requests;
  statistics_.bytes_sent += request.body.size();
  targets_.push_back(request.target);
  HttpResponse response = answer(request);
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return lost;
  }
  if (lose_answer_in_ != 0 && --lose_answer_in_ == 0) return lost;
  statistics_.bytes_received += response.body.size();
  return response;
}

}  // namespace syncline::test
