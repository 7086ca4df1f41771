// Answers from and to bodies.

#include <algorithm>
#include <utility>

#include "sync/members.hpp"
#include "sync/messages.hpp"
#include "sync/report_json.hpp"

namespace syncline {
namespace {

using nlohmann::json;

json policies_to_body(const PolicySettings& policies) {
  return {{"default", policies.default_policy}, {"tables", policies.tables}};
}

/// Reads the list `name` element by element with `read`, which gives a result.
template <typename Element, typename Read>
std::vector<Element> read_list(MemberReader& in, const char* name, Read&& read) {
  std::vector<Element> list;
  const json* value = in.find(name);
  if (value == nullptr) return list;
  if (!value->is_array()) in.refuse(name, "an array");
  for (const json& element : *value) {
    Result<Element> one = read(element);
    if (one) {
      list.push_back(std::move(*one));
    } else {
      in.refuse(one.error());
    }
  }
  return list;
}

/// The part `name` of an answer with its result or its error; nothing if it was not asked for.
template <typename Part>
std::optional<Result<Part>> read_part(json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_object()) return std::nullopt;
  const auto problem = found->find("error");
  if (problem != found->end()) return Result<Part>(error_from_problem(*problem));
  return Part::from_body(std::move(*found));
}

template <typename Part>
void write_part(json& body, const char* name, const std::optional<Result<Part>>& part) {
  if (!part) return;
  body[name] = *part ? (*part)->to_body() : json{{"error", problem_to_body(part->error())}};
}

}  // namespace

Result<RegisterResponse> RegisterResponse::from_body(const json& body) {
  MemberReader in(body);
  RegisterResponse response;
  response.header = in.header();
  response.protocol = in.number("protocol");
  response.node_id = in.node("node_id");
  response.clock = in.clock("clock");
  response.lsn = in.number_or("lsn", 0);
  response.oldest_lsn = in.number_or("oldest_lsn", 0);
  response.lease_s = in.number_or("lease_s", 0);
  response.session = in.text_or("session", "");
  response.stable = in.stable("stable");
  response.newcomer = in.boolean_or("newcomer", false);
  if (const json* given_up = in.find("given_up"); given_up != nullptr) {
    if (!given_up->is_array()) return wrong_member("given_up", "a list of UUIDs");
    for (const json& each : *given_up) {
      const bool text = each.is_string();
      const Result<NodeId> node = NodeId::parse(text ? each.get_ref<const std::string&>() : "");
      if (!node) return wrong_member("given_up", "a list of UUIDs");
      response.given_up.push_back(*node);
    }
  }
  const json none = json::object();
  const json* settings = in.find("settings");
  MemberReader chosen(settings != nullptr ? *settings : none);
  response.max_clock_drift_ms =
      chosen.number_or("max_clock_drift_ms", limits::default_max_clock_drift_ms);
  if (const json* retention = chosen.find("retention")) {
    MemberReader most(*retention);
    response.retention = {most.number_or("max_age_s", 0), most.number_or("max_bytes", 0),
                          most.number_or("max_changes", 0)};
    if (!most.ok()) in.refuse("retention", "{max_age_s, max_bytes, max_changes}");
  }
  if (const NodeId home = chosen.node_or_nil("home"); !home.is_nil()) response.home = home;
  if (const json* policies = chosen.find("policies")) {
    MemberReader policy(*policies);
    response.policies.default_policy = policy.text_or("default", "lww");
    response.policies.tables = policy.text_map("tables");
    if (!policy.ok()) in.refuse("policies", "{default, tables}");
  }
  const json* limits_found = in.find("limits");
  MemberReader limit(limits_found != nullptr ? *limits_found : none);
  response.max_batch_changes =
      limit.number_or("max_batch_changes", limits::default_max_batch_changes);
  response.max_body_bytes = limit.number_or("max_body_bytes", limits::default_max_body_bytes);
  response.max_change_bytes = limit.number_or("max_change_bytes", limits::default_max_change_bytes);
  if (!chosen.ok() || !limit.ok()) in.refuse("settings", "objects of settings and limits");
  return in.result(std::move(response));
}

json RegisterResponse::to_body() const {
  json body{
      {"protocol", protocol},
      {"node_id", node_id.to_string()},
      {"clock", clock_to_body(clock)},
      {"lsn", lsn},
      {"oldest_lsn", oldest_lsn},
      {"lease_s", lease_s},
      {"session", session},
      {"stable", stable_to_body(stable)},
      {"settings",
       {{"version", header.settings_version},
        {"home", nullptr},
        {"policies", policies_to_body(policies)},
        {"max_clock_drift_ms", max_clock_drift_ms}}},
      {"limits",
       {{"max_batch_changes", max_batch_changes},
        {"max_body_bytes", max_body_bytes},
        {"max_change_bytes", max_change_bytes}}},
  };
  if (home) body["settings"]["home"] = home->to_string();
  if (!retention.keeps_all()) {
    body["settings"]["retention"] = {{"max_age_s", retention.max_age_s},
                                     {"max_bytes", retention.max_bytes},
                                     {"max_changes", retention.max_changes}};
  }
  if (newcomer) body["newcomer"] = true;
  for (const NodeId& node : given_up) body["given_up"].push_back(node.to_string());
  header_to_body(body, header);
  return body;
}

