#include "app/conflict_view.hpp"

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

std::string dot_of(const nlohmann::json& change) {
  return short_id(text_of(change, "origin")) + ':' + text_of(change, "seq");
}

std::string tip_line(std::string_view report_text, const nlohmann::json& report,
                     std::string_view side) {
  const nlohmann::json& change = member_of(report, side);
  const auto change_text = member_text(report_text, side);
  return text_of(change, "operation") + " by " + dot_of(change) + " at " +
         short_time(text_of(change, "hlc")) + "  " + payload_line(change_text.value_or("{}"));
}

}  // namespace

Table make_conflict_table() {
  return Table({{.title = "id", .may_shrink = false},
                {.title = "kind", .may_shrink = false},
                {.title = "status", .may_shrink = false},
                {.title = "row"},
                {.title = "winner", .may_shrink = false},
                {.title = "why"}});
}

void add_conflict(Table& table, std::string_view report_text) {
  const auto report = parse_json(report_text);
  table.add({text_of(report, "id"), text_of(report, "kind"), text_of(report, "status"),
             row_name(report), text_of(report, "winner"), text_of(report, "reason")});
}

std::string conflict_text(std::string_view report_text, std::size_t max_width) {
  const auto report = parse_json(report_text);
  Table table({{.title = "conflict", .may_shrink = false}, {.title = text_of(report, "id")}});
  table.add({"kind", text_of(report, "kind")});
  table.add({"status", text_of(report, "status") + " under policy " + text_of(report, "policy")});
  table.add({"row", row_name(report)});
  table.add({"base", std::string(member_text(report_text, "base").value_or(""))});
  table.add({"local", tip_line(report_text, report, "local")});
  table.add({"remote", tip_line(report_text, report, "remote")});
  const std::string winner = text_of(report, "winner");
  table.add({"winner", winner.empty() ? "none yet"
                                      : winner + ", " + dot_of(member_of(report, "winner_dot"))});
  table.add({"why", text_of(report, "reason")});
  table.add({"found", short_time(text_of(report, "detected_at"))});
  if (text_of(report, "skewed") == "true") {
    table.add(
        {"clocks", "a time and its arrival lie further apart than allowed: a clock was wrong"});
  }
  if (const auto settled = text_of(report, "resolved_at"); !settled.empty()) {
    const std::string by = text_of(report, "resolved_by");
    table.add({"settled", short_time(settled) + (by.empty() ? "" : " by " + by)});
  }
  return table.to_text(max_width);
}

}  // namespace syncline::app
