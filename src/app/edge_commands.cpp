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
#include "app/value_check.hpp"
#include "syncline/clock.hpp"
#include "syncline/node.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string directory;
  std::optional<std::string> server;
  std::optional<std::string> tenant;
  std::optional<std::string> name;
  std::vector<std::string> tables;
  bool all_tables = false;
};

Option tables_option(const std::shared_ptr<Arguments>& arguments, std::string help) {
  return {.name = "--table",
          .target = &arguments->tables,
          .help = std::move(help),
          .value_name = "TABLE",
          .fault = [](const std::string& word) { return table_fault(word); }};
}

nlohmann::json names_json(const std::vector<std::string>& names) {
  return names.empty() ? nlohmann::json(nullptr) : nlohmann::json(names);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "edge";
  return name.data();
}

std::string server_fault(const std::string& url) {
  HttpTransportOptions transport;
  transport.url = url;
  const auto good = make_http_transport(std::move(transport));
  return good ? std::string() : "--server: " + good.error().detail;
}

Result<ExitCode> run_init(Session& session, const Arguments& arguments) {
  EdgeHome home;
  home.server = arguments.server.value_or(session.client.server);
  home.tenant = arguments.tenant.value_or(session.client.tenant);
  home.name = arguments.name.value_or(host_name());
  home.tables = arguments.tables;
  if (const std::string fault = server_fault(home.server); !fault.empty()) {
    return wrong_usage(session, fault);
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
                                   {"name", home.name},
                                   {"tables", names_json(home.tables)}}));
    return ExitCode::ok;
  }
  session.out << printable(arguments.directory) << " is an edge of tenant '" << home.tenant
              << "' on " << printable(home.server) << ", named '" << printable(home.name)
              << "'\nfetch what the server has: syncline sync " << printable(arguments.directory)
              << "\nwrite offline: syncline put TABLE ROW DATA --data "
              << printable(arguments.directory) << '\n';
  return ExitCode::ok;
}

// What `set` was told to set, which has to be something; empty if nothing is wrong.
std::string set_fault(const Arguments& arguments) {
  const bool tables = !arguments.tables.empty();
  if (tables && arguments.all_tables) return "--table and --all-tables exclude each other";
  if (!tables && !arguments.all_tables && !arguments.server) {
    return "name tables with --table, say --all-tables, or name the server with --server";
  }
  return arguments.server ? server_fault(*arguments.server) : std::string();
}

Result<ExitCode> run_set(Session& session, const Arguments& arguments) {
  if (const std::string fault = set_fault(arguments); !fault.empty()) {
    return wrong_usage(session, fault);
  }
  Node::Options options;
  options.directory = arguments.directory;
  options.create = false;
  options.lock_wait = directory_wait;
  const auto node = Node::open(std::move(options));
  if (!node) return with_advice(node.error(), arguments.directory);
  if (arguments.all_tables || !arguments.tables.empty()) {
    if (const auto set = (*node)->set_edge_tables(arguments.tables); !set) return set.error();
  }
  if (arguments.server) {
    if (const auto set = (*node)->set_edge_server(*arguments.server); !set) return set.error();
  }
  const EdgeHome& home = *(*node)->edge();
  if (session.json) {
    print_json(session, dump_json({{"directory", arguments.directory},
                                   {"server", home.server},
                                   {"tables", names_json(home.tables)}}));
    return ExitCode::ok;
  }
  if (arguments.server) {
    session.out << "the next sync goes to " << printable(home.server) << '\n';
  }
  if (arguments.all_tables || !arguments.tables.empty()) {
    session.out << "the next sync fetches what is new in that, and drops what is no more in it\n";
  }
  return ExitCode::ok;
}

Command set_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "set";
  command.summary = "Say where an edge's server is, and which of its tables the edge holds";
  command.examples =
      "The next 'sync' fetches the rows of new tables. Those of others are dropped here, once the\n"
      "server has all that was written to them. A server that moved is found by its new address;\n"
      "one that has other data gets what this edge has of the tenant.\n\n"
      "examples:\n"
      "  syncline edge set field-work --table orders --table items\n"
      "  syncline edge set field-work --all-tables\n"
      "  syncline edge set field-work --server http://127.0.0.1:9000";
  command.options = {
      {.name = "DIR",
       .target = &arguments->directory,
       .help = "the edge's directory, see 'syncline edge init'",
       .required = true},
      tables_option(arguments, "hold this table, and no others; repeatable"),
      {.name = "--all-tables", .target = &arguments->all_tables, .help = "hold all tables"},
      {.name = "--server",
       .target = &arguments->server,
       .help = "the server's address from now on",
       .value_name = "URL"}};
  command.run = [arguments](Session& session) { return run_set(session, *arguments); };
  command.talks_to_server = false;
  return command;
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
       .value_name = "NAME"},
      tables_option(arguments, "hold only this table of the server; repeatable")};
  command.run = [arguments](Session& session) { return run_init(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace

Command edge_commands() {
  Command group;
  group.name = "edge";
  group.summary = "Data directories that work offline, and can serve others";
  group.examples =
      "examples:\n"
      "  syncline edge init field-work --server http://127.0.0.1:8437 --tenant shop\n"
      "  syncline edge serve field-work --peer http://127.0.0.1:8439";
  group.subcommands = {init_command(), set_command(), edge_serve_command()};
  group.talks_to_server = false;
  return group;
}

}  // namespace syncline::app
