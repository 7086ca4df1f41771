// `syncline inspect`: what lies in a data directory, down to single records.
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/data_connection.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/text_width.hpp"
#include "syncline/node_tools.hpp"
#include "syncline/record.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string directory;
  std::string tenant;
  bool entries = false;
};

std::string_view name_of(JournalEntryKind kind) {
  switch (kind) {
    case JournalEntryKind::identity:
      return "identity";
    case JournalEntryKind::change:
      return "change";
    case JournalEntryKind::summary:
      return "summary";
    case JournalEntryKind::property:
      return "property";
    case JournalEntryKind::renaming:
      return "renaming";
    case JournalEntryKind::log_state:
      return "log_state";
    case JournalEntryKind::kept:
      return "kept";
    case JournalEntryKind::filings:
      return "filings";
    case JournalEntryKind::origin:
      return "origin";
    case JournalEntryKind::conflict:
      return "conflict";
  }
  return "unknown";
}

bool holds_record(const JournalEntry& entry) {
  return entry.kind == JournalEntryKind::change || entry.kind == JournalEntryKind::kept;
}

nlohmann::json entry_json(const std::string& tenant, const JournalEntry& entry,
                          const std::string& file, std::uint64_t offset) {
  nlohmann::json body{{"tenant", tenant},
                      {"file", file},
                      {"offset", offset},
                      {"kind", name_of(entry.kind)},
                      {"bytes", entry.bytes.size()}};
  if (entry.lsn != 0) body["lsn"] = entry.lsn;
  if (!holds_record(entry)) return body;
  if (const auto change = decode_record(entry.bytes)) {
    body["origin"] = change->dot.origin.to_string();
    body["seq"] = change->dot.seq;
    body["operation"] = to_string(change->operation);
    body["table"] = change->table;
    body["row_id"] = change->row_id;
  }
  return body;
}

std::string entry_line(const JournalEntry& entry, const std::string& file, std::uint64_t offset) {
  std::string line =
      fmt::format("{}:{}  {}  {} bytes", file, offset, name_of(entry.kind), entry.bytes.size());
  if (entry.lsn != 0) line += fmt::format("  lsn {}", entry.lsn);
  if (!holds_record(entry)) return line;
  if (const auto change = decode_record(entry.bytes)) {
    line += fmt::format("  {} {} as {}:{}", to_string(change->operation),
                        printable(std::string(change->table) + '/' + std::string(change->row_id)),
                        short_id(change->dot.origin.to_string()), change->dot.seq);
  }
  return line;
}

std::string path_of(const Arguments& arguments, const StoredTenant& tenant) {
  return join_path(join_path(arguments.directory, "tenants"), tenant.directory);
}

Result<void> print_entries(Session& session, const Arguments& arguments,
                           const StoredTenant& tenant) {
  const auto survey = survey_journal(
      system_files(), path_of(arguments, tenant),
      [&](const JournalEntry& entry, const std::string& file,
          std::uint64_t offset) -> Result<void> {
        if (session.json) {
          print_json(session, dump_json(entry_json(tenant.id, entry, file, offset)));
        } else {
          session.out << tenant.id << "  " << entry_line(entry, file, offset) << '\n';
        }
        return {};
      });
  if (!survey) return survey.error();
  for (const JournalDamage& damage : survey->damages) {
    session.err << "syncline: tenant '" << tenant.id
                << "': " << (damage.torn_tail ? "unfinished end" : "damage") << " at byte "
                << damage.offset << " of " << damage.file << ": " << damage.what << '\n';
  }
  return {};
}

nlohmann::json file_json(const JournalFile& file) {
  return {{"name", file.name},         {"kind", file.kind},
          {"bytes", file.bytes},       {"batches", file.batches},
          {"entries", file.entries},   {"first_lsn", file.first_lsn},
          {"last_lsn", file.last_lsn}, {"compressed", file.compressed},
          {"closed", file.closed}};
}

nlohmann::json catalogue_json(const Arguments& arguments, const NodeCatalogue& catalogue) {
  nlohmann::json body{{"directory", arguments.directory},
                      {"kind", catalogue.edge ? "edge" : "server"},
                      {"edge", nullptr},
                      {"tenants", nlohmann::json::array()}};
  if (catalogue.edge) {
    body["edge"] = {{"server", catalogue.edge->server},
                    {"tenant", catalogue.edge->tenant},
                    {"name", catalogue.edge->name}};
  }
  return body;
}

std::string text_of_file(const JournalFile& file) {
  return std::string(file.closed ? "closed" : "open") + (file.compressed ? ", compressed" : "");
}

void add_files(Table& table, const StoredTenant& tenant, const JournalSurvey& survey) {
  for (const JournalFile& file : survey.files) {
    const std::string lsns =
        file.first_lsn == 0 ? "" : fmt::format("{}-{}", file.first_lsn, file.last_lsn);
    table.add({tenant.id, file.name, file.kind, human_bytes(file.bytes), grouped(file.batches),
               grouped(file.entries), lsns, text_of_file(file)});
  }
}

Table file_table() {
  return Table({{.title = "tenant"},
                {.title = "file"},
                {.title = "kind"},
                {.title = "bytes", .right = true},
                {.title = "batches", .right = true},
                {.title = "entries", .right = true},
                {.title = "lsn"},
                {.title = "state"}});
}

Result<std::vector<StoredTenant>> chosen_tenants(const Arguments& arguments,
                                                 const NodeCatalogue& catalogue) {
  if (arguments.tenant.empty()) return catalogue.tenants;
  std::string names;
  for (const StoredTenant& tenant : catalogue.tenants) {
    if (tenant.id == arguments.tenant) return std::vector<StoredTenant>{tenant};
    names += (names.empty() ? "" : ", ") + tenant.id;
  }
  return Error(ErrorCode::tenant_not_found, "there is no tenant \"" + arguments.tenant + "\" in " +
                                                arguments.directory +
                                                (names.empty() ? "" : "; there are: " + names));
}

Result<ExitCode> run_inspect(Session& session, const Arguments& arguments) {
  const auto catalogue = read_catalogue(system_files(), arguments.directory);
  if (!catalogue) return with_advice(catalogue.error(), arguments.directory);
  const auto tenants = chosen_tenants(arguments, *catalogue);
  if (!tenants) return tenants.error();
  nlohmann::json body = catalogue_json(arguments, *catalogue);
  Table table = file_table();
  for (const StoredTenant& tenant : *tenants) {
    if (arguments.entries) {
      if (auto printed = print_entries(session, arguments, tenant); !printed) {
        return printed.error();
      }
      continue;
    }
    const auto survey = survey_journal(system_files(), path_of(arguments, tenant));
    if (!survey) return with_advice(survey.error(), arguments.directory);
    add_files(table, tenant, *survey);
    nlohmann::json files = nlohmann::json::array();
    for (const JournalFile& file : survey->files) files.push_back(file_json(file));
    body["tenants"].push_back({{"id", tenant.id},
                               {"plan", tenant.plan.name},
                               {"path", path_of(arguments, tenant)},
                               {"files", std::move(files)}});
  }
  if (arguments.entries) return ExitCode::ok;
  if (session.json) {
    print_json(session, dump_json(body));
    return ExitCode::ok;
  }
  if (catalogue->edge) {
    session.out << "an edge of tenant '" << catalogue->edge->tenant << "' on "
                << printable(catalogue->edge->server) << ", named '"
                << printable(catalogue->edge->name) << "'\n";
  }
  print_table(session, table);
  return ExitCode::ok;
}

}  // namespace

Command inspect_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "inspect";
  command.summary = "Show the files of a data directory and the records in them";
  command.examples =
      "Works on a directory in use as well. With --entries each entry is a line, with --json too\n"
      "an object.\n\n"
      "examples:\n"
      "  syncline inspect /var/lib/syncline\n"
      "  syncline inspect field-work --entries | tail";
  command.options = {
      {.name = "DIR",
       .target = &arguments->directory,
       .help = "a server's or an edge's data directory",
       .required = true},
      {.name = "--tenant",
       .target = &arguments->tenant,
       .help = "only this tenant",
       .value_name = "ID"},
      {.name = "--entries", .target = &arguments->entries, .help = "show every entry"}};
  command.run = [arguments](Session& session) { return run_inspect(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
