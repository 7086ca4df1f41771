// `syncline verify`: is everything in a data directory as it was written?
#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/data_connection.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "syncline/node_tools.hpp"

namespace syncline::app {
namespace {

std::uint64_t bytes_of(const JournalSurvey& survey) {
  std::uint64_t bytes = 0;
  for (const JournalFile& file : survey.files) bytes += file.bytes;
  return bytes;
}

nlohmann::json tenant_json(const TenantSurvey& survey) {
  nlohmann::json body{{"id", survey.tenant.id},
                      {"whole", survey.whole()},
                      {"entries", survey.journal.entries},
                      {"changes", survey.journal.changes},
                      {"bytes", bytes_of(survey.journal)},
                      {"is_copy", survey.journal.is_copy},
                      {"damages", nlohmann::json::array()},
                      {"error", nullptr},
                      {"replica", nullptr}};
  for (const JournalDamage& damage : survey.journal.damages) {
    body["damages"].push_back({{"file", damage.file},
                               {"offset", damage.offset},
                               {"what", damage.what},
                               {"torn_tail", damage.torn_tail}});
  }
  if (survey.error) body["error"] = survey.error->detail;
  if (survey.contents) {
    body["replica"] = {{"node", survey.contents->node.to_string()},
                       {"changes", survey.contents->changes},
                       {"rows", survey.contents->rows},
                       {"conflicts", survey.contents->conflicts},
                       {"checksum", fmt::format("{:016x}", survey.contents->visible_hash)}};
  }
  return body;
}

void print_for_programs(Session& session, const NodeSurvey& survey) {
  nlohmann::json body{{"whole", survey.whole()},
                      {"kind", survey.catalogue.edge ? "edge" : "server"},
                      {"in_use", survey.used_by.has_value()},
                      {"catalogue_copy_error", nullptr},
                      {"tenants", nlohmann::json::array()}};
  if (survey.copy_error) body["catalogue_copy_error"] = survey.copy_error->detail;
  for (const TenantSurvey& tenant : survey.tenants) {
    body["tenants"].push_back(tenant_json(tenant));
  }
  print_json(session, dump_json(body));
}

void print_damage(Session& session, const TenantSurvey& survey) {
  const std::string who = "tenant '" + survey.tenant.id + "': ";
  for (const JournalDamage& damage : survey.journal.damages) {
    session.out << who << (damage.torn_tail ? "unfinished end" : "damage") << " at byte "
                << damage.offset << " of " << damage.file << ": " << damage.what
                << (damage.torn_tail ? "; the next opening cuts it off, nothing was lost" : "")
                << '\n';
  }
  if (survey.error) session.out << who << to_string(*survey.error) << '\n';
  if (survey.journal.is_copy) {
    session.out << who << "is a copy; opened, it goes on under new ids\n";
  }
}

void print_for_people(Session& session, const NodeSurvey& survey, const std::string& directory) {
  Table table({{.title = "tenant"},
               {.title = "bytes", .right = true},
               {.title = "entries", .right = true},
               {.title = "changes", .right = true},
               {.title = "rows", .right = true},
               {.title = "conflicts", .right = true},
               {.title = "checksum"},
               {.title = "state", .may_shrink = false}});
  for (const TenantSurvey& tenant : survey.tenants) {
    std::vector<std::string> cells{tenant.tenant.id, human_bytes(bytes_of(tenant.journal)),
                                   grouped(tenant.journal.entries),
                                   grouped(tenant.journal.changes)};
    if (tenant.contents) {
      cells.push_back(grouped(tenant.contents->rows));
      cells.push_back(grouped(tenant.contents->conflicts));
      cells.push_back(fmt::format("{:016x}", tenant.contents->visible_hash));
    } else {
      cells.insert(cells.end(), 3, "-");
    }
    cells.emplace_back(tenant.whole() ? "whole" : "damaged");
    table.add(std::move(cells));
  }
  print_table(session, table);
  for (const TenantSurvey& tenant : survey.tenants) print_damage(session, tenant);
  if (survey.copy_error) session.out << to_string(*survey.copy_error) << '\n';
  if (survey.used_by) {
    session.out << "the directory is in use"
                << (*survey.used_by == 0 ? "" : " by process " + std::to_string(*survey.used_by))
                << ", so that rows were not counted\n";
  }
  session.out << (survey.whole() ? "everything is whole"
                                 : "there is damage; see 'syncline repair " + directory + "'")
              << '\n';
}

Result<ExitCode> run_verify(Session& session, const std::string& directory) {
  const auto survey = verify_node(system_files(), directory);
  if (!survey) {
    if (survey.error().code != ErrorCode::internal) return with_advice(survey.error(), directory);
    session.err << "syncline: " << to_string(with_advice(survey.error(), directory)) << '\n';
    return ExitCode::damaged;
  }
  if (session.json) {
    print_for_programs(session, *survey);
  } else {
    print_for_people(session, *survey, directory);
  }
  return survey->whole() ? ExitCode::ok : ExitCode::damaged;
}

}  // namespace

Command verify_command() {
  auto directory = std::make_shared<std::string>();
  Command command;
  command.name = "verify";
  command.summary = "Check every byte of a data directory, changing nothing";
  command.examples =
      "Works on a directory in use as well, then without making replicas of what was read. The\n"
      "status is 10 if there is damage.\n\n"
      "examples:\n"
      "  syncline verify /var/lib/syncline\n"
      "  syncline verify backup-of-monday --json";
  command.options = {{.name = "DIR",
                      .target = directory.get(),
                      .help = "a server's or an edge's data directory",
                      .required = true}};
  command.run = [directory](Session& session) { return run_verify(session, *directory); };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
