#include "sync/report_json.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sync/members.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

using nlohmann::json;

json time_to_body(std::uint64_t us) { return format_rfc3339(us); }

/// An error has one member of this name for each thing that would be right; a problem has one list.
constexpr std::string_view list_member = "supported";

/// An error's member of this name is a number, which stands for yes unless it is 0.
constexpr std::string_view flag_member = "expired";

void set_members(json& body, const Error& error) {
  for (const ErrorMember& member : error.members) {
    if (member.name == flag_member) {
      body[member.name] = error.number(flag_member) != 0;
      continue;
    }
    const bool listed = member.name == list_member;
    std::visit(
        [&](const auto& value) {
          if (listed) {
            body[member.name].push_back(value);
          } else {
            body[member.name] = value;
          }
        },
        member.value);
  }
}

void read_member(Error& error, const std::string& name, const json& value) {
  if (value.is_boolean()) {
    error.members.push_back({name, std::uint64_t{value.get<bool>() ? 1U : 0U}});
  } else if (value.is_number_unsigned()) {
    error.members.push_back({name, value.get<std::uint64_t>()});
  } else if (value.is_string()) {
    error.members.push_back({name, value.get<std::string>()});
  }
}

/// The members that are not part of the object's own form.
void read_members(Error& error, const json& body, std::span<const std::string_view> own) {
  for (const auto& [name, value] : body.items()) {
    if (std::find(own.begin(), own.end(), name) != own.end()) continue;
    if (name == list_member && value.is_array()) {
      for (const json& element : value) read_member(error, name, element);
    } else {
      read_member(error, name, value);
    }
  }
}

json tip_to_body(const Change& tip, Lsn lsn, std::uint64_t received_us, BodyFormat format,
                 JsonPayload payload) {
  const std::string record = encode_record(tip);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(record.data());
  if (format == BodyFormat::msgpack) return record_node({bytes, record.size()});
  ChangeExtras extras;
  if (lsn != 0) extras.lsn = lsn;
  if (received_us != 0) extras.received_at_us = received_us;
  return json_text_node(change_to_json(view_trusted_record(bytes), extras, payload));
}

json parting_to_body(const PartingChange& parting) {
  json body = dot_to_body(parting.dot);
  body["context"] = clock_to_body(WireClock(parting.context));
  body["stable"] = parting.stable;
  return body;
}

}  // namespace

unsigned http_status(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::bad_request:
    case ErrorCode::invalid_change:
      return 400;
    case ErrorCode::unauthorized:
      return 401;
    case ErrorCode::forbidden:
    case ErrorCode::change_log_disabled:
      return 403;
    case ErrorCode::tenant_not_found:
    case ErrorCode::row_not_found:
    case ErrorCode::conflict_not_found:
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::method_not_allowed:
      return 405;
    case ErrorCode::protocol_unsupported:
      return 406;
    case ErrorCode::tenant_exists:
    case ErrorCode::sequence_gap:
    case ErrorCode::depends:
    case ErrorCode::dot_mismatch:
    case ErrorCode::replica_rewound:
    case ErrorCode::conflict_open:
    case ErrorCode::conflict_resolved:
      return 409;
    case ErrorCode::cursor_trimmed:
    case ErrorCode::log_reset:
    case ErrorCode::peer_stale:
      return 410;
    case ErrorCode::precondition_failed:
      return 412;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::unsupported_media_type:
      return 415;
    case ErrorCode::clock_drift:
      return 422;
    case ErrorCode::rate_limited:
      return 429;
    case ErrorCode::internal:
      return 500;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::quota_exceeded:
      return 507;
  }
  return 500;
}

json problem_to_body(const Error& error) {
  const std::string code(to_string(error.code));
  std::string title = code;
  std::replace(title.begin(), title.end(), '_', ' ');
  json body = json::object();
  set_members(body, error);
  body["type"] = "urn:syncline:error:" + code;
  body["title"] = std::move(title);
  body["status"] = http_status(error.code);
  body["detail"] = error.detail;
  body["code"] = code;
  // Where the data lie is nobody's business on the other side of the wire.
  if (const std::string disk = error.text("disk"); !disk.empty()) {
    body["detail"] = "the data cannot be stored now (" + disk + "); what was stored can be read";
  }
  return body;
}

Error error_from_problem(const json& body) {
  MemberReader in(body);
  Error error;
  error.code = error_code_from_string(in.text("code"));
  error.detail = in.text_or("detail", "");
  if (!in.ok()) return Error{ErrorCode::internal, "the answer is neither a result nor a problem"};
  if (error.detail.empty()) error.detail = "no reason was given";
  constexpr std::array<std::string_view, 5> own{"type", "title", "status", "detail", "code"};
  read_members(error, body, own);
  return error;
}

