// Settling a conflict.
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/problem.hpp"
#include "api/row_body.hpp"
#include "api/write_reply.hpp"
#include "sync/report_json.hpp"

namespace syncline::api {

namespace {

constexpr std::string_view ways =
    "The body has one of \"pick\": \"local\", \"remote\" or {\"origin\", \"seq\"}, \"data\", "
    "\"delete\": true.";

Error unclear() { return Error(ErrorCode::bad_request, std::string(ways)); }

/// A settlement that owns its payload.
struct GivenSettlement {
  Settlement settlement;
  GivenPayload data;
};

Result<void> read_pick(const nlohmann::json& pick, Settlement& settlement) {
  if (pick == "local") {
    settlement.how = Settlement::How::pick_local;
  } else if (pick == "remote") {
    settlement.how = Settlement::How::pick_remote;
  } else if (pick.is_object()) {
    const auto dot = dot_from_body(pick, "pick");
    if (!dot) return dot.error();
    settlement.how = Settlement::How::pick_dot;
    settlement.dot = *dot;
  } else {
    return unclear();
  }
  return {};
}

Result<GivenSettlement> read_settlement(const nlohmann::json& body) {
  GivenSettlement given;
  Settlement& settlement = given.settlement;
  auto data = read_payload(body);
  if (!data) return data.error();
  given.data = std::move(*data);
  const auto pick = body.find("pick");
  const auto erase = body.find("delete");
  const bool picks = pick != body.end() && !pick->is_null();
  const bool erases = erase != body.end() && *erase == true;
  if (picks + erases + given.data.given != 1) return unclear();
  if (picks) {
    if (const auto read = read_pick(*pick, settlement); !read) return read.error();
  }
  if (erases) settlement.how = Settlement::How::erase;
  if (given.data.given) settlement.how = Settlement::How::data;
  auto note = read_text(body, "note");
  if (!note) return note.error();
  settlement.note = std::move(*note);
  auto actor = read_text(body, "actor");
  if (!actor) return actor.error();
  settlement.actor = std::move(*actor);
  return given;
}

HttpResponse settle(const Call& call, const ConflictId& id, const GivenSettlement& given) {
  Settlement settlement = given.settlement;
  settlement.payload = given.data.payload();
  Replica& replica = call.replica();
  const auto written = replica.resolve(id, settlement);
  const auto report = replica.conflict(id);
  if (!written) {
    if (written.error().code != ErrorCode::conflict_resolved || !report) {
      return problem_response(written.error());
    }
    nlohmann::json members = nlohmann::json::object();
    members["report"] = report_to_body(*report, BodyFormat::json);
    return problem_response(written.error(), members);
  }
  const LogReader reader = replica.log();
  nlohmann::json body = nlohmann::json::object();
  body["change"] = record_node(reader.at(written->lsn).change.record);
  body["lsn"] = written->lsn;
  if (report) body["conflict"] = report_to_body(*report, call.format);
  return body_response(body, call.format);
}

}  // namespace

HandlerResult resolve_conflict(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto id = conflict_id_from_string(call.parameters[0]);
  if (!id) return id.error();
  const auto body = read_object(call.request);
  if (!body) return body.error();
  const auto given = read_settlement(*body);
  if (!given) return given.error();
  return once(services, call, [&] { return settle(call, *id, *given); });
}

}  // namespace syncline::api
