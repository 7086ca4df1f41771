// Several writes, all or none.
#include <vector>

#include "api/change_page.hpp"
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/problem.hpp"
#include "api/row_body.hpp"
#include "api/write_reply.hpp"

namespace syncline::api {

namespace {

/// One write as it was asked for; owns what a `Write` points to.
struct RequestedWrite {
  WriteKind kind = WriteKind::put;
  std::string table;
  std::string row_id;
  std::optional<std::string> if_match;
  GivenPayload data;
};

Result<WriteKind> kind_from_string(const std::string& name) {
  if (name == "insert") return WriteKind::insert;
  if (name == "update") return WriteKind::update;
  if (name == "delete") return WriteKind::erase;
  if (name == "put") return WriteKind::put;
  return Error(ErrorCode::bad_request,
               "The operation is \"" + name + "\"; right is insert, update, delete or put.")
      .with("member", "operation");
}

Result<RequestedWrite> read_write(const nlohmann::json& object) {
  if (!object.is_object()) return Error(ErrorCode::bad_request, "A change has to be an object.");
  RequestedWrite write;
  const auto operation = read_text(object, "operation");
  if (!operation) return operation.error();
  const auto kind = kind_from_string(*operation);
  if (!kind) return kind.error();
  write.kind = *kind;
  for (const auto& [name, target] :
       {std::pair<const char*, std::string*>{"table", &write.table}, {"row_id", &write.row_id}}) {
    auto text = read_text(object, name);
    if (!text) return text.error();
    *target = std::move(*text);
  }
  auto if_match = read_text(object, "if_match");
  if (!if_match) return if_match.error();
  if (const auto found = object.find("if_match"); found != object.end() && !found->is_null()) {
    write.if_match = std::move(*if_match);
  }
  auto data = read_payload(object);
  if (!data) return data.error();
  write.data = std::move(*data);
  return write;
}

Result<std::vector<RequestedWrite>> read_writes(const nlohmann::json& body) {
  const auto changes = body.find("changes");
  if (changes == body.end() || !changes->is_array() || changes->empty()) {
    return Error(ErrorCode::bad_request, "The member \"changes\" has to be a list of writes.")
        .with("member", "changes");
  }
  std::vector<RequestedWrite> writes;
  writes.reserve(changes->size());
  for (const nlohmann::json& change : *changes) {
    auto write = read_write(change);
    if (!write) return Error(write.error()).with("index", writes.size());
    writes.push_back(std::move(*write));
  }
  return writes;
}

HttpResponse write_all(const Call& call, const std::vector<RequestedWrite>& requested,
                       JsonPayload style) {
  std::vector<Write> writes;
  writes.reserve(requested.size());
  for (const RequestedWrite& write : requested) {
    writes.push_back({.kind = write.kind,
                      .table = write.table,
                      .row_id = write.row_id,
                      .payload = write.data.payload(),
                      .options = {.if_match = write.if_match, .metadata = nullptr}});
  }
  const auto written = call.replica().transaction(writes);
  if (!written) {
    const std::size_t index = written.error().number("index");
    if (index >= requested.size()) return problem_response(written.error());
    return write_problem(call, written.error(), requested[index].table, requested[index].row_id);
  }
  const LogReader reader = call.replica().log();
  std::vector<LogEntry> entries;
  entries.reserve(written->size());
  for (const WriteResult& result : *written) entries.push_back(reader.at(result.lsn));
  nlohmann::json members = nlohmann::json::object();
  members["lsn"] = entries.back().lsn;
  return text_response(
      write_change_page(call.replica(), reader, entries, {}, members, call.format, style),
      call.format);
}

}  // namespace

HandlerResult post_transaction(Services& services, Call& call) {
  const auto style = call.query.payload();
  if (!style) return style.error();
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto body = read_object(call.request);
  if (!body) return body.error();
  const auto writes = read_writes(*body);
  if (!writes) return writes.error();
  return once(services, call, [&] { return write_all(call, *writes, *style); });
}

}  // namespace syncline::api
