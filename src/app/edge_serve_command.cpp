// `syncline edge serve`: an edge that others can ask, and that asks others.
#include <algorithm>
#include <ostream>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/edge_exchange.hpp"
#include "app/json_text.hpp"
#include "app/listen_address.hpp"
#include "app/opening_report.hpp"
#include "app/output.hpp"
#include "app/server_log.hpp"
#include "app/text_width.hpp"
#include "http/url.hpp"
#include "syncline/server.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string directory;
  std::string listen = "127.0.0.1:8438";  // not the one of a server on the same machine
  std::vector<std::string> peers;
  bool no_home = false;
  std::optional<std::string> token;
  std::string log_level = "warn";
};

/// Each peer is a thread and a connection, and every change goes over each of them.
constexpr std::size_t max_peers = 64;

/// The same for two ways to write one address.
Result<std::string> address_of(const std::string& url) {
  const auto parts = http::parse_server_url(url);
  if (!parts) return parts.error();
  const bool here = parts->host == "localhost" || parts->host == "::1";
  return (here ? "127.0.0.1" : parts->host) + ' ' + parts->port + parts->prefix;
}

/// What is wrong with the peers; empty if nothing is. `own` is the edge itself, `server` its
/// server's address unless it does not exchange with that. An edge that asked itself would take
/// itself for a copy, and two exchanges with one other would be twice the same work.
std::string peers_fault(const std::vector<std::string>& peers, const std::string& own,
                        const std::string& server) {
  if (peers.size() > max_peers) {
    return "--peer is given at most " + std::to_string(max_peers) +
           " times; others can ask this "
           "edge instead";
  }
  std::vector<std::string> seen;
  for (const std::string& peer : peers) {
    const auto address = address_of(peer);
    if (!address) return "--peer " + peer + ": " + address.error().detail;
    if (*address == own) return "--peer " + peer + " is this edge itself; name others";
    if (*address == server) {
      return "--peer " + peer + " is the edge's server; it exchanges with that without being told";
    }
    if (std::find(seen.begin(), seen.end(), *address) != seen.end()) {
      return "--peer " + peer + " is named twice";
    }
    seen.push_back(*address);
  }
  return {};
}

Result<void> check_edge(const EdgeHome& home, const std::string& directory) {
  if (home.tables.empty()) return {};
  return Error(ErrorCode::bad_request,
               directory +
                   " holds some of its server's tables only, and others would miss the rest; "
                   "'syncline edge set " +
                   directory + " --all-tables' makes it hold all, 'syncline sync " + directory +
                   " --follow' exchanges it with its server");
}

/// The first thing on standard output: whoever started the edge waits for it.
void announce(Session& session, const std::string& url, const EdgeDirectory& edge,
              const Arguments& arguments) {
  const EdgeHome& home = edge.home();
  const Node& node = *edge.opened.node;
  if (session.json) {
    nlohmann::json started{{"url", url},
                           {"pid", getpid()},
                           {"node", edge.replica().node().to_string()},
                           {"tenant", home.tenant},
                           {"name", home.name},
                           {"server", nullptr},
                           {"peers", arguments.peers},
                           {"data", opening_json(node)}};
    if (!arguments.no_home) started["server"] = home.server;
    session.out << dump_json(started) << std::endl;
    return;
  }
  session.out << "syncline listens on " << url << '\n'
              << "an edge of tenant '" << home.tenant << "', named '" << printable(home.name)
              << "'\n"
              << opening_text(node);
  if (!arguments.no_home) {
    session.out << "it exchanges with its server " << printable(home.server) << '\n';
  }
  for (const std::string& peer : arguments.peers) {
    session.out << "it exchanges with " << printable(peer) << '\n';
  }
  session.out << "stop it with Ctrl-C or SIGTERM" << std::endl;
}

