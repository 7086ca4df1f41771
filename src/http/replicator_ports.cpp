// A replicator's connections over the network.

#include <utility>

#include "http/url.hpp"
#include "sync/http_messages.hpp"
#include "syncline/replicator.hpp"

namespace syncline {
namespace {

/// A server that answered requests just now is not far; and nothing ends this but its own deadline.
constexpr std::chrono::milliseconds live_connect_timeout{5'000};

}  // namespace

Result<Replicator::Ports> make_http_ports(ReplicatorServer server) {
  if (const auto good = http::parse_server_url(server.url); !good) return good.error();
  Replicator::Ports ports;
  ports.transport = [server](const std::string& token) {
    HttpTransportOptions options;
    options.url = server.url;
    options.token = token;
    options.timeout = server.timeout;
    return make_http_transport(std::move(options));
  };
  ports.live = [server](const std::string& token) {
    LiveChannelOptions options;
    options.url = server.url;
    options.target = "/v1/tenants/" + percent_encode(server.tenant) + "/sync/live";
    options.token = token;
    options.connect_timeout = live_connect_timeout;
    return open_live_channel(std::move(options));
  };
  return ports;
}

}  // namespace syncline
