// `syncline conflicts …`: what collided, who won and why, and settling it.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "app/conflict_view.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/payload_argument.hpp"

namespace syncline::app {
namespace {

constexpr std::uint64_t page_conflicts = 500;

struct ListArguments {
  std::string status = "all";
  std::string kind;
  std::string table;
  std::string row_id;
  std::string since;
  std::string winner;
  std::uint64_t limit = 100;
};

struct ResolveArguments {
  std::string id;
  std::optional<std::string> pick;
  std::optional<std::string> data;
  bool erase = false;
  std::string note;
};

Result<ExitCode> run_list(Session& session, const ListArguments& arguments) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  std::vector<std::string> conflicts;
  std::string page;
  do {
    const auto answer =
        client->get(Target(client->tenant_path("/conflicts"))
                        .add("status", arguments.status)
                        .add("kind", arguments.kind)
                        .add("table", arguments.table)
                        .add("row_id", arguments.row_id)
                        .add("since", arguments.since)
                        .add("winner", arguments.winner)
                        .add("limit", std::min(page_conflicts, arguments.limit - conflicts.size()))
                        .add("page", page));
    if (!answer) return answer.error();
    for (const auto text : array_texts(*answer, "conflicts")) conflicts.emplace_back(text);
    page = text_of(parse_json(*answer), "next_page");
  } while (!page.empty() && conflicts.size() < arguments.limit);
  if (session.json) {
    print_json_list(session, "conflicts", conflicts, page);
    return ExitCode::ok;
  }
  Table table = make_conflict_table();
  for (const std::string& text : conflicts) add_conflict(table, text);
  print_table(session, table);
  if (!page.empty()) session.err << "there are more conflicts; ask for more with --limit\n";
  return ExitCode::ok;
}

Result<ExitCode> run_show(Session& session, const std::string& id) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->get(Target(client->tenant_path("/conflicts/" + percent_encoded(id))));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, *answer);
  } else {
    session.out << conflict_text(*answer, session.out_terminal.width);
  }
  return ExitCode::ok;
}

// The body of a resolution. Errors: `bad_request` for a pick that is neither a side nor a dot.
Result<std::string> resolution(Session& session, const ResolveArguments& arguments) {
  nlohmann::json body = nlohmann::json::object();
  if (!arguments.note.empty()) body["note"] = arguments.note;
  if (arguments.erase) body["delete"] = true;
  if (arguments.pick && *arguments.pick != "local" && *arguments.pick != "remote") {
    const std::size_t colon = arguments.pick->rfind(':');
    const auto seq = colon == std::string::npos ? nlohmann::json()
                                                : parse_json(arguments.pick->substr(colon + 1));
    if (!seq.is_number_unsigned()) {
      return Error(ErrorCode::bad_request,
                   "--pick: local, remote or NODE:SEQ, not '" + *arguments.pick + "'");
    }
    body["pick"] = {{"origin", arguments.pick->substr(0, colon)}, {"seq", seq}};
  } else if (arguments.pick) {
    body["pick"] = *arguments.pick;
  }
  if (!arguments.data) return dump_json(body);
  const auto data = read_payload(session, arguments.data, "json");
  if (!data) return data.error();
  // Put in as text, so that the row keeps the bytes that were given.
  std::string text = dump_json(body);
  text.pop_back();
  return text + (body.empty() ? "" : ",") + "\"data\":" + *data + '}';
}

Result<ExitCode> run_resolve(Session& session, const ResolveArguments& arguments) {
  const int ways = (arguments.pick ? 1 : 0) + (arguments.data ? 1 : 0) + (arguments.erase ? 1 : 0);
  if (ways != 1) {
    return wrong_usage(session, "say how: exactly one of --pick, --value and --delete");
  }
  const auto body = resolution(session, arguments);
  if (!body) {
    if (body.error().code == ErrorCode::bad_request) {
      return wrong_usage(session, body.error().detail);
    }
    return body.error();
  }
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->post(
      client->tenant_path("/conflicts/" + percent_encoded(arguments.id) + "/resolve"), *body);
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, *answer);
  } else {
    session.out << "conflict " << arguments.id << " is settled\n";
  }
  return ExitCode::ok;
}

