// Reading rows: one, many, and what a row was before.
#include <algorithm>

#include "api/change_page.hpp"
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/problem.hpp"
#include "api/row_body.hpp"

namespace syncline::api {

namespace {

constexpr std::uint64_t default_page_rows = 1000;
constexpr std::uint64_t default_page_history = 100;

Result<bool> read_flag(Query& query, std::string_view name) {
  const auto given = query.text(name);
  if (!given) return given.error();
  if (!*given || **given == "false") return false;
  if (**given == "true") return true;
  return bad_parameter(name, **given, "true or false");
}

}  // namespace

HandlerResult get_row(Services&, Call& call) {
  const auto payload = call.query.payload();
  if (!payload) return payload.error();
  if (const auto known = call.query.finish(); !known) return known.error();
  const std::string& table = call.parameters[0];
  const std::string& row_id = call.parameters[1];
  const Row row = call.replica().get(table, row_id);
  const RowToken token = Replica::token_of(row);
  HttpResponse response;
  if (const auto known = read_tags(call.request, "If-None-Match");
      row.exists() && (known.any || known.names(token))) {
    response.status = 304;
  } else if (row.exists()) {
    response = body_response(row_to_body(row, call.format, *payload), call.format, *payload);
  } else {
    const bool deleted = row.winner.has_value();
    response = problem_response(
        Error(ErrorCode::row_not_found, "There is no row \"" + row_id + "\" in \"" + table + "\"" +
                                            (deleted ? "; it was deleted." : "."))
            .with("token", token));
  }
  response.headers["ETag"] = entity_tag(token);
  return Reply(std::move(response));
}

HandlerResult list_rows(Services&, Call& call) {
  ScanOptions options;
  // `page` is what every list is paged by; here it is the last row's id, which one may also know.
  const auto page = call.query.text("page");
  if (!page) return page.error();
  const auto after = call.query.text("after");
  if (!after) return after.error();
  options.after = page->value_or(after->value_or(""));
  const std::uint64_t most = call.replica().max_batch_changes();
  const auto limit = call.query.number("limit", std::min(default_page_rows, most), 1, most);
  if (!limit) return limit.error();
  options.limit = *limit;
  const auto include_deleted = read_flag(call.query, "include_deleted");
  if (!include_deleted) return include_deleted.error();
  options.include_deleted = *include_deleted;
  const auto payload = call.query.payload();
  if (!payload) return payload.error();
  if (const auto known = call.query.finish(); !known) return known.error();

  const RowPage found = call.replica().scan(call.parameters[0], options);
  nlohmann::json body = nlohmann::json::object();
  nlohmann::json& rows = body["rows"] = nlohmann::json::array();
  body["next_page"] = nullptr;
  if (found.next) body["next_page"] = *found.next;
  std::size_t bytes = 0;
  for (const Row& row : found.rows) {
    bytes += row.winner->record.size();
    if (bytes > call.replica().max_body_bytes() && !rows.empty()) {
      body["next_page"] = rows.back()["row_id"];
      break;
    }
    rows.push_back(row_to_body(row, call.format, *payload));
  }
  return Reply(body_response(body, call.format, *payload));
}

HandlerResult list_history(Services&, Call& call) {
  const std::uint64_t most = call.replica().max_batch_changes();
  const auto limit = call.query.number("limit", std::min(default_page_history, most), 1, most);
  if (!limit) return limit.error();
  const auto before = call.query.number("page", 0, 1, std::numeric_limits<Lsn>::max());
  if (!before) return before.error();
  const auto payload = call.query.payload();
  if (!payload) return payload.error();
  if (const auto known = call.query.finish(); !known) return known.error();

  const LogReader reader = call.replica().log();
  const auto entries =
      call.replica().history(reader, call.parameters[0], call.parameters[1], *limit, *before);
  nlohmann::json members = nlohmann::json::object();
  members["next_page"] = nullptr;
  if (entries.size() == *limit) members["next_page"] = std::to_string(entries.back().lsn);
  return Reply(text_response(
      write_change_page(call.replica(), reader, entries, {}, members, call.format, *payload),
      call.format));
}

}  // namespace syncline::api
