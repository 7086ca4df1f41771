#include "app/sync_round.hpp"

#include "app/edge_directory.hpp"
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

}  // namespace

Result<EdgeRound> run_edge_round(const std::string& directory, const std::string& token,
                                 const std::function<void(const SyncReport&)>& on_progress) {
  const auto catalogue = read_catalogue(system_files(), directory);
  if (!catalogue) return catalogue.error();
  if (catalogue->edge) {
    if (const auto greeted = greet(catalogue->edge->server); !greeted) return greeted.error();
  }
  const auto edge = EdgeDirectory::open(directory);
  if (!edge) return edge.error();
  const EdgeHome& home = edge->home();

  HttpTransportOptions transport_options;
  transport_options.url = home.server;
  transport_options.token = token;
  transport_options.timeout = request_timeout;
  const auto transport = make_http_transport(std::move(transport_options));
  if (!transport) return transport.error();
  SyncClient::Options client_options;
  client_options.tenant = home.tenant;
  client_options.name = home.name;
  client_options.tables = home.tables;
  client_options.on_progress = on_progress;
  SyncClient client(edge->replica(), **transport, std::move(client_options));
  EdgeRound round;
  round.was_copy = edge->was_copy;
  auto report = client.sync();
  // What the round did before it failed stays, and so do settings that came with it.
  const auto kept = edge->keep_settings();
  if (!report) return report.error();
  if (!kept) return kept.error();
  // What the disk refuses now the next round does.
  static_cast<void>(enforce_edge_retention(edge->replica(), retention_of(edge->replica()),
                                           edge->replica().wall_time_us()));
  round.report = std::move(*report);
  round.node = edge->replica().node();
  return round;
}

}  // namespace syncline::app
