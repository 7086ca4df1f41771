#include "app/demo/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "app/table.hpp"

namespace syncline::app {
namespace {

std::string hex(std::uint64_t number) { return fmt::format("{:016x}", number); }

double milliseconds(std::uint64_t us) { return static_cast<double>(us) / 1000; }

// The name of the node that made a change, e.g. "edge A".
std::string node_of(const DemoResult& result, const std::string& dot) {
  for (const auto& [name, node] : result.nodes) {
    if (!dot.empty() && dot.starts_with(node.to_string())) return name;
  }
  return {};
}

// A reason with the names of the demo's nodes in place of their ids, which nobody can tell apart.
std::string with_names(const DemoResult& result, std::string reason) {
  for (const auto& [name, node] : result.nodes) {
    const std::string id = "node " + node.to_string();
    for (std::size_t at = 0; (at = reason.find(id, at)) != std::string::npos; at += name.size()) {
      reason.replace(at, id.size(), name);
    }
  }
  return reason;
}

Table step_table() {
  return Table({{.title = "node", .min_width = 7, .may_shrink = false},
                {.title = "step", .min_width = 38},
                {.title = "changes", .right = true, .min_width = 7, .may_shrink = false},
                {.title = "conflicts", .right = true, .min_width = 9, .may_shrink = false},
                {.title = "requests", .right = true, .min_width = 8, .may_shrink = false},
                {.title = "sent", .right = true, .min_width = 8, .may_shrink = false},
                {.title = "received", .right = true, .min_width = 8, .may_shrink = false},
                {.title = "ms", .right = true, .min_width = 8, .may_shrink = false}});
}

// Numbers that mean nothing for a step stay away.
std::string shown(std::uint64_t number) { return number == 0 ? "" : grouped(number); }

std::string slow_clock_text(const SlowClock& slow) {
  std::string text = fmt::format(
      "{}'s clock is {} minutes slow. Having heard from the cloud it dated its edits {} s ahead "
      "of\n"
      "its own clock, so it won {} of {} conflicts: those in which the other side was the "
      "earlier.\n",
      slow.node, -slow.offset_s / 60, slow.dated_ahead_s, slow.won, slow.conflicts);
  if (slow.skewed > 0) {
    text +=
        fmt::format("{} of the reports carry the flag 'skewed': a clock was wrong.\n", slow.skewed);
  }
  return text;
}

nlohmann::json conflicts_json(const DemoResult& result) {
  auto list = nlohmann::json::array();
  for (const auto& [id, fact] : result.conflicts.at("cloud")) {
    list.push_back(
        {{"id", id},
         {"kind", fact.kind},
         {"status", fact.status},
         {"table", fact.table},
         {"row_id", fact.row_id},
         {"winner", fact.winner.empty() ? nlohmann::json() : nlohmann::json(fact.winner)},
         {"winner_node", node_of(result, fact.winner_dot)},
         {"winner_dot", fact.winner_dot},
         {"reason", fact.reason},
         {"skewed", fact.skewed}});
  }
  return list;
}

nlohmann::json steps_json(const DemoResult& result) {
  auto list = nlohmann::json::array();
  for (const DemoStep& step : result.steps) {
    list.push_back({{"node", step.node},
                    {"what", step.what},
                    {"changes", step.changes},
                    {"conflicts", step.conflicts},
                    {"requests", step.requests},
                    {"bytes_sent", step.bytes_sent},
                    {"bytes_received", step.bytes_received},
                    {"ms", milliseconds(step.duration_us)}});
  }
  return list;
}

}  // namespace

std::string step_titles(std::size_t max_width) { return step_table().to_text(max_width); }

std::string step_line(const DemoStep& step, std::size_t max_width) {
  Table table = step_table();
  table.add({step.node, step.what, shown(step.changes), shown(step.conflicts), shown(step.requests),
             step.bytes_sent > 0 ? human_bytes(step.bytes_sent) : "",
             step.bytes_received > 0 ? human_bytes(step.bytes_received) : "",
             fmt::format("{:.1f}", milliseconds(step.duration_us))});
  return table.to_text(max_width, false);
}

std::string report_text(const DemoResult& result, std::size_t max_width) {
  Table conflicts({{.title = "kind", .may_shrink = false},
                   {.title = "row", .may_shrink = false},
                   {.title = "status", .may_shrink = false},
                   {.title = "winner", .may_shrink = false},
                   {.title = "why"}});
  // By kind, so that the eight can be seen at a glance.
  std::multimap<std::string, const ConflictFact*> by_kind;
  for (const auto& [id, fact] : result.conflicts.at("cloud")) by_kind.emplace(fact.kind, &fact);
  for (const auto& [kind, fact] : by_kind) {
    conflicts.add({kind, fact->table + '/' + fact->row_id, fact->status,
                   node_of(result, fact->winner_dot), with_names(result, fact->reason)});
  }
  std::string text =
      "\nconflicts, as the cloud reports them (local is edge A, which came first):\n\n";
  text += conflicts.to_text(max_width) + '\n' + slow_clock_text(result.slow_clock) + '\n';
  Table checksums(
      {{.title = "replica"}, {.title = "visible rows", .right = true}, {.title = "checksum"}});
  for (const auto& [name, checksum] : result.checksums) {
    checksums.add({name, grouped(checksum.rows), hex(checksum.hash)});
  }
  text += checksums.to_text(max_width) + '\n';
  for (const DemoCheck& check : result.checks) {
    text += (check.holds ? "ok    " : "FAIL  ") + check.name +
            (check.detail.empty() ? "" : ": " + check.detail) + '\n';
  }
  text += fmt::format("\n{} in {:.1f} s\n",
                      result.agrees() ? "all replicas agree" : "THE REPLICAS DISAGREE",
                      static_cast<double>(result.duration_us) / 1e6);
  return text;
}

std::string report_json(const DemoResult& result) {
  nlohmann::json report;
  report["ok"] = result.agrees();
  report["url"] = result.url;
  report["source_rows"] = result.source_rows;
  report["nodes"] = nlohmann::json::object();
  for (const auto& [name, node] : result.nodes) report["nodes"][name] = node.to_string();
  report["steps"] = steps_json(result);
  report["conflicts"] = conflicts_json(result);
  report["kinds"] = nlohmann::json::object();
  report["statuses"] = nlohmann::json::object();
  for (const auto& [id, fact] : result.conflicts.at("cloud")) {
    const auto count = [&report](const char* name, const std::string& value) {
      auto& counter = report[name][value];
      counter = counter.is_null() ? 1 : counter.get<std::uint64_t>() + 1;
    };
    count("kinds", fact.kind);
    count("statuses", fact.status);
  }
  report["slow_clock"] = {{"node", result.slow_clock.node},
                          {"offset_s", result.slow_clock.offset_s},
                          {"dated_ahead_s", result.slow_clock.dated_ahead_s},
                          {"conflicts", result.slow_clock.conflicts},
                          {"won", result.slow_clock.won},
                          {"skewed", result.slow_clock.skewed}};
  for (const auto& [name, checksum] : result.checksums) {
    report["checksums"][name] = {{"rows", checksum.rows}, {"hash", hex(checksum.hash)}};
  }
  report["checks"] = nlohmann::json::array();
  for (const DemoCheck& check : result.checks) {
    report["checks"].push_back(
        {{"name", check.name}, {"ok", check.holds}, {"detail", check.detail}});
  }
  report["ms"] = milliseconds(result.duration_us);
  return dump_json(report);
}

}  // namespace syncline::app
