// `syncline serve`: a server in the foreground until SIGTERM or SIGINT.
#include <ostream>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/data_connection.hpp"
#include "app/json_text.hpp"
#include "app/listen_address.hpp"
#include "app/opening_report.hpp"
#include "app/output.hpp"
#include "app/server_log.hpp"
#include "app/stop_signals.hpp"
#include "syncline/server.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string listen = "127.0.0.1:8437";
  std::uint64_t threads = 0;  // one per core
  std::vector<std::string> tenants;
  std::string log_level = "info";
  std::optional<std::string> data;
  std::optional<std::string> durability;
  std::optional<std::uint64_t> interval_ms;
  bool restored = false;
};

// More threads than this only wait for each other.
constexpr std::uint64_t max_threads = 1024;
// What is not on the disk for longer than an hour might as well stay in memory.
constexpr std::uint64_t max_interval_ms = 3'600'000;

// Those that are not there yet.
Result<void> create_tenants(TenantManager& tenants, const std::vector<std::string>& wanted) {
  for (const std::string& text : wanted) {
    const InitialTenant initial = parse_initial_tenant(text);
    if (tenants.get(initial.id)) continue;
    const auto created = tenants.create(initial.id, initial.plan);
    if (!created) return created.error();
  }
  return {};
}

// What options say that go together with --data only; empty if nothing is wrong.
std::string data_fault(const Arguments& arguments) {
  if (!arguments.data) {
    if (arguments.durability) return "--durability needs --data: memory has none";
    if (arguments.interval_ms) return "--interval-ms needs --data";
    if (arguments.restored) return "--restored needs --data";
  } else if (arguments.data->empty()) {
    return "--data needs the path of a directory";
  } else if (arguments.interval_ms && arguments.durability.value_or("commit") == "commit") {
    return "--interval-ms goes with --durability interval or none; 'commit' waits for no interval";
  }
  return {};
}

Result<OpenDirectory> open_data(const Arguments& arguments) {
  Node::Options options;
  options.directory = *arguments.data;
  options.restored = arguments.restored;
  options.lock_wait = directory_wait;
  options.compress_closed = true;
  if (arguments.durability) {
    const auto durability = durability_from_string(*arguments.durability);
    if (!durability) return durability.error();
    options.durability = *durability;
  }
  if (arguments.interval_ms) options.interval = std::chrono::milliseconds(*arguments.interval_ms);
  auto opened = OpenDirectory::open(std::move(options));
  if (opened && opened->node->edge()) {
    return Error(ErrorCode::bad_request,
                 *arguments.data +
                     " is an edge's data directory, and a server needs its own; "
                     "'syncline edge serve " +
                     *arguments.data + "' serves an edge's, 'syncline sync " + *arguments.data +
                     "' exchanges it with its server");
  }
  return opened;
}

// The first thing on standard output: whoever started the server waits for it.
void announce(Session& session, const std::string& url, const TenantManager& tenants,
              const Node* node) {
  if (session.json) {
    nlohmann::json started{{"url", url}, {"pid", getpid()}};
    started["tenants"] = nlohmann::json::array();
    for (const auto& tenant : tenants.list()) {
      started["tenants"].push_back({{"id", tenant->id()}, {"plan", tenant->plan().name}});
    }
    started["data"] = node == nullptr ? nlohmann::json() : opening_json(*node);
    session.out << dump_json(started) << std::endl;
    return;
  }
  session.out << "syncline listens on " << url << '\n';
  for (const auto& tenant : tenants.list()) {
    session.out << "tenant '" << tenant->id() << "' on plan " << tenant->plan().name << '\n';
  }
  if (node == nullptr) {
    session.out << "data are kept in memory and end with this process; --data DIR keeps them\n";
  } else {
    session.out << opening_text(*node);
  }
  session.out << "no token keys are configured, so only connections from this machine are taken\n"
                 "stop it with Ctrl-C or SIGTERM"
              << std::endl;
}

