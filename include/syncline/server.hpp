// The HTTP server: the wire protocol and the API over the tenants of this node.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "syncline/tenant.hpp"

namespace syncline {

/// One line per request for whoever keeps the logs.
struct AccessLogLine {
  std::string request_id;
  std::string method;
  std::string target;
  unsigned status = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t duration_us = 0;
  /// What a handler threw, when the answer is a 500 that does not say it.
  std::string failure;
};

/// Serves the tenants of a `TenantManager` over HTTP/1.1 on threads of its own. Thread-safe.
class Server {
 public:
  struct Options {
    std::string address = "127.0.0.1";  ///< without token keys only loopback is accepted
    std::uint16_t port = 0;             ///< 0: any free one, see `port()`
    unsigned threads = 0;               ///< 0: one per core, at least 2
    std::size_t max_connections = 4096;
    /// Of a kept-alive connection, and of one that takes nothing of its answer.
    std::chrono::milliseconds idle_timeout{120'000};
    std::chrono::milliseconds request_timeout{30'000};  ///< for a request to arrive whole
    std::chrono::milliseconds drain_timeout{
        10'000};  ///< how long `stop` waits for requests under way
    /// How often retention and leases are looked after.
    std::chrono::milliseconds maintenance_interval{10'000};
    /// How often a tenant's home says at most what is stable. Each time is a change that goes to
    /// every replica.
    std::chrono::milliseconds marker_interval{60'000};
    Clock* clock = nullptr;  ///< null: the system's. Has to outlive the server
    /// Called on a server thread after each request; has to be thread-safe. May be empty.
    std::function<void(const AccessLogLine&)> access_log;
  };

  /// Binds, listens and serves. `tenants` has to outlive the server.
  /// Errors: `bad_request` (address, or one that is not loopback), `unavailable` (port in use).
  static Result<std::unique_ptr<Server>> start(TenantManager& tenants, Options options);
  /// As `stop`.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const noexcept;
  std::string url() const;  ///< "http://127.0.0.1:8437"
  /// Takes no more connections, answers waiting long polls, lets requests under way finish, and
  /// returns when all threads have ended. Idempotent.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline
