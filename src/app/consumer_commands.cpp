// `syncline consumers …`: who reads a tenant's changes under a name.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

Result<ExitCode> run_list(Session& session) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->get(Target(client->tenant_path("/consumers")));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, *answer);
    return ExitCode::ok;
  }
  Table table({{.title = "consumer"},
               {.title = "state"},
               {.title = "last seen"},
               {.title = "read up to LSN", .right = true},
               {.title = "holds back"}});
  for (const auto text : array_texts(*answer, "consumers")) {
    const auto consumer = parse_json(text);
    const nlohmann::json& held = member_of(consumer, "holds_back");
    std::string holds;
    if (held.is_object()) {
      holds = grouped(number_of(held, "changes")) + " changes from LSN " + text_of(held, "lsn");
    }
    table.add({text_of(consumer, "name"), text_of(consumer, "state"),
               short_time(text_of(consumer, "last_seen")), text_of(consumer, "lsn"), holds});
  }
  print_table(session, table);
  return ExitCode::ok;
}

Result<ExitCode> run_forget(Session& session, const std::string& name) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer =
      client->send("DELETE", client->tenant_path("/consumers/" + percent_encoded(name)));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, "{\"forgotten\":" + json_string(name) + '}');
  } else {
    session.out << "consumer '" << name << "' is forgotten and holds nothing back any more\n";
  }
  return ExitCode::ok;
}

}  // namespace

Command consumer_commands() {
  Command list;
  list.name = "list";
  list.summary = "List the named consumers of a tenant's changes and what they hold back";
  list.examples = "examples:\n  syncline consumers list\n  syncline consumers list --json";
  list.run = run_list;

  const auto name = std::make_shared<std::string>();
  Command forget;
  forget.name = "forget";
  forget.summary = "Forget a consumer that does not come back";
  forget.examples = "examples:\n  syncline consumers forget search-index";
  forget.options.push_back(
      {.name = "NAME", .target = name.get(), .help = "the consumer's name", .required = true});
  forget.run = [name](Session& session) { return run_forget(session, *name); };

  Command group;
  group.name = "consumers";
  group.summary = "List and forget the named consumers of a tenant's changes";
  group.examples = "examples:\n  syncline consumers list\n  syncline consumers forget search-index";
  group.subcommands = {std::move(list), std::move(forget)};
  return group;
}

}  // namespace syncline::app
