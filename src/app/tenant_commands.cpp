// `syncline tenant …`: tenants, their plans and settings.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string id;
  std::optional<std::string> plan;
  std::optional<std::string> policy;
  std::vector<std::string> table_policies;
  std::optional<std::uint64_t> max_clock_drift_ms;
  std::optional<std::string> home;
  std::optional<std::uint64_t> lease_s;
};

std::string path_of(const std::string& id) { return "/v1/tenants/" + percent_encoded(id); }

// The settings that the words name; an empty object if they name none.
nlohmann::json named_settings(const Arguments& arguments) {
  nlohmann::json settings = nlohmann::json::object();
  if (arguments.policy) settings["policies"]["default"] = *arguments.policy;
  for (const std::string& pair : arguments.table_policies) {
    const std::size_t equals = pair.rfind('=');  // there is one: table_policy_fault
    settings["policies"]["tables"][pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (arguments.max_clock_drift_ms) {
    settings["max_clock_drift_ms"] = *arguments.max_clock_drift_ms;
  }
  if (arguments.lease_s) settings["lease_s"] = *arguments.lease_s;
  if (arguments.home) {
    settings["home"] = nullptr;
    if (*arguments.home != "none") settings["home"] = *arguments.home;
  }
  return settings;
}

std::string policies_of(const nlohmann::json& tenant) {
  const nlohmann::json& policies = member_of(member_of(tenant, "settings"), "policies");
  std::string text = text_of(policies, "default");
  for (const auto& [table, policy] : member_of(policies, "tables").items()) {
    text +=
        ", " + table + '=' + (policy.is_string() ? policy.get<std::string>() : dump_json(policy));
  }
  return text;
}

void print_tenant(Session& session, std::string_view body) {
  if (session.json) return print_json(session, body);
  const auto tenant = parse_json(body);
  Table table({{.title = "tenant", .may_shrink = false}, {.title = text_of(tenant, "id")}});
  table.add({"plan", text_of(tenant, "plan")});
  table.add({"policies", policies_of(tenant)});
  const nlohmann::json& settings = member_of(tenant, "settings");
  table.add({"max clock drift", text_of(settings, "max_clock_drift_ms") + " ms"});
  const std::string home = text_of(settings, "home");
  table.add({"home", home.empty() ? "none" : home});
  table.add({"lease", text_of(settings, "lease_s") + " s"});
  table.add({"settings version", text_of(settings, "version")});
  if (const auto created = text_of(tenant, "created_at"); !created.empty()) {
    table.add({"created", short_time(created)});
  }
  print_table(session, table);
}

Result<ExitCode> run_create(Session& session, const Arguments& arguments) {
  nlohmann::json body{{"id", arguments.id}, {"plan", arguments.plan.value_or("unlimited")}};
  const nlohmann::json settings = named_settings(arguments);
  if (!settings.empty()) body["settings"] = settings;
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->post("/v1/tenants", dump_json(body));
  if (!answer) return answer.error();
  print_tenant(session, *answer);
  return ExitCode::ok;
}

Result<ExitCode> run_list(Session& session) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  std::vector<std::string> tenants;
  std::string page;
  do {
    const auto answer = client->get(Target("/v1/tenants").add("limit", 1000).add("page", page));
    if (!answer) return answer.error();
    for (const auto text : array_texts(*answer, "tenants")) tenants.emplace_back(text);
    page = text_of(parse_json(*answer), "next_page");
  } while (!page.empty());
  if (session.json) {
    print_json_list(session, "tenants", tenants, {});
    return ExitCode::ok;
  }
  Table table(
      {{.title = "tenant"}, {.title = "plan"}, {.title = "policies"}, {.title = "created"}});
  for (const std::string& text : tenants) {
    const auto tenant = parse_json(text);
    table.add({text_of(tenant, "id"), text_of(tenant, "plan"), policies_of(tenant),
               short_time(text_of(tenant, "created_at"))});
  }
  print_table(session, table);
  return ExitCode::ok;
}

Result<ExitCode> run_show(Session& session, const Arguments& arguments) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->get(Target(path_of(arguments.id)));
  if (!answer) return answer.error();
  print_tenant(session, *answer);
  return ExitCode::ok;
}

Result<ExitCode> run_set(Session& session, const Arguments& arguments) {
  const nlohmann::json named = named_settings(arguments);
  if (!arguments.plan && named.empty()) {
    return wrong_usage(session, "nothing to set; see 'syncline tenant set --help'");
  }
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  nlohmann::json body = nlohmann::json::object();
  if (arguments.plan) body["plan"] = *arguments.plan;
  if (!named.empty()) {
    // The settings are sent whole, with what is there already.
    const auto present = client->get(Target(path_of(arguments.id)));
    if (!present) return present.error();
    nlohmann::json settings = member_of(parse_json(*present), "settings");
    if (!settings.is_object()) settings = nlohmann::json::object();
    settings.erase("version");
    settings.merge_patch(named);
    // To a patch null means to leave a member out, which would leave the home as it is.
    if (named.contains("home")) settings["home"] = named["home"];
    body["settings"] = settings;
  }
  const auto answer = client->send("PATCH", path_of(arguments.id), dump_json(body));
  if (!answer) return answer.error();
  print_tenant(session, answer->body);
  return ExitCode::ok;
}

Result<ExitCode> run_delete(Session& session, const Arguments& arguments) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->send("DELETE", path_of(arguments.id));
  if (!answer) return answer.error();
  if (session.json) {
    print_json(session, "{\"deleted\":" + json_string(arguments.id) + '}');
  } else {
    session.out << "tenant '" << arguments.id << "' is deleted\n";
  }
  return ExitCode::ok;
}

using Run = Result<ExitCode> (*)(Session&, const Arguments&);

Command command_on_tenant(std::string name, std::string summary, std::string examples, Run run,
                          bool with_settings) {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = std::move(name);
  command.summary = std::move(summary);
  command.examples = "examples:\n" + std::move(examples);
  command.options.push_back(
      {.name = "ID", .target = &arguments->id, .help = "the tenant's id", .required = true});
  if (with_settings) {
    command.options.push_back({.name = "--plan",
                               .target = &arguments->plan,
                               .help = "free, starter, pro, enterprise, unlimited",
                               .value_name = "NAME"});
    command.options.push_back({.name = "--policy",
                               .target = &arguments->policy,
                               .help = "who wins a conflict: lww, causal",
                               .value_name = "POLICY",
                               .choices = policy_choices()});
    command.options.push_back({.name = "--table-policy",
                               .target = &arguments->table_policies,
                               .help = "another policy for one table; repeatable",
                               .value_name = "TABLE=POLICY",
                               .fault = table_policy_fault});
    command.options.push_back({.name = "--max-clock-drift-ms",
                               .target = &arguments->max_clock_drift_ms,
                               .help = "how far ahead a replica's own changes may be dated",
                               .value_name = "MS",
                               .range = {.from = 0}});
    command.options.push_back({.name = "--home",
                               .target = &arguments->home,
                               .help = "who decides what is stable: self, none or a replica's id",
                               .value_name = "WHO"});
    command.options.push_back({.name = "--lease-s",
                               .target = &arguments->lease_s,
                               .help = "how long a replica may be silent before it is given up",
                               .value_name = "S",
                               .range = {.from = 60}});
  }
  command.run = [arguments, run](Session& session) { return run(session, *arguments); };
  return command;
}

}  // namespace

Command tenant_commands() {
  Command list;
  list.name = "list";
  list.summary = "List all tenants";
  list.examples = "examples:\n  syncline tenant list\n  syncline tenant list --json";
  list.run = run_list;

  Command group;
  group.name = "tenant";
  group.summary = "Create, list, show, change and delete tenants";
  group.examples =
      "examples:\n"
      "  syncline tenant create shop --plan pro --policy causal\n"
      "  syncline tenant list";
  group.subcommands = {
      command_on_tenant("create", "Create a tenant (on plan unlimited if none is named)",
                        "  syncline tenant create shop --plan pro\n"
                        "  syncline tenant create museum --policy lww --table-policy loans=causal",
                        run_create, true),
      std::move(list),
      command_on_tenant("show", "Show a tenant's plan and settings", "  syncline tenant show shop",
                        run_show, false),
      command_on_tenant("set", "Change a tenant's plan or settings",
                        "  syncline tenant set shop --plan enterprise\n"
                        "  syncline tenant set shop --table-policy orders=causal",
                        run_set, true),
      command_on_tenant("delete", "Delete a tenant and all its data",
                        "  syncline tenant delete shop", run_delete, false)};
  return group;
}

}  // namespace syncline::app
