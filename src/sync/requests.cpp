// Requests from and to bodies.

#include <algorithm>
#include <utility>

#include "sync/members.hpp"
#include "sync/messages.hpp"
#include "sync/report_json.hpp"

namespace syncline {
namespace {

using nlohmann::json;

void set_node(json& body, const NodeId& node) {
  if (!node.is_nil()) body["node_id"] = node.to_string();
}

/// What is wrong with an element of a push that is no record: the change that it names, or nothing
/// that could be named.
Result<Rejection> rejection_of(const json& element, std::size_t index) {
  Error error{ErrorCode::invalid_change, "not a change"};
  const Result<Dot> dot = dot_from_body(element, "changes");
  if (!dot) {
    return Error{ErrorCode::invalid_change,
                 "a change whose origin and seq cannot be read: expected a record, or an object "
                 "with a UUID and a number from 1"}
        .with("index", index)
        .with("field", "origin");
  }
  MemberReader in(element);
  error.detail = in.text_or("detail", error.detail);
  error = std::move(error).with("field", in.text_or("field", "")).with("index", index);
  return Rejection{*dot, index, std::move(error)};
}

/// The part `name` of a round, which belongs to `node`; nothing if it is absent, or if it cannot be
/// read, which `problem` tells then.
template <typename Part>
std::optional<Part> read_part(json& body, const char* name, const NodeId& node,
                              std::optional<Error>& problem) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return std::nullopt;
  Result<Part> part = Part::from_body(std::move(*found));
  if (!part) {
    problem = part.error();
    return std::nullopt;
  }
  part->node_id = node;
  return std::move(*part);
}

}  // namespace

Result<void> check_protocol(const std::vector<std::uint64_t>& spoken) {
  if (std::find(spoken.begin(), spoken.end(), protocol_version) != spoken.end()) return {};
  return Error{ErrorCode::protocol_unsupported, "only version 1 of the protocol is spoken here"}
      .with("supported", protocol_version);
}

Result<RegisterRequest> RegisterRequest::from_body(const json& body) {
  MemberReader in(body);
  RegisterRequest request;
  if (const json* versions = in.find("protocol")) {
    if (versions->is_array()) {
      for (const json& version : *versions) {
        if (version.is_number_unsigned()) request.protocol.push_back(version.get<std::uint64_t>());
      }
    }
  }
  if (request.protocol.empty()) in.refuse("protocol", "an array of versions such as [1]");
  if (!in.ok()) return in.result(std::move(request));
  // First of all: what other versions say in the rest is not known here.
  if (const auto spoken = check_protocol(request.protocol); !spoken) return spoken.error();
  request.node_id = in.node_or_nil("node_id");
  request.name = in.text_or("name", "");
  request.role = in.text_or("role", "edge");
  if (request.role != "edge" && request.role != "cloud") {
    in.refuse("role", "\"edge\" or \"cloud\"");
  }
  request.clock = in.clock("clock");
  request.tables = in.optional_texts("tables");
  if (request.tables && request.tables->empty()) {
    in.refuse("tables", "an array of at least one table's name, or null for all");
  }
  request.time = in.optional_time("time");
  request.metadata = in.text_map("metadata");
  request.replaces = in.node_or_nil("replaces");
  request.home = in.node_or_nil("home");
  return in.result(std::move(request));
}

json RegisterRequest::to_body() const {
  json body{{"protocol", protocol}, {"name", name},         {"role", role},
            {"tables", nullptr},    {"metadata", metadata}, {"clock", clock_to_body(clock)}};
  set_node(body, node_id);
  if (tables) body["tables"] = *tables;
  if (time) body["time"] = time->to_string();
  if (!replaces.is_nil()) body["replaces"] = replaces.to_string();
  if (!home.is_nil()) body["home"] = home.to_string();
  return body;
}

Result<PushRequest> PushRequest::from_body(json&& body) {
  MemberReader in(body);
  PushRequest request;
  request.node_id = in.node_or_nil("node_id");
  request.clock = in.optional_clock("clock");
  const json* list = in.find("changes");
  if (list == nullptr || !list->is_array()) {
    in.refuse("changes", "an array of changes");
    return in.result(std::move(request));
  }
  std::size_t index = 0;
  for (json& element : body["changes"]) {
    if (is_node(element, NodeKind::record)) {
      request.changes.records.push_back(std::move(element.get_binary()));
      request.indexes.push_back(index);
    } else {
      Result<Rejection> rejection = rejection_of(element, index);
      if (!rejection) return rejection.error();
      request.malformed.push_back(std::move(*rejection));
    }
    ++index;
  }
  return in.result(std::move(request));
}

