#include "api/write_reply.hpp"

#include "api/change_page.hpp"
#include "api/media.hpp"
#include "api/problem.hpp"
#include "api/row_body.hpp"

namespace syncline::api {

HttpResponse write_problem(const Call& call, const Error& error, std::string_view table,
                           std::string_view row_id) {
  const bool precondition = error.code == ErrorCode::precondition_failed;
  const bool open = error.code == ErrorCode::conflict_open;
  if (!precondition && !open && error.code != ErrorCode::row_not_found) {
    return problem_response(error);
  }
  const Row row = call.replica().get(table, row_id);
  const RowToken token = Replica::token_of(row);
  nlohmann::json members = nlohmann::json::object();
  members["token"] = token;
  if (precondition) {
    members["row"] = nullptr;
    if (row.winner) members["row"] = row_to_body(row, BodyFormat::json, JsonPayload::text);
  }
  if (open) {
    nlohmann::json& heads = members["heads"] = nlohmann::json::array();
    for (const ChangeView& head : row.siblings) heads.push_back(record_node(head.record));
  }
  HttpResponse response = problem_response(error, members);
  response.headers["ETag"] = entity_tag(token);
  return response;
}

HttpResponse written_change(const Call& call, const WriteResult& written, JsonPayload payload) {
  const LogReader reader = call.replica().log();
  const LogEntry entry = reader.at(written.lsn);
  const bool inserted = written.operation == Operation::insert;
  HttpResponse response =
      text_response(write_change(entry, call.format, payload), call.format, inserted ? 201 : 200);
  // The write saw all heads, so it is the only one: this token is the row's, until the next write.
  const Row row{reader, entry.change, entry.lsn, {}};
  response.headers["ETag"] = entity_tag(Replica::token_of(row));
  return response;
}

HandlerResult once(Services& services, const Call& call,
                   const std::function<HttpResponse()>& work) {
  auto response = services.idempotency.once(call.tenant, call.request, work);
  if (!response) return response.error();
  return Reply(std::move(*response));
}

}  // namespace syncline::api
