// `syncline serve`: a server in the foreground until SIGTERM or SIGINT.
#include <ostream>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/listen_address.hpp"
#include "app/output.hpp"
#include "syncline/server.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string listen = "127.0.0.1:8437";
  std::uint64_t threads = 0;  // one per core
  std::vector<std::string> tenants;
  std::string log_level = "info";
};

// More threads than this only wait for each other.
constexpr std::uint64_t max_threads = 1024;

// SIGTERM and SIGINT, kept back from all threads from now on and fetched by `wait`.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  int wait() const {
    int received = 0;
    while (sigwait(&signals_, &received) != 0) {
    }
    return received;
  }

 private:
  sigset_t signals_{};
};

void log_access(spdlog::logger& log, const AccessLogLine& line) {
  const auto level = line.status >= 500   ? spdlog::level::err
                     : line.status >= 400 ? spdlog::level::warn
                                          : spdlog::level::info;
  log.log(level, "{} {} {} in={} out={} us={} id={}", line.method, line.target, line.status,
          line.bytes_in, line.bytes_out, line.duration_us, line.request_id);
}

Result<void> create_tenants(TenantManager& tenants, const std::vector<std::string>& wanted) {
  for (const std::string& text : wanted) {
    const InitialTenant initial = parse_initial_tenant(text);
    const auto created = tenants.create(initial.id, initial.plan);
    if (!created) return created.error();
  }
  return {};
}

// The first thing on standard output: whoever started the server waits for it.
void announce(Session& session, const std::string& url, const TenantManager& tenants) {
  if (session.json) {
    nlohmann::json started{{"url", url}, {"pid", getpid()}};
    started["tenants"] = nlohmann::json::array();
    for (const auto& tenant : tenants.list()) {
      started["tenants"].push_back({{"id", tenant->id()}, {"plan", tenant->plan().name}});
    }
    session.out << dump_json(started) << std::endl;
    return;
  }
  session.out << "syncline listens on " << url << '\n';
  for (const auto& tenant : tenants.list()) {
    session.out << "tenant '" << tenant->id() << "' on plan " << tenant->plan().name << '\n';
  }
  session.out << "data are kept in memory; no token keys are configured, so only connections from "
                 "this machine are taken\n"
                 "stop it with Ctrl-C or SIGTERM"
              << std::endl;
}

Result<ExitCode> run_serve(Session& session, const Arguments& arguments) {
  const auto listen = parse_listen_address(arguments.listen);
  if (!listen) return wrong_usage(session, "--listen: " + listen.error().detail);
  const StopSignals stop_signals;  // before any thread starts, so that all of them inherit it
  spdlog::logger log("syncline", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log.set_level(spdlog::level::from_str(arguments.log_level));
  log.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  log.flush_on(spdlog::level::warn);

  TenantManager tenants;
  const std::vector<std::string> usual{"default"};
  if (const auto created =
          create_tenants(tenants, arguments.tenants.empty() ? usual : arguments.tenants);
      !created) {
    return created.error();
  }
  Server::Options options;
  options.address = listen->address;
  options.port = listen->port;
  options.threads = static_cast<unsigned>(arguments.threads);
  options.access_log = [&log](const AccessLogLine& line) { log_access(log, line); };
  const auto server = Server::start(tenants, std::move(options));
  if (!server) return server.error();
  announce(session, (*server)->url(), tenants);

  const int received = stop_signals.wait();
  log.info("{}: no more connections are taken, requests under way are finished",
           received == SIGINT ? "SIGINT" : "SIGTERM");
  (*server)->stop();
  log.info("stopped");
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
      "output, the access log goes to standard error. SIGTERM and Ctrl-C end it gracefully.\n\n"
      "examples:\n"
      "  syncline serve\n"
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
               "('default' if not given)",
       .value_name = "ID[:PLAN]"},
      {.name = "--log-level",
       .target = &arguments->log_level,
       .help = "requests are logged at info, refused ones at warn, failed ones at error",
       .value_name = "LEVEL",
       .choices = {"debug", "info", "warn", "error", "off"}}};
  command.run = [arguments](Session& session) { return run_serve(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