Result<ExitCode> run_stats(Session& session) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->get(Target(client->tenant_path("/conflicts/stats")));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, *answer);
    return ExitCode::ok;
  }
  Table table({{.title = "counted"}, {.title = "value"}, {.title = "conflicts", .right = true}});
  const auto statistics = parse_json(*answer);
  for (const auto& [name, counts] : statistics.items()) {
    if (!counts.is_object()) {
      table.add({name, "", dump_json(counts)});
      continue;
    }
    for (const auto& [value, count] : counts.items()) table.add({name, value, dump_json(count)});
  }
  print_table(session, table);
  return ExitCode::ok;
}

Command list_command() {
  auto arguments = std::make_shared<ListArguments>();
  Command command;
  command.name = "list";
  command.summary = "List conflicts in the order in which the server found them";
  command.examples =
      "examples:\n"
      "  syncline conflicts list --status open\n"
      "  syncline conflicts list --kind update_delete --table countries --json";
  command.options = {
      {.name = "--status",
       .target = &arguments->status,
       .help = "open, resolved, convergent or all (all)",
       .value_name = "STATUS",
       .choices = {"open", "resolved", "convergent", "all"}},
      {.name = "--kind",
       .target = &arguments->kind,
       .help = "the pair of operations, e.g. update_delete",
       .value_name = "KIND",
       .choices = {"update_update", "update_delete", "delete_update", "insert_insert",
                   "insert_update", "update_insert", "insert_delete", "delete_insert",
                   "delete_delete"}},
      {.name = "--table",
       .target = &arguments->table,
       .help = "only this table",
       .value_name = "TABLE"},
      {.name = "--row", .target = &arguments->row_id, .help = "only this row", .value_name = "ROW"},
      {.name = "--since",
       .target = &arguments->since,
       .help = "found at or after this time",
       .value_name = "RFC3339"},
      {.name = "--winner",
       .target = &arguments->winner,
       .help = "local, remote or merged",
       .value_name = "SIDE",
       .choices = {"local", "remote", "merged"}},
      {.name = "--limit",
       .target = &arguments->limit,
       .help = "at most so many (100)",
       .value_name = "N"}};
  command.run = [arguments](Session& session) { return run_list(session, *arguments); };
  return command;
}

Command show_command() {
  auto id = std::make_shared<std::string>();
  Command command;
  command.name = "show";
  command.summary = "Show one conflict: both sides, the winner and why";
  command.examples = "examples:\n  syncline conflicts show 2c1f0c86-7d0e-5a54-9b0e-3a6a4fd1d6b2";
  command.options = {
      {.name = "ID", .target = id.get(), .help = "the conflict's id", .required = true}};
  command.run = [id](Session& session) { return run_show(session, *id); };
  return command;
}

Command resolve_command() {
  auto arguments = std::make_shared<ResolveArguments>();
  Command command;
  command.name = "resolve";
  command.summary = "Settle a conflict, here and on every replica";
  command.examples =
      "examples:\n"
      "  syncline conflicts resolve 2c1f0c86-7d0e-5a54-9b0e-3a6a4fd1d6b2 --pick remote\n"
      "  syncline conflicts resolve 2c1f0c86-7d0e-5a54-9b0e-3a6a4fd1d6b2 \\\n"
      "      --value '{\"name\": \"Norway\"}' --note 'asked the embassy'";
  command.options = {
      {.name = "ID", .target = &arguments->id, .help = "the conflict's id", .required = true},
      {.name = "--pick",
       .target = &arguments->pick,
       .help = "the side that stays: local, remote, or a change by NODE:SEQ",
       .value_name = "SIDE"},
      {.name = "--value",
       .target = &arguments->data,
       .help = "what the row shall be instead: JSON, @file or -",
       .value_name = "JSON"},
      {.name = "--delete", .target = &arguments->erase, .help = "delete the row"},
      {.name = "--note",
       .target = &arguments->note,
       .help = "why, kept with the change",
       .value_name = "TEXT"}};
  command.run = [arguments](Session& session) { return run_resolve(session, *arguments); };
  return command;
}

}  // namespace

Command conflict_commands() {
  Command stats;
  stats.name = "stats";
  stats.summary = "Count conflicts by kind, status, winner, table, policy and hour";
  stats.examples = "examples:\n  syncline conflicts stats\n  syncline conflicts stats --json";
  stats.run = run_stats;

  Command group;
  group.name = "conflicts";
  group.summary = "List, show and settle conflicts";
  group.examples =
      "examples:\n"
      "  syncline conflicts list --status open\n"
      "  syncline conflicts stats";
  group.subcommands = {list_command(), show_command(), resolve_command(), std::move(stats)};
  return group;
}

}  // namespace syncline::app
