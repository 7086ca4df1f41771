// `syncline peers …`: the replicas that exchange with a tenant, and what they hold back.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

std::string path_of(const ApiClient& client, const std::string& id) {
  return client.tenant_path("/peers/" + percent_encoded(id));
}

// Who keeps the log from being cut off, and rows that were deleted from being forgotten.
std::string held_by(const nlohmann::json& peer) {
  std::string text;
  const nlohmann::json& held = member_of(peer, "holds_back");
  if (held.is_object()) {
    text = grouped(number_of(held, "changes")) + " changes from LSN " + text_of(held, "lsn");
  }
  if (member_of(peer, "holds_back_stable") == true) text += text.empty() ? "stable" : ", stable";
  return text;
}

Result<ExitCode> run_list(Session& session) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->get(Target(client->tenant_path("/peers")));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, *answer);
    return ExitCode::ok;
  }
  Table table({{.title = "replica", .may_shrink = false},
               {.title = "name"},
               {.title = "state"},
               {.title = "last seen"},
               {.title = "behind", .right = true},
               {.title = "holds back"},
               {.title = "clock"}});
  for (const auto text : array_texts(*answer, "peers")) {
    const auto peer = parse_json(text);
    const bool away = member_of(peer, "away") == true;
    table.add({text_of(peer, "node_id"), text_of(peer, "name"),
               text_of(peer, "state") + (away ? ", away" : ""),
               short_time(text_of(peer, "last_seen")), grouped(number_of(peer, "lag_changes")),
               held_by(peer), member_of(peer, "skewed") == true ? "wrong" : ""});
  }
  print_table(session, table);
  return ExitCode::ok;
}

Result<ExitCode> run_show(Session& session, const std::string& id) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->get(Target(path_of(*client, id)));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, *answer);
    return ExitCode::ok;
  }
  const auto peer = parse_json(*answer);
  Table table({{.title = "replica", .may_shrink = false}, {.title = text_of(peer, "node_id")}});
  table.add({"name", text_of(peer, "name")});
  table.add({"role", text_of(peer, "role")});
  table.add({"state", text_of(peer, "state")});
  const nlohmann::json& tables = member_of(peer, "tables");
  table.add({"tables", tables.is_null() ? "all" : dump_json(tables)});
  table.add({"first seen", short_time(text_of(peer, "first_seen"))});
  table.add({"last seen", short_time(text_of(peer, "last_seen"))});
  table.add({"lease until", short_time(text_of(peer, "lease_expires_at"))});
  table.add({"behind", grouped(number_of(peer, "lag_changes")) + " changes"});
  const std::string held = held_by(peer);
  table.add({"holds back", held.empty() ? "nothing" : held});
  table.add({"clock offset", text_of(peer, "clock_offset_us") + " us" +
                                 (member_of(peer, "skewed") == true ? ", wrong" : "")});
  table.add({"pushed", grouped(number_of(peer, "changes_pushed")) + " changes"});
  table.add({"pulled", grouped(number_of(peer, "changes_pulled")) + " changes"});
  print_table(session, table);
  return ExitCode::ok;
}

Result<ExitCode> run_forget(Session& session, const std::string& id) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->send("DELETE", path_of(*client, id));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, "{\"forgotten\":" + json_string(id) + '}');
  } else {
    session.out << "replica " << id << " is given up; should it come back, it takes a snapshot\n";
  }
  return ExitCode::ok;
}

using Run = Result<ExitCode> (*)(Session&, const std::string&);

Command command_on_peer(std::string name, std::string summary, std::string examples, Run run) {
  auto id = std::make_shared<std::string>();
  Command command;
  command.name = std::move(name);
  command.summary = std::move(summary);
  command.examples = "examples:\n" + std::move(examples);
  command.options.push_back(
      {.name = "ID", .target = id.get(), .help = "the replica's id, a UUID", .required = true});
  command.run = [id, run](Session& session) { return run(session, *id); };
  return command;
}

}  // namespace

Command peer_commands() {
  Command list;
  list.name = "list";
  list.summary = "List the replicas of a tenant, how they stand and what they hold back";
  list.examples = "examples:\n  syncline peers list\n  syncline peers list --tenant shop --json";
  list.run = run_list;

  Command group;
  group.name = "peers";
  group.summary = "List, show and forget the replicas that exchange with a tenant";
  group.examples =
      "examples:\n"
      "  syncline peers list\n"
      "  syncline peers forget 6f1d2c3b-8a4e-4f60-9d1e-0c7b5a3f2e11";
  group.subcommands = {
      std::move(list),
      command_on_peer("show", "Show one replica",
                      "  syncline peers show 6f1d2c3b-8a4e-4f60-9d1e-0c7b5a3f2e11", run_show),
      command_on_peer("forget", "Give a replica up that does not come back",
                      "  syncline peers forget 6f1d2c3b-8a4e-4f60-9d1e-0c7b5a3f2e11", run_forget)};
  return group;
}

}  // namespace syncline::app