Result<void> add_remotes(EdgeExchange& exchange, const Arguments& arguments) {
  if (!arguments.no_home) {
    if (auto added = exchange.add_server(); !added) return added;
  }
  for (const std::string& peer : arguments.peers) {
    if (auto added = exchange.add_peer(peer); !added) return added;
  }
  return {};
}

Result<ExitCode> run_serve(Session& session, const Arguments& arguments) {
  const auto listen = parse_listen_address(arguments.listen);
  if (!listen) return wrong_usage(session, "--listen: " + listen.error().detail);
  const StopSignals signals;  // before any thread starts
  const auto log = make_server_log(arguments.log_level);
  auto edge = EdgeDirectory::open(arguments.directory);
  if (!edge) return edge.error();
  if (const auto good = check_edge(edge->home(), arguments.directory); !good) return good.error();
  // Port 0 is none that anybody could have named.
  const std::string own = (listen->address == "::1" ? "127.0.0.1" : listen->address) + ' ' +
                          std::to_string(listen->port);
  const auto server_address = address_of(edge->home().server);
  const std::string server_is =
      arguments.no_home || !server_address ? std::string() : *server_address;
  if (server_is == own) {
    return wrong_usage(session, "--listen " + arguments.listen + " is where the edge's server is");
  }
  if (const std::string fault = peers_fault(arguments.peers, own, server_is); !fault.empty()) {
    return wrong_usage(session, fault);
  }
  EdgeExchange::Options exchange_options;
  exchange_options.token = arguments.token.value_or(session.client.token);
  exchange_options.serves = true;
  EdgeExchange exchange(session, *edge, std::move(exchange_options));
  if (const auto added = add_remotes(exchange, arguments); !added) return added.error();

  Server::Options options;
  options.address = listen->address;
  options.port = listen->port;
  options.access_log = [log](const AccessLogLine& line) { log_access(*log, line); };
  const auto server = Server::start(*edge->opened.tenants, std::move(options));
  if (!server) return server.error();
  announce(session, (*server)->url(), *edge, arguments);

  if (const auto received = exchange.run(signals)) log_stopping(*log, *received);
  (*server)->stop();
  exchange.stop();
  if (const auto flushed = flush_all(*edge->opened.tenants); !flushed) return flushed.error();
  log->info("stopped");
  return ExitCode::ok;
}

}  // namespace

Command edge_serve_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "serve";
  command.summary = "Serve an edge to others, and keep it in sync with its server and with peers";
  command.examples =
      "Edges that serve one another synchronise without their server; what one of them exchanges\n"
      "with it reaches all. The URL is the first line on standard output, then comes one line for\n"
      "each exchange that moved something. SIGTERM and Ctrl-C end it gracefully. Programs write "
      "to\n"
      "the edge through its URL meanwhile, as to a server.\n\n"
      "examples:\n"
      "  syncline edge serve field-work\n"
      "  syncline edge serve tablet --listen 127.0.0.1:9001 --peer http://127.0.0.1:9002\n"
      "  syncline edge serve tablet --peer http://127.0.0.1:9002 --no-home";
  command.options = {
      {.name = "DIR",
       .target = &arguments->directory,
       .help = "the edge's directory, see 'syncline edge init'",
       .required = true},
      {.name = "--listen",
       .target = &arguments->listen,
       .help = "address and port, 127.0.0.1:8438 if not given; port 0 is any free one",
       .value_name = "ADDRESS:PORT"},
      {.name = "--peer",
       .target = &arguments->peers,
       .help = "exchange with this edge, which serves; repeatable. One side asking is enough",
       .value_name = "URL"},
      {.name = "--no-home",
       .target = &arguments->no_home,
       .help = "do not exchange with the edge's own server"},
      {.name = "--token",
       .target = &arguments->token,
       .help = "bearer token for the server and all peers, also by SYNCLINE_TOKEN",
       .value_name = "JWT"},
      log_level_option(arguments->log_level)};
  command.run = [arguments](Session& session) { return run_serve(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
