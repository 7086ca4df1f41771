// Sockets and threads around a request handler.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/request_handler.hpp"
#include "syncline/clock.hpp"
#include "syncline/server.hpp"

namespace syncline::http {

/// Serves a handler over HTTP/1.1: a pool of threads runs one event loop, each connection is a
/// coroutine on a strand of its own.
class HttpServer {
 public:
  struct Options {
    std::string address;
    std::uint16_t port = 0;
    unsigned threads = 2;
    std::size_t max_connections = 0;
    std::size_t max_body_bytes = 0;
    std::chrono::milliseconds idle_timeout{0};
    std::chrono::milliseconds request_timeout{0};
    std::chrono::milliseconds drain_timeout{0};
    const Clock* clock = nullptr;
    std::function<void(const AccessLogLine&)> access_log;
  };

  /// `handler` and the clock have to outlive the server. Errors: `bad_request` (address),
  /// `unavailable` (port in use).
  static Result<std::unique_ptr<HttpServer>> start(api::RequestHandler& handler, Options options);
  /// As `stop`.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const noexcept;
  std::string url() const;
  /// Takes no more connections, ends waits, lets requests under way finish for as long as the drain
  /// timeout, cuts off the rest, and returns when all threads have ended. Idempotent, thread-safe;
  /// not to be called from a handler.
  void stop();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::http
