// Replicas: register, push, pull, heartbeat, exchange, snapshot.
#include <algorithm>
#include <utility>

#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/problem.hpp"
#include "api/waiting.hpp"
#include "sync/messages.hpp"

namespace syncline::api {

namespace {

/// A pull that may have to wait, alone or as the end of a round.
struct Pull {
  Services* services = nullptr;
  std::shared_ptr<Tenant> tenant;
  PullRequest request;
  BodyFormat format = BodyFormat::json;
  /// What the other parts of the round have come to, if it is one.
  std::optional<ExchangeResponse> round;
};

bool shall_wait(const Pull& pull, const Result<PullResponse>& response) {
  return pull.request.wait_ms > 0 && response && response->changes.records.empty() &&
         !response->has_more;
}

Reply finish(Pull pull, Result<PullResponse> response) {
  if (pull.round) {
    pull.round->pull = std::move(response);
    return body_response(pull.round->to_body(), pull.format, pull.request.payload);
  }
  if (!response) return problem_response(response.error());
  return body_response(response->to_body(), pull.format, pull.request.payload);
}

Reply pull_or_wait(Pull pull, bool last);

Reply wait_or_finish(Pull pull, Result<PullResponse> response, bool last) {
  if (last || !shall_wait(pull, response)) return finish(std::move(pull), std::move(response));
  Wait wait;
  wait.tenant = pull.tenant;
  wait.seen = response->examined;
  wait.timeout = wait_time(pull.request.wait_ms);
  // What was passed over once is not read again.
  pull.request.cursor = response->cursor;
  wait.resume = [pull = std::move(pull)](bool last_call) { return pull_or_wait(pull, last_call); };
  return wait;
}

Reply pull_or_wait(Pull pull, bool last) {
  auto response = pull.services->hub.pull(pull.tenant, pull.request);
  return wait_or_finish(std::move(pull), std::move(response), last);
}

/// Reads the body as a `Request`.
template <typename Request>
Result<Request> read_message(Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  auto body = read_object(call.request);
  if (!body) return body.error();
  return Request::from_body(std::move(*body));
}

template <typename Response>
HandlerResult message_reply(const Call& call, const Result<Response>& response) {
  if (!response) return response.error();
  return Reply(body_response(response->to_body(), call.format));
}

}  // namespace

HandlerResult sync_register(Services& services, Call& call) {
  const auto request = read_message<RegisterRequest>(call);
  if (!request) return request.error();
  return message_reply(call, services.hub.register_peer(call.tenant, *request));
}

HandlerResult sync_push(Services& services, Call& call) {
  const auto request = read_message<PushRequest>(call);
  if (!request) return request.error();
  return message_reply(call, services.hub.push(call.tenant, *request));
}

HandlerResult sync_pull(Services& services, Call& call) {
  auto request = read_message<PullRequest>(call);
  if (!request) return request.error();
  return pull_or_wait({&services, call.tenant, std::move(*request), call.format, std::nullopt},
                      false);
}

HandlerResult sync_heartbeat(Services& services, Call& call) {
  const auto request = read_message<HeartbeatRequest>(call);
  if (!request) return request.error();
  return message_reply(call, services.hub.heartbeat(call.tenant, *request));
}

HandlerResult sync_exchange(Services& services, Call& call) {
  auto request = read_message<ExchangeRequest>(call);
  if (!request) return request.error();
  ExchangeResponse round = services.hub.exchange(call.tenant, *request);
  // A pull that could not be read has its error already.
  if (!round.pull || !request->pull) return Reply(body_response(round.to_body(), call.format));
  Result<PullResponse> pulled = std::move(*round.pull);
  Pull pull{&services, call.tenant, std::move(*request->pull), call.format, std::move(round)};
  return wait_or_finish(std::move(pull), std::move(pulled), false);
}

HandlerResult sync_upload(Services& services, Call& call) {
  auto request = read_message<SnapshotUpload>(call);
  if (!request) return request.error();
  return message_reply(call, services.hub.take_snapshot(call.tenant, std::move(*request)));
}

HandlerResult sync_snapshot(Services& services, Call& call) {
  SnapshotRequest request;
  const auto page = call.query.text("page");
  if (!page) return page.error();
  request.page = page->value_or("");
  auto tables = call.query.list("tables");
  if (!tables) return tables.error();
  request.tables = std::move(*tables);
  const Replica& replica = call.replica();
  const auto limit =
      call.query.number("limit", replica.max_batch_changes(), 1, replica.max_batch_changes());
  if (!limit) return limit.error();
  request.limit = *limit;
  const auto max_bytes =
      call.query.number("max_bytes", replica.max_body_bytes(), 1, replica.max_body_bytes());
  if (!max_bytes) return max_bytes.error();
  request.max_bytes = *max_bytes;
  const auto node = call.query.text("node_id");
  if (!node) return node.error();
  if (*node) {
    const auto id = NodeId::parse(**node);
    if (!id) return bad_parameter("node_id", **node, "a UUID");
    request.node_id = *id;
  }
  const auto payload = call.query.payload();
  if (!payload) return payload.error();
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto response = services.hub.snapshot_page(call.tenant, request);
  if (!response) return response.error();
  return Reply(body_response(response->to_body(call.format, *payload), call.format, *payload));
}

}  // namespace syncline::api
