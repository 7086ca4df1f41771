#include "app/demo/verify.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

constexpr std::uint64_t page_conflicts = 500;

ConflictFacts facts_of(const Replica& replica) {
  ConflictFacts facts;
  ConflictQuery query;
  query.limit = page_conflicts;
  for (;;) {
    const ConflictPage page = replica.conflicts(query);
    for (const ConflictReport& report : page.conflicts) {
      ConflictFact fact;
      fact.id = to_string(report.id);
      fact.kind = to_string(report.kind);
      fact.status = to_string(report.status);
      fact.table = report.table;
      fact.row_id = report.row_id;
      if (report.winner != ConflictWinner::none) fact.winner = to_string(report.winner);
      if (report.winner_dot) fact.winner_dot = to_string(*report.winner_dot);
      fact.reason = report.reason;
      fact.skewed = report.skewed;
      facts.emplace(fact.id, fact);
    }
    if (!page.next) return facts;
    query.after = *page.next;
  }
}

ConflictFact fact_of(const nlohmann::json& report) {
  ConflictFact fact;
  fact.id = text_of(report, "id");
  fact.kind = text_of(report, "kind");
  fact.status = text_of(report, "status");
  fact.table = text_of(report, "table");
  fact.row_id = text_of(report, "row_id");
  fact.winner = text_of(report, "winner");
  const nlohmann::json& dot = member_of(report, "winner_dot");
  if (dot.is_object()) fact.winner_dot = text_of(dot, "origin") + ':' + text_of(dot, "seq");
  fact.reason = text_of(report, "reason");
  fact.skewed = text_of(report, "skewed") == "true";
  return fact;
}

Result<ConflictFacts> facts_of_cloud(ApiClient& api) {
  ConflictFacts facts;
  std::string page;
  do {
    const auto answer = api.get(Target(api.tenant_path("/conflicts"))
                                    .add("status", "all")
                                    .add("limit", page_conflicts)
                                    .add("page", page));
    if (!answer) return answer.error();
    const auto parsed = parse_json(*answer);
    for (const auto& report : member_of(parsed, "conflicts")) {
      const ConflictFact fact = fact_of(report);
      facts.emplace(fact.id, fact);
    }
    page = text_of(parsed, "next_page");
  } while (!page.empty());
  return facts;
}

std::string mirrored_kind(const std::string& kind) {
  const auto known = conflict_kind_from_string(kind);
  return known ? std::string(to_string(mirrored(*known))) : std::string();
}

// What every node has to say alike; the kind may be told from the other side.
std::string difference(const ConflictFacts& cloud, const ConflictFacts& other) {
  if (cloud.size() != other.size()) {
    return std::to_string(cloud.size()) + " conflicts there, " + std::to_string(other.size()) +
           " here";
  }
  for (const auto& [id, fact] : cloud) {
    const auto found = other.find(id);
    if (found == other.end()) return "conflict " + id + " is missing";
    const ConflictFact& mine = found->second;
    const bool same_kind = mine.kind == fact.kind || mine.kind == mirrored_kind(fact.kind);
    if (!same_kind || mine.status != fact.status || mine.winner_dot != fact.winner_dot) {
      return "conflict " + id + " of " + fact.table + '/' + fact.row_id + " is " + fact.kind + ' ' +
             fact.status + ' ' + fact.winner_dot + " there, " + mine.kind + ' ' + mine.status +
             ' ' + mine.winner_dot + " here";
    }
  }
  return {};
}

