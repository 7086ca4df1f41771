#include "syncline/server.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "api/api.hpp"
#include "http/http_server.hpp"

namespace syncline {

namespace {

/// What a body may be longer than the changes in it: base64 adds a third, JSON its names.
constexpr std::size_t body_limit(std::size_t max_body_bytes) {
  constexpr std::size_t slack_bytes = std::size_t{64} << 10;
  return max_body_bytes + max_body_bytes / 2 + slack_bytes;
}

http::HttpServer::Options transport_options(const TenantManager& tenants,
                                            const Server::Options& options, const Clock& clock) {
  http::HttpServer::Options chosen;
  chosen.address = options.address;
  chosen.port = options.port;
  chosen.threads =
      options.threads != 0 ? options.threads : std::max(2U, std::thread::hardware_concurrency());
  chosen.max_connections = options.max_connections;
  chosen.max_body_bytes = body_limit(tenants.max_body_bytes());
  chosen.idle_timeout = options.idle_timeout;
  chosen.request_timeout = options.request_timeout;
  chosen.drain_timeout = options.drain_timeout;
  chosen.clock = &clock;
  chosen.access_log = options.access_log;
  return chosen;
}

}  // namespace

/// The transport and the thread go first when all end: they call the API.
struct Server::Impl {
  Impl(TenantManager& tenants, Clock& clock, std::chrono::microseconds marker_interval)
      : api(tenants, clock, static_cast<std::uint64_t>(marker_interval.count())) {}
  ~Impl() { stop(); }

  void stop();
  void maintain_at(std::chrono::milliseconds interval);

  api::Api api;
  std::unique_ptr<http::HttpServer> transport;
  std::mutex stop_mutex;
  std::mutex mutex;
  std::condition_variable stopped;
  bool stopping = false;
  std::thread maintenance;
};

void Server::Impl::maintain_at(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex);
  while (!stopped.wait_for(lock, interval, [this] { return stopping; })) {
    lock.unlock();
    api.maintain();
    lock.lock();
  }
}

void Server::Impl::stop() {
  const std::lock_guard one_at_a_time(stop_mutex);
  if (transport != nullptr) transport->stop();
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    stopped.notify_all();
  }
  if (maintenance.joinable()) maintenance.join();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(TenantManager& tenants, Options options) {
  Clock& clock = options.clock != nullptr ? *options.clock : system_clock();
  auto impl = std::make_unique<Impl>(tenants, clock, options.marker_interval);
  auto transport = http::HttpServer::start(impl->api, transport_options(tenants, options, clock));
  if (!transport) return transport.error();
  impl->transport = std::move(*transport);
  impl->maintenance = std::thread([impl = impl.get(), interval = options.maintenance_interval] {
    impl->maintain_at(interval);
  });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const noexcept { return impl_->transport->port(); }

std::string Server::url() const { return impl_->transport->url(); }

void Server::stop() { impl_->stop(); }

}  // namespace syncline
