// `syncline edge …`: directories that work offline.
#include <array>
#include <ostream>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/data_connection.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/text_width.hpp"
#include "syncline/clock.hpp"
#include "syncline/node.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string directory;
  std::optional<std::string> server;
  std::optional<std::string> tenant;
  std::optional<std::string> name;
};

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "edge";
  return name.data();
}

Result<ExitCode> run_init(Session& session, const Arguments& arguments) {
  EdgeHome home;
  home.server = arguments.server.value_or(session.client.server);
  home.tenant = arguments.tenant.value_or(session.client.tenant);
  home.name = arguments.name.value_or(host_name());
  HttpTransportOptions transport;
  transport.url = home.server;
  if (const auto good = make_http_transport(transport); !good) {
    return wrong_usage(session, "--server: " + good.error().detail);
  }
  if (const auto good = validate_tenant_id(home.tenant); !good) {
    return wrong_usage(session, "--tenant: " + good.error().detail);
  }
  Node::Options options;
  options.directory = arguments.directory;
  const auto made = Node::init_edge(std::move(options), home, system_clock().now_us());
  if (!made) return made.error();
  if (session.json) {
    print_json(session, dump_json({{"directory", arguments.directory},
                                   {"server", home.server},
                                   {"tenant", home.tenant},
                                   {"name", home.name}}));
    return ExitCode::ok;
  }
  session.out << printable(arguments.directory) << " is an edge of tenant '" << home.tenant
              << "' on " << printable(home.server) << ", named '" << printable(home.name)
              << "'\nfetch what the server has: syncline sync " << printable(arguments.directory)
              << "\nwrite offline: syncline put TABLE ROW DATA --data "
              << printable(arguments.directory) << '\n';
  return ExitCode::ok;
}

Command init_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "init";
  command.summary = "Make a directory that holds a replica of one tenant of a server";
  command.examples =
      "The server need not be there yet. What is written before the first 'sync' is sent with "
      "it.\n\n"
      "examples:\n"
      "  syncline edge init field-work --server http://127.0.0.1:8437 --tenant shop --name tablet\n"
      "  syncline put orders 42 '{\"item\": \"lamp\"}' --data field-work\n"
      "  syncline sync field-work";
  command.options = {
      {.name = "DIR",
       .target = &arguments->directory,
       .help = "the directory; it has to be empty or not there",
       .required = true},
      {.name = "--server",
       .target = &arguments->server,
       .help = "the server's address, also by SYNCLINE_SERVER",
       .value_name = "URL"},
      {.name = "--tenant",
       .target = &arguments->tenant,
       .help = "the tenant, also by SYNCLINE_TENANT",
       .value_name = "ID"},
      {.name = "--name",
       .target = &arguments->name,
       .help = "what the server calls it in its list of peers; this host's name if not given",
       .value_name = "NAME"}};
  command.run = [arguments](Session& session) { return run_init(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace

Command edge_commands() {
  Command group;
  group.name = "edge";
  group.summary = "Make data directories that work offline";
  group.examples =
      "examples:\n"
      "  syncline edge init field-work --server http://127.0.0.1:8437 --tenant shop";
  group.subcommands = {init_command()};
  group.talks_to_server = false;
  return group;
}

}  // namespace syncline::app
