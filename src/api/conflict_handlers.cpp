// Reading conflicts: lists with filters, one, counts.
#include <algorithm>
#include <array>
#include <limits>

#include "api/handlers.hpp"
#include "api/media.hpp"
#include "sync/report_json.hpp"

namespace syncline::api {

namespace {

constexpr std::uint64_t default_page_conflicts = 100;
/// A report carries three payloads, so a page of them is shorter than one of changes.
constexpr std::uint64_t max_page_conflicts = 1000;

Result<void> read_status(Query& query, ConflictQuery& wanted) {
  const auto given = query.text("status");
  if (!given) return given.error();
  if (!*given || **given == "all") return {};
  const auto status = conflict_status_from_string(**given);
  if (!status) return bad_parameter("status", **given, "open, resolved, convergent or all");
  wanted.status = *status;
  return {};
}

Result<void> read_kind(Query& query, ConflictQuery& wanted) {
  const auto given = query.text("kind");
  if (!given) return given.error();
  if (!*given) return {};
  const auto kind = conflict_kind_from_string(**given);
  if (!kind) return Error(kind.error()).with("parameter", "kind");
  wanted.kind = *kind;
  return {};
}

Result<void> read_winner(Query& query, ConflictQuery& wanted) {
  const auto given = query.text("winner");
  if (!given) return given.error();
  if (!*given) return {};
  constexpr std::array winners{ConflictWinner::none, ConflictWinner::local, ConflictWinner::remote,
                               ConflictWinner::merged};
  const auto found = std::find_if(winners.begin(), winners.end(), [&](ConflictWinner winner) {
    return to_string(winner) == **given;
  });
  if (found == winners.end()) {
    return bad_parameter("winner", **given, "local, remote, merged or none");
  }
  wanted.winner = *found;
  return {};
}

Result<void> read_place(Query& query, ConflictQuery& wanted) {
  auto table = query.text("table");
  if (!table) return table.error();
  auto row_id = query.text("row_id");
  if (!row_id) return row_id.error();
  wanted.table = table->value_or("");
  wanted.row_id = row_id->value_or("");
  const auto since = query.text("since");
  if (!since) return since.error();
  if (*since) {
    const auto time = parse_rfc3339(**since);
    if (!time) return bad_parameter("since", **since, "a time such as 2026-11-20T12:00:00Z");
    wanted.since_us = *time;
  }
  return {};
}

}  // namespace

HandlerResult list_conflicts(Services&, Call& call) {
  ConflictQuery wanted;
  for (const auto read : {read_status, read_kind, read_winner, read_place}) {
    if (const auto done = read(call.query, wanted); !done) return done.error();
  }
  const auto limit = call.query.number("limit", default_page_conflicts, 1, max_page_conflicts);
  if (!limit) return limit.error();
  wanted.limit = *limit;
  const auto page =
      call.query.number("page", 0, 0, std::numeric_limits<decltype(wanted.after)>::max());
  if (!page) return page.error();
  wanted.after = *page;
  const auto payload = call.query.payload();
  if (!payload) return payload.error();
  if (const auto known = call.query.finish(); !known) return known.error();

  wanted.max_bytes = call.replica().max_body_bytes();
  const ConflictPage found = call.replica().conflicts(wanted);
  nlohmann::json body = nlohmann::json::object();
  nlohmann::json& conflicts = body["conflicts"] = nlohmann::json::array();
  for (const ConflictReport& report : found.conflicts) {
    conflicts.push_back(report_to_body(report, call.format, *payload));
  }
  body["next_page"] = nullptr;
  if (found.next) body["next_page"] = std::to_string(*found.next);
  return Reply(body_response(body, call.format, *payload));
}

HandlerResult get_conflict(Services&, Call& call) {
  const auto payload = call.query.payload();
  if (!payload) return payload.error();
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto id = conflict_id_from_string(call.parameters[0]);
  if (!id) return id.error();
  const auto report = call.replica().conflict(*id);
  if (!report) return report.error();
  return Reply(
      body_response(report_to_body(*report, call.format, *payload), call.format, *payload));
}

HandlerResult conflict_stats(Services&, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const ConflictStatistics counted = call.replica().conflict_statistics();
  nlohmann::json body = nlohmann::json::object();
  body["total"] = counted.total;
  body["by_kind"] = counted.by_kind;
  body["by_status"] = counted.by_status;
  body["by_winner"] = counted.by_winner;
  body["by_table"] = counted.by_table;
  body["by_policy"] = counted.by_policy;
  body["by_hour"] = counted.by_hour;
  body["not_kept"] = counted.not_kept;
  return Reply(body_response(body, call.format));
}

}  // namespace syncline::api
