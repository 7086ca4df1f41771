// `syncline log …`: how long a tenant's log is, who holds it, cutting it off.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

struct TrimArguments {
  std::optional<std::uint64_t> before;
  bool force = false;
};

std::string holder_name(const nlohmann::json& holder) {
  const std::string kind = text_of(holder, "kind");
  const std::string id = text_of(holder, "id");
  if (kind == "consumer") return "consumer " + id;
  if (kind == "snapshot_reader") return "snapshot for " + (id.empty() ? "somebody" : id);
  const std::string name = text_of(holder, "name");
  return "replica " + id + (name.empty() ? "" : " (" + name + ')');
}

std::string retention_of(const nlohmann::json& log) {
  const nlohmann::json& retention = member_of(log, "retention");
  std::string text;
  for (const auto& [name, unit] : {std::pair{"max_age_s", " s"}, std::pair{"max_bytes", " bytes"},
                                   std::pair{"max_changes", " changes"}}) {
    const std::uint64_t most = number_of(retention, name);
    if (most != 0) text += (text.empty() ? "" : ", ") + grouped(most) + unit;
  }
  return text.empty() ? "everything" : text;
}

void print_log(Session& session, const nlohmann::json& log) {
  Table table({{.title = "log", .may_shrink = false}, {.title = text_of(log, "log_id")}});
  table.add({"enabled", text_of(log, "enabled")});
  table.add({"changes", grouped(number_of(log, "changes")) + ", LSN " + text_of(log, "oldest_lsn") +
                            " to " + text_of(log, "lsn")});
  table.add({"size", human_bytes(number_of(log, "bytes"))});
  table.add({"rows", grouped(number_of(log, "rows"))});
  table.add({"deleted rows", grouped(number_of(log, "tombstones"))});
  table.add({"stable marker", text_of(member_of(log, "stable"), "number")});
  table.add({"retention", retention_of(log)});
  print_table(session, table);
  session.out << '\n';
  Table holders({{.title = "held by"},
                 {.title = "from LSN", .right = true, .may_shrink = false},
                 {.title = "changes", .right = true, .may_shrink = false}});
  for (const nlohmann::json& holder : member_of(log, "holders")) {
    holders.add(
        {holder_name(holder), text_of(holder, "lsn"), grouped(number_of(holder, "changes"))});
  }
  if (holders.empty()) {
    session.out << "nobody needs anything of it: it may be trimmed\n";
  } else {
    print_table(session, holders);
  }
}

Result<ExitCode> run_show(Session& session) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->get(Target(client->tenant_path("/log")));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, *answer);
  } else {
    print_log(session, parse_json(*answer));
  }
  return ExitCode::ok;
}

// Where the log may begin without anybody missing anything.
std::uint64_t first_needed(const nlohmann::json& log) {
  const nlohmann::json& holders = member_of(log, "holders");
  if (holders.is_array() && !holders.empty()) return number_of(holders.front(), "lsn");
  return number_of(log, "lsn") + 1;
}

Result<ExitCode> run_trim(Session& session, const TrimArguments& arguments) {
  if (arguments.force && !arguments.before) {
    return wrong_usage(session, "--force needs --before: without it nothing is held");
  }
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  nlohmann::json body = nlohmann::json::object();
  if (arguments.before) {
    body["before_lsn"] = *arguments.before;
  } else {
    const auto log = client->get(Target(client->tenant_path("/log")));
    if (!log) return log.error();
    body["before_lsn"] = first_needed(parse_json(*log));
  }
  if (arguments.force) body["force"] = true;
  const auto answer = client->post(client->tenant_path("/log/trim"), dump_json(body));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, *answer);
    return ExitCode::ok;
  }
  const auto trimmed = parse_json(*answer);
  session.out << "dropped " << grouped(number_of(trimmed, "dropped_changes")) << " changes ("
              << human_bytes(number_of(trimmed, "dropped_bytes")) << "); the log begins at LSN "
              << text_of(trimmed, "oldest_lsn") << '\n';
  return ExitCode::ok;
}

}  // namespace

Command log_commands() {
  Command show;
  show.name = "show";
  show.summary = "Show how long a tenant's log is and who holds it";
  show.examples = "examples:\n  syncline log show\n  syncline log show --tenant shop --json";
  show.run = run_show;

  const auto arguments = std::make_shared<TrimArguments>();
  Command trim;
  trim.name = "trim";
  trim.summary = "Cut a tenant's log off, as far as nobody needs it";
  trim.examples =
      "examples:\n"
      "  syncline log trim                          all that nobody holds\n"
      "  syncline log trim --before 90000\n"
      "  syncline log trim --before 90000 --force   who needs it takes a snapshot";
  trim.options.push_back({.name = "--before",
                          .target = &arguments->before,
                          .help = "where the log may begin (default: what somebody holds)",
                          .value_name = "LSN"});
  trim.options.push_back({.name = "--force",
                          .target = &arguments->force,
                          .help = "also what somebody holds, who then takes a snapshot"});
  trim.run = [arguments](Session& session) { return run_trim(session, *arguments); };

  Command group;
  group.name = "log";
  group.summary = "Show and trim a tenant's log";
  group.examples = "examples:\n  syncline log show\n  syncline log trim";
  group.subcommands = {std::move(show), std::move(trim)};
  return group;
}

}  // namespace syncline::app