Result<PushResponse> PushResponse::from_body(const json& body) {
  MemberReader in(body);
  PushResponse response;
  response.header = in.header();
  response.received = in.number("received");
  response.applied = in.number_or("applied", 0);
  response.superseded = in.number_or("superseded", 0);
  response.duplicates = in.number_or("duplicates", 0);
  response.convergent = in.number_or("convergent", 0);
  response.conflicts = read_list<ConflictSummary>(in, "conflicts", summary_from_body);
  response.rejected = read_list<Rejection>(in, "rejected", rejection_from_body);
  response.acked = in.clock("acked").clock();
  response.lsn = in.number_or("lsn", 0);
  return in.result(std::move(response));
}

json PushResponse::to_body() const {
  json body{{"received", received},
            {"applied", applied},
            {"superseded", superseded},
            {"duplicates", duplicates},
            {"convergent", convergent},
            {"conflicts", json::array()},
            {"rejected", json::array()},
            {"acked", clock_to_body(WireClock(acked))},
            {"lsn", lsn}};
  header_to_body(body, header);
  for (const ConflictSummary& conflict : conflicts) {
    body["conflicts"].push_back(summary_to_body(conflict));
  }
  for (const Rejection& rejection : rejected) {
    body["rejected"].push_back(rejection_to_body(rejection));
  }
  return body;
}

Result<PullResponse> PullResponse::from_body(json&& body) {
  MemberReader in(body);
  PullResponse response;
  response.header = in.header();
  response.changes = in.changes("changes");
  response.cursor = in.text("cursor");
  response.has_more = in.boolean_or("has_more", false);
  response.covers = in.clock("covers").clock();
  response.lsn = in.number_or("lsn", 0);
  return in.result(std::move(response));
}

json PullResponse::to_body() const {
  json body{{"cursor", cursor},
            {"has_more", has_more},
            {"covers", clock_to_body(WireClock(covers))},
            {"lsn", lsn}};
  header_to_body(body, header);
  changes_to_body(body, "changes", changes);
  return body;
}

Result<HeartbeatResponse> HeartbeatResponse::from_body(const json& body) {
  MemberReader in(body);
  HeartbeatResponse response;
  response.header = in.header();
  response.lsn = in.number_or("lsn", 0);
  if (const json* lag = in.find("lag")) {
    MemberReader inner(*lag);
    response.lag_changes = inner.number_or("changes", 0);
    response.lag_bytes = inner.number_or("bytes", 0);
    if (!inner.ok()) in.refuse("lag", "{changes, bytes}");
  }
  response.stable = in.stable("stable");
  return in.result(std::move(response));
}

json HeartbeatResponse::to_body() const {
  json body{{"lsn", lsn},
            {"lag", {{"changes", lag_changes}, {"bytes", lag_bytes}}},
            {"stable", stable_to_body(stable)}};
  header_to_body(body, header);
  return body;
}

Result<ExchangeResponse> ExchangeResponse::from_body(json&& body) {
  MemberReader in(body);
  ExchangeResponse response;
  response.header = in.header();
  if (!in.ok()) return in.result(std::move(response));
  response.registration = read_part<RegisterResponse>(body, "register");
  response.push = read_part<PushResponse>(body, "push");
  response.heartbeat = read_part<HeartbeatResponse>(body, "heartbeat");
  response.pull = read_part<PullResponse>(body, "pull");
  return response;
}

json ExchangeResponse::to_body() const {
  json body = json::object();
  header_to_body(body, header);
  write_part(body, "register", registration);
  write_part(body, "push", push);
  write_part(body, "heartbeat", heartbeat);
  write_part(body, "pull", pull);
  return body;
}

Result<SnapshotResponse> SnapshotResponse::from_body(json&& body) {
  MemberReader in(body);
  SnapshotResponse response;
  response.header = in.header();
  response.giver = in.node_or_nil("node_id");
  response.rows = in.changes("rows");
  response.history = in.changes("history");
  response.markers = in.changes("markers");
  for (const ChangeList* list : {&response.rows, &response.history, &response.markers}) {
    if (list->lsns.size() != list->records.size()) in.refuse("rows", "changes with their LSNs");
  }
  response.next_page = in.text_or("next_page", "");
  response.clock = in.clock("clock");
  response.lsn = in.number_or("lsn", 0);
  response.stable = in.stable("stable");
  response.cursor = in.text("cursor");
  return in.result(std::move(response));
}

json SnapshotResponse::to_body(BodyFormat format, JsonPayload payload) const {
  json body{{"node_id", giver.to_string()},
            {"conflicts", json::array()},
            {"next_page", nullptr},
            {"clock", clock_to_body(clock)},
            {"lsn", lsn},
            {"stable", stable_to_body(stable)},
            {"cursor", cursor}};
  header_to_body(body, header);
  changes_to_body(body, "rows", rows);
  changes_to_body(body, "history", history);
  changes_to_body(body, "markers", markers);
  for (const ConflictReport& report : conflicts) {
    body["conflicts"].push_back(report_to_body(report, format, payload));
  }
  if (!next_page.empty()) body["next_page"] = next_page;
  return body;
}

Result<UploadResponse> UploadResponse::from_body(const json& body) {
  MemberReader in(body);
  UploadResponse response;
  response.header = in.header();
  response.complete = in.boolean_or("complete", false);
  return in.result(std::move(response));
}

json UploadResponse::to_body() const {
  json body{{"complete", complete}};
  header_to_body(body, header);
  return body;
}

}  // namespace syncline
