#include "app/sync_round.hpp"

#include "app/data_connection.hpp"
#include "sync/retention.hpp"
#include "sync/standing.hpp"

namespace syncline::app {
namespace {

// A server that does not answer for so long is taken for one that is away.
constexpr std::chrono::milliseconds request_timeout{30'000};

// Nobody else can use the directory during an exchange, so it is not opened for a server that is
// away, or that takes connections and answers nothing.
constexpr std::chrono::milliseconds greeting_timeout{4'000};

Result<void> greet(const std::string& server) {
  HttpTransportOptions options;
  options.url = server;
  options.timeout = greeting_timeout;
  const auto transport = make_http_transport(std::move(options));
  if (!transport) return transport.error();
  const auto answer = (*transport)->send({"GET", "/healthz", {}, {}});
  return answer ? Result<void>() : answer.error();
}

// The server's word on policies is part of what an edge has to know offline.
Result<void> keep_settings(Node& node, const Replica& replica) {
  TenantSettings settings;
  settings.policies = replica.policies();
  settings.max_clock_drift_ms = replica.max_clock_drift_ms();
  settings.version = replica.settings_version();
  settings.home = home_of(replica);
  settings.retention = retention_of(replica);
  return node.keep_settings(settings);
}

}  // namespace

Result<EdgeRound> run_edge_round(const std::string& directory, const std::string& token,
                                 const std::function<void(const SyncReport&)>& on_progress) {
  const auto catalogue = read_catalogue(system_files(), directory);
  if (!catalogue) return catalogue.error();
  if (catalogue->edge) {
    if (const auto greeted = greet(catalogue->edge->server); !greeted) return greeted.error();
  }
  Node::Options options;
  options.directory = directory;
  options.create = false;
  options.lock_wait = directory_wait;
  const auto opened = OpenDirectory::open(std::move(options));
  if (!opened) return opened.error();
  const auto& home = opened->node->edge();
  if (!home) {
    return Error(ErrorCode::bad_request,
                 directory +
                     " is a server's data directory; only an edge has a server to "
                     "exchange with");
  }
  const auto tenant = opened->tenants->get(home->tenant);
  if (!tenant) return tenant.error();
  Replica& replica = (*tenant)->replica();

  HttpTransportOptions transport_options;
  transport_options.url = home->server;
  transport_options.token = token;
  transport_options.timeout = request_timeout;
  const auto transport = make_http_transport(std::move(transport_options));
  if (!transport) return transport.error();
  SyncClient::Options client_options;
  client_options.tenant = home->tenant;
  client_options.name = home->name;
  client_options.on_progress = on_progress;
  SyncClient client(replica, **transport, std::move(client_options));
  EdgeRound round;
  for (const TenantOpening& opening : opened->node->openings()) {
    round.was_copy = round.was_copy || opening.identity_changed;
  }
  auto report = client.sync();
  // What the round did before it failed stays, and so do settings that came with it.
  const auto kept = keep_settings(*opened->node, replica);
  if (!report) return report.error();
  if (!kept) return kept.error();
  // What the disk refuses now the next round does.
  static_cast<void>(enforce_edge_retention(replica, retention_of(replica), replica.wall_time_us()));
  round.report = std::move(*report);
  round.node = replica.node();
  return round;
}

}  // namespace syncline::app