Result<ExitCode> run_serve(Session& session, const Arguments& arguments) {
  if (const std::string fault = data_fault(arguments); !fault.empty()) {
    return wrong_usage(session, fault);
  }
  const auto listen = parse_listen_address(arguments.listen);
  if (!listen) return wrong_usage(session, "--listen: " + listen.error().detail);
  const StopSignals stop_signals;  // before any thread starts, so that all of them inherit it
  const auto log = make_server_log(arguments.log_level);

  OpenDirectory directory;
  if (arguments.data) {
    auto opened = open_data(arguments);
    if (!opened) return opened.error();
    directory = std::move(*opened);
  } else {
    directory.tenants = std::make_unique<TenantManager>();
  }
  TenantManager& tenants = *directory.tenants;
  std::vector<std::string> wanted = arguments.tenants;
  if (wanted.empty() && tenants.list().empty()) wanted = {"default"};
  if (const auto created = create_tenants(tenants, wanted); !created) return created.error();
  Server::Options options;
  options.address = listen->address;
  options.port = listen->port;
  options.threads = static_cast<unsigned>(arguments.threads);
  options.access_log = [log](const AccessLogLine& line) { log_access(*log, line); };
  const auto server = Server::start(tenants, std::move(options));
  if (!server) return server.error();
  announce(session, (*server)->url(), tenants, directory.node.get());

  log_stopping(*log, stop_signals.wait());
  (*server)->stop();
  // With --durability interval or none something may still be on its way to the disk.
  if (const auto flushed = flush_all(tenants); !flushed) return flushed.error();
  log->info("stopped");
  return ExitCode::ok;
}

}  // namespace

Command serve_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "serve";
  command.summary = "Run a server until it is interrupted";
  command.examples =
      "Without token keys it listens on loopback only. Its URL is the first line on standard\n"
      "output, the access log goes to standard error. SIGTERM and Ctrl-C end it gracefully.\n"
      "With --data everything survives a restart; without, data are kept in memory.\n\n"
      "examples:\n"
      "  syncline serve\n"
      "  syncline serve --data /var/lib/syncline\n"
      "  syncline serve --listen 127.0.0.1:9000 --tenant shop:pro --tenant museum:free\n"
      "  syncline serve --listen 127.0.0.1:0 --json --log-level warn";
  command.options = {
      {.name = "--listen",
       .target = &arguments->listen,
       .help = "address and port, 127.0.0.1:8437 if not given; port 0 is any free one",
       .value_name = "ADDRESS:PORT"},
      {.name = "--threads",
       .target = &arguments->threads,
       .help = "threads that answer requests, 1 to 1024; one per core if not given",
       .value_name = "N",
       .range = {.from = 1, .to = max_threads}},
      {.name = "--tenant",
       .target = &arguments->tenants,
       .help = "a tenant to begin with, on plan unlimited if none is named; repeatable "
               "('default' if not given and there is none)",
       .value_name = "ID[:PLAN]"},
      {.name = "--data",
       .target = &arguments->data,
       .help = "the directory that data are kept in; it is made if it is not there",
       .value_name = "DIR"},
      {.name = "--durability",
       .target = &arguments->durability,
       .help = "with --data, when a write is acknowledged: commit (default), once it survives a "
               "power cut; interval and none, at once",
       .value_name = "WHEN",
       .choices = {"none", "interval", "commit"}},
      {.name = "--interval-ms",
       .target = &arguments->interval_ms,
       .help = "with --durability interval or none, how often data go to the disk (100)",
       .value_name = "N",
       .range = {.from = 1, .to = max_interval_ms}},
      {.name = "--restored",
       .target = &arguments->restored,
       .help = "the directory was brought back from a backup: go on under new ids. A copy made by "
               "'syncline backup' is found out without this"},
      log_level_option(arguments->log_level)};
  command.run = [arguments](Session& session) { return run_serve(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