// Whether exactly the planned conflicts were found, with the winners that the dates ask for.
std::string difference_from_plan(const std::vector<Collision>& plan, const DemoResult& result) {
  const ConflictFacts& facts = result.conflicts.at("cloud");
  if (facts.size() != plan.size()) {
    return std::to_string(plan.size()) + " planned, " + std::to_string(facts.size()) + " found";
  }
  for (const Collision& collision : plan) {
    const std::string row = collision.table + '/' + collision.row_id;
    const auto found = std::find_if(facts.begin(), facts.end(), [&](const auto& entry) {
      return entry.second.table == collision.table && entry.second.row_id == collision.row_id;
    });
    if (found == facts.end()) return row + " has no conflict";
    const ConflictFact& fact = found->second;
    const std::string status = collision.convergent ? "convergent" : "resolved";
    if (fact.kind != to_string(collision.kind) || fact.status != status) {
      return row + " is " + fact.kind + ' ' + fact.status + " and not " +
             std::string(to_string(collision.kind)) + ' ' + status;
    }
    const NodeId winner = result.nodes.at(collision.a_first ? "edge B" : "edge A");
    if (!collision.convergent && !fact.winner_dot.starts_with(winner.to_string())) {
      return row + " was won by the side that is dated earlier";
    }
  }
  return {};
}

std::string missing_kinds(const ConflictFacts& facts) {
  std::set<std::string> wanted{"update_update", "update_delete", "delete_update",
                               "insert_insert", "insert_update", "update_insert",
                               "insert_delete", "delete_insert", "a convergent pair"};
  for (const auto& [id, fact] : facts) {
    wanted.erase(fact.status == "convergent" ? "a convergent pair" : fact.kind);
  }
  std::string text;
  for (const std::string& kind : wanted) text += (text.empty() ? "" : ", ") + kind;
  return text;
}

void check(DemoResult& result, std::string name, const std::string& fault) {
  result.checks.push_back({std::move(name), fault.empty(), fault});
}

void check_checksums(DemoResult& result) {
  const VisibleChecksum& cloud = result.checksums.at("cloud");
  for (const char* name : {"edge A", "edge B"}) {
    check(result, std::string("the visible rows of ") + name + " are the cloud's",
          result.checksums.at(name) == cloud ? "" : "the checksums differ");
  }
  check(result, "the cloud counts as many rows",
        result.cloud_rows == cloud.rows
            ? ""
            : std::to_string(result.cloud_rows) + " instead of " + std::to_string(cloud.rows));
}

void judge_slow_clock(DemoResult& result) {
  SlowClock& slow = result.slow_clock;
  slow.node = "edge B";
  slow.offset_s = slow_clock_offset_s;
  const std::string node = result.nodes.at("edge B").to_string();
  for (const auto& [id, fact] : result.conflicts.at("cloud")) {
    if (fact.skewed) ++slow.skewed;
    if (fact.status == "convergent" || fact.winner_dot.empty()) continue;
    ++slow.conflicts;
    if (fact.winner_dot.starts_with(node)) ++slow.won;
  }
}

}  // namespace

Result<void> verify(Scenario& scenario, ApiClient& api, const std::vector<Collision>& plan,
                    DemoResult& result) {
  const auto log = api.get(Target(api.tenant_path("/log")));
  if (!log) return log.error();
  result.cloud_rows = number_of(parse_json(*log), "rows");
  auto cloud = facts_of_cloud(api);
  if (!cloud) return cloud.error();
  result.conflicts["cloud"] = std::move(*cloud);
  result.conflicts["edge A"] = facts_of(scenario.edge_a().replica());
  result.conflicts["edge B"] = facts_of(scenario.edge_b().replica());
  result.conflicts["auditor"] = facts_of(scenario.auditor().replica());
  // The auditor holds what the cloud gave it and nothing else.
  result.checksums["cloud"] = scenario.auditor().replica().visible_checksum();
  result.checksums["edge A"] = scenario.edge_a().replica().visible_checksum();
  result.checksums["edge B"] = scenario.edge_b().replica().visible_checksum();

  check_checksums(result);
  for (const char* name : {"edge A", "edge B", "auditor"}) {
    check(result, std::string("the conflicts and winners of ") + name + " are the cloud's",
          difference(result.conflicts["cloud"], result.conflicts[name]));
  }
  check(result, "all eight kinds and a convergent pair occurred",
        missing_kinds(result.conflicts["cloud"]));
  check(result, "the planned edits collided as planned, and the later dated won",
        difference_from_plan(plan, result));
  judge_slow_clock(result);
  return {};
}

}  // namespace syncline::app