json PushRequest::to_body() const {
  json body = json::object();
  set_node(body, node_id);
  set_clock(body, "clock", clock);
  changes_to_body(body, "changes", changes);
  return body;
}

Result<PullRequest> PullRequest::from_body(const json& body) {
  MemberReader in(body);
  PullRequest request;
  request.node_id = in.node_or_nil("node_id");
  request.cursor = in.text_or("cursor", "");
  request.limit = in.optional_number("limit");
  request.max_bytes = in.optional_number("max_bytes");
  request.wait_ms = in.number_or("wait_ms", 0);
  request.have = in.optional_clock("have");
  request.include_own = in.boolean_or("include_own", false);
  const std::string payload = in.text_or("payload", "text");
  if (payload != "text" && payload != "base64") in.refuse("payload", "\"text\" or \"base64\"");
  request.payload = payload == "base64" ? JsonPayload::base64 : JsonPayload::text;
  return in.result(std::move(request));
}

json PullRequest::to_body() const {
  json body{{"cursor", nullptr}};
  set_node(body, node_id);
  if (!cursor.empty()) body["cursor"] = cursor;
  if (limit) body["limit"] = *limit;
  if (max_bytes) body["max_bytes"] = *max_bytes;
  if (wait_ms != 0) body["wait_ms"] = wait_ms;
  set_clock(body, "have", have);
  if (include_own) body["include_own"] = true;
  if (payload == JsonPayload::base64) body["payload"] = "base64";
  return body;
}

Result<HeartbeatRequest> HeartbeatRequest::from_body(const json& body) {
  MemberReader in(body);
  HeartbeatRequest request;
  request.node_id = in.node_or_nil("node_id");
  request.clock = in.clock("clock");
  request.vouched = in.optional_clock("vouched");
  request.cursor = in.text_or("cursor", "");
  return in.result(std::move(request));
}

json HeartbeatRequest::to_body() const {
  json body{{"clock", clock_to_body(clock)}, {"cursor", nullptr}};
  set_node(body, node_id);
  set_clock(body, "vouched", vouched);
  if (!cursor.empty()) body["cursor"] = cursor;
  return body;
}

Result<ExchangeRequest> ExchangeRequest::from_body(json&& body) {
  MemberReader in(body);
  ExchangeRequest request;
  request.node_id = in.node("node_id");
  request.session = in.text_or("session", "");
  if (!in.ok()) return in.result(std::move(request));
  const NodeId node = request.node_id;
  ExchangeProblems& problems = request.problems;
  request.registration = read_part<RegisterRequest>(body, "register", node, problems.registration);
  request.push = read_part<PushRequest>(body, "push", node, problems.push);
  request.heartbeat = read_part<HeartbeatRequest>(body, "heartbeat", node, problems.heartbeat);
  request.pull = read_part<PullRequest>(body, "pull", node, problems.pull);
  return request;
}

json ExchangeRequest::to_body() const {
  json body = json::object();
  set_node(body, node_id);
  if (!session.empty()) body["session"] = session;
  if (registration) body["register"] = registration->to_body();
  if (push) body["push"] = push->to_body();
  if (heartbeat) body["heartbeat"] = heartbeat->to_body();
  if (pull) body["pull"] = pull->to_body();
  return body;
}

Result<SnapshotUpload> SnapshotUpload::from_body(json&& body) {
  MemberReader in(body);
  SnapshotUpload upload;
  upload.node_id = in.node_or_nil("node_id");
  if (upload.node_id.is_nil()) in.refuse("node_id", "the UUID of the calling replica");
  upload.first = in.boolean_or("first", false);
  for (const std::string& name :
       in.optional_texts("contested").value_or(std::vector<std::string>{})) {
    const Result<NodeId> origin = NodeId::parse(name);
    if (!origin) {
      in.refuse("contested", "a list of UUIDs");
      break;
    }
    upload.contested.push_back(*origin);
  }
  if (!in.ok()) return in.result(std::move(upload));
  Result<SnapshotResponse> page = SnapshotResponse::from_body(std::move(body));
  if (!page) return page.error();
  upload.page = std::move(*page);
  return upload;
}

json SnapshotUpload::to_body() const {
  json body = page.to_body(BodyFormat::msgpack, JsonPayload::text);
  body.erase("conflicts");  // whoever has the changes finds them
  body["first"] = first;
  for (const NodeId& origin : contested) body["contested"].push_back(origin.to_string());
  set_node(body, node_id);
  return body;
}

}  // namespace syncline