json report_to_body(const ConflictReport& report, BodyFormat format, JsonPayload payload) {
  json body{
      {"id", to_string(report.id)},
      {"kind", to_string(report.kind)},
      {"status", to_string(report.status)},
      {"table", report.table},
      {"row_id", report.row_id},
      {"local",
       tip_to_body(report.local, report.local_lsn, report.local_received_us, format, payload)},
      {"remote",
       tip_to_body(report.remote, report.remote_lsn, report.remote_received_us, format, payload)},
      {"parted",
       {{"local", parting_to_body(report.parted_local)},
        {"remote", parting_to_body(report.parted_remote)}}},
      {"base", nullptr},
      {"detected_at", time_to_body(report.detected_at_us)},
      {"policy", report.policy},
      {"winner", nullptr},
      {"winner_dot", nullptr},
      {"reason", report.reason},
      {"skewed", report.skewed},
      {"resolved_at", nullptr},
      {"resolved_by", nullptr},
      {"resolution", nullptr},
  };
  const Payload base = report.base();
  if (base.format == PayloadFormat::json && format == BodyFormat::json &&
      payload == JsonPayload::text) {
    body["base"] = json_text_node(base.bytes);
  } else if (base.format != PayloadFormat::none) {
    json value = json::object();
    set_payload(value, base, format, payload);
    body["base"] = std::move(value);
  }
  if (report.winner != ConflictWinner::none) body["winner"] = to_string(report.winner);
  if (report.winner_dot) body["winner_dot"] = dot_to_body(*report.winner_dot);
  if (report.resolved_at_us) body["resolved_at"] = time_to_body(*report.resolved_at_us);
  if (!report.resolved_by.empty()) body["resolved_by"] = report.resolved_by;
  if (report.resolution) body["resolution"] = dot_to_body(*report.resolution);
  if (report.more_of_row != 0) body["more_of_row"] = report.more_of_row;
  return body;
}

json summary_to_body(const ConflictSummary& summary) {
  json body{{"id", to_string(summary.id)},
            {"kind", to_string(summary.kind)},
            {"status", to_string(summary.status)},
            {"table", summary.table},
            {"row_id", summary.row_id},
            {"winner_dot", nullptr}};
  if (summary.winner_dot) body["winner_dot"] = dot_to_body(*summary.winner_dot);
  return body;
}

Result<ConflictSummary> summary_from_body(const json& body) {
  MemberReader in(body);
  ConflictSummary summary;
  const Result<ConflictId> id = conflict_id_from_string(in.text("id"));
  const Result<ConflictKind> kind = conflict_kind_from_string(in.text("kind"));
  const Result<ConflictStatus> status = conflict_status_from_string(in.text("status"));
  if (!id || !kind || !status) in.refuse("conflicts", "conflicts with id, kind and status");
  summary.table = in.text("table");
  summary.row_id = in.text("row_id");
  if (const json* winner = in.find("winner_dot")) {
    const Result<Dot> dot = dot_from_body(*winner, "winner_dot");
    if (dot) summary.winner_dot = *dot;
    if (!dot) in.refuse(dot.error());
  }
  if (in.ok()) {
    summary.id = *id;
    summary.kind = *kind;
    summary.status = *status;
  }
  return in.result(std::move(summary));
}

json rejection_to_body(const Rejection& rejection) {
  json body = dot_to_body(rejection.dot);
  set_members(body, rejection.error);
  body["index"] = rejection.index;
  body["code"] = to_string(rejection.error.code);
  body["detail"] = rejection.error.detail;
  return body;
}

Result<Rejection> rejection_from_body(const json& body) {
  MemberReader in(body);
  Rejection rejection;
  rejection.index = in.number_or("index", 0);
  rejection.error.code = error_code_from_string(in.text("code"));
  rejection.error.detail = in.text_or("detail", "");
  const Result<Dot> dot = dot_from_body(body, "rejected");
  if (!dot) in.refuse(dot.error());
  if (!in.ok()) return in.result(std::move(rejection));
  rejection.dot = *dot;
  constexpr std::array<std::string_view, 5> own{"origin", "seq", "index", "code", "detail"};
  read_members(rejection.error, body, own);
  return rejection;
}

json dot_to_body(const Dot& dot) { return {{"origin", dot.origin.to_string()}, {"seq", dot.seq}}; }

Result<Dot> dot_from_body(const json& body, std::string_view member) {
  MemberReader in(body);
  const Dot dot{in.node("origin"), in.number("seq")};
  if (!in.ok() || dot.origin.is_nil() || dot.seq == 0) {
    return wrong_member(member, "{origin: UUID, seq: number from 1}");
  }
  return dot;
}

void set_payload(json& object, const Payload& payload, BodyFormat format, JsonPayload style) {
  object["data"] = nullptr;
  if (payload.format == PayloadFormat::none) return;
  const bool binary = format == BodyFormat::msgpack;
  if (!binary && payload.format == PayloadFormat::json && style == JsonPayload::text) {
    object["data"] = json_text_node(payload.bytes);
    return;
  }
  if (!binary) object.erase("data");
  object[binary ? "data" : "data_base64"] =
      json::binary({payload.bytes.begin(), payload.bytes.end()});
  object["format"] = to_string(payload.format);
}

}  // namespace syncline
