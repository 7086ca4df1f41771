// Writing one row: PUT and DELETE with their conditions.
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/row_body.hpp"
#include "api/write_reply.hpp"

namespace syncline::api {

namespace {

/// The body as it is, in the format that Content-Type names.
Result<Payload> raw_payload(const HttpRequest& request) {
  if (const auto plain = check_content_encoding(request); !plain) return plain.error();
  const std::string type = content_type(request);
  if (type == "application/json") return Payload::json(request.body);
  if (type == "application/msgpack" || type == "application/x-msgpack" ||
      type == "application/vnd.msgpack") {
    return Payload::msgpack(request.body);
  }
  if (type == "application/octet-stream") return Payload::raw(request.body);
  return Error(ErrorCode::unsupported_media_type, "A row cannot be of the type \"" + type + "\".")
      .with("supported", "application/json")
      .with("supported", "application/msgpack")
      .with("supported", "application/octet-stream");
}

Error row_is_absent() {
  return Error(ErrorCode::precondition_failed, "The header If-Match wants the row to be there.");
}

/// The conditions of one write.
struct Conditions {
  WriteKind kind;
  std::optional<std::string> if_match;
};

/// `kind` is what an unconditional write would be.
/// Errors: `bad_request`; `precondition_failed` if no strong tag is the row's.
Result<Conditions> read_conditions(const Call& call, WriteKind kind) {
  Conditions conditions{kind, std::nullopt};
  const auto match = read_tags(call.request, "If-Match");
  const auto none_match = read_tags(call.request, "If-None-Match");
  if (none_match.given && (!none_match.any || match.given || kind == WriteKind::erase)) {
    return Error(ErrorCode::bad_request,
                 "The header If-None-Match goes with PUT, is \"*\" and excludes If-Match.");
  }
  if (none_match.any) conditions.kind = WriteKind::insert;
  if (match.any && kind == WriteKind::put) conditions.kind = WriteKind::update;
  if (match.given && !match.any) {
    // Of several tags the present one counts; whether it still is, the write itself checks.
    const RowToken present = call.replica().token(call.parameters[0], call.parameters[1]);
    if (!match.names_strongly(present)) {
      return Error(ErrorCode::precondition_failed,
                   "The header If-Match does not name the row's tag.");
    }
    conditions.if_match = present;
  }
  return conditions;
}

HttpResponse refused(const Call& call, const Error& error) {
  return write_problem(call, error, call.parameters[0], call.parameters[1]);
}

HttpResponse write_row(const Call& call, const Conditions& conditions, Payload payload,
                       JsonPayload style) {
  const std::string& table = call.parameters[0];
  const std::string& row_id = call.parameters[1];
  WriteOptions options;
  options.if_match = conditions.if_match;
  Replica& replica = call.replica();
  const auto written = [&] {
    switch (conditions.kind) {
      case WriteKind::insert:
        return replica.insert(table, row_id, payload, options);
      case WriteKind::update:
        return replica.update(table, row_id, payload, options);
      case WriteKind::erase:
        return replica.erase(table, row_id, options);
      case WriteKind::put:
        break;
    }
    return replica.put(table, row_id, payload, options);
  }();
  if (written) return written_change(call, *written, style);
  const bool wanted_there =
      conditions.kind == WriteKind::update ||
      (conditions.kind == WriteKind::erase && !header(call.request, "If-Match").empty());
  if (written.error().code == ErrorCode::row_not_found && wanted_there) {
    return refused(call, row_is_absent());
  }
  return refused(call, written.error());
}

}  // namespace

HandlerResult put_row(Services& services, Call& call) {
  const auto style = call.query.payload();
  if (!style) return style.error();
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto payload = raw_payload(call.request);
  if (!payload) return payload.error();
  return once(services, call, [&] {
    const auto conditions = read_conditions(call, WriteKind::put);
    if (!conditions) return refused(call, conditions.error());
    return write_row(call, *conditions, *payload, *style);
  });
}

HandlerResult delete_row(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  return once(services, call, [&] {
    const auto conditions = read_conditions(call, WriteKind::erase);
    if (!conditions) return refused(call, conditions.error());
    return write_row(call, *conditions, Payload::none(), JsonPayload::text);
  });
}

}  // namespace syncline::api
