#include "app/edge_exchange.hpp"

#include <utility>

#include "app/follow_output.hpp"
#include "sync/standing.hpp"

namespace syncline::app {
namespace {

/// How often it is looked whether there is any use in going on.
constexpr std::chrono::milliseconds look_pause{200};

/// Under which name an edge's place in the log of its own server is kept.
constexpr std::string_view server_remote = "default";

}  // namespace

EdgeExchange::EdgeExchange(Session& session, EdgeDirectory& edge, Options options)
    : session_(session),
      edge_(edge),
      options_(std::move(options)),
      output_(std::make_unique<FollowOutput>(session_, edge_, options_.serves)) {}

EdgeExchange::~EdgeExchange() { stop(); }

Result<std::unique_ptr<Replicator>> EdgeExchange::make(const std::string& url, std::string remote) {
  const EdgeHome& home = edge_.home();
  ReplicatorServer server;
  server.url = url;
  server.tenant = home.tenant;
  auto ports = make_http_ports(std::move(server));
  if (!ports) return ports.error();
  Replicator::Options options;
  options.replica = &edge_.replica();
  options.ports = std::move(*ports);
  options.tenant = home.tenant;
  options.remote = std::move(remote);
  options.name = home.name;
  options.tables = home.tables;
  options.token = [token = options_.token] { return token; };
  if (options_.interval_ms) {
    options.mode = Replicator::Mode::interval;
    options.interval_ms = *options_.interval_ms;
  }
  output_->listen_to(options, url);
  return Replicator::make(std::move(options));
}

Result<void> EdgeExchange::add_server() {
  auto made = make(edge_.home().server, std::string(server_remote));
  if (!made) return made.error();
  server_ = std::move(*made);
  return {};
}

Result<void> EdgeExchange::add_peer(const std::string& url) {
  auto made = make(url, "peer " + url);
  if (!made) return made.error();
  peers_.push_back(std::move(*made));
  return {};
}

std::optional<int> EdgeExchange::run(const StopSignals& signals) {
  bool waits_for_server = server_ != nullptr && !home_of(edge_.replica());
  if (server_ != nullptr) server_->start();
  if (!waits_for_server) start_peers();
  while (!output_->over()) {
    if (const auto received = signals.wait_for(look_pause)) return received;
    if (waits_for_server && output_->heard()) {
      waits_for_server = false;
      start_peers();
    }
  }
  return std::nullopt;
}

void EdgeExchange::start_peers() {
  for (const auto& peer : peers_) peer->start();
}

void EdgeExchange::stop() {
  if (server_ != nullptr) server_->stop();
  for (const auto& peer : peers_) peer->stop();
}

std::optional<Error> EdgeExchange::failure() const { return output_->failure(); }

}  // namespace syncline::app
