// A server around a function, for tests of what happens between a socket and a handler.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "http/http_server.hpp"
#include "support/raw_socket.hpp"
#include "support/results.hpp"
#include "syncline/transport.hpp"

namespace syncline::test {

/// Answers every request by a function, keeps the access log and counts connections that ended.
class FunctionServer final : private api::RequestHandler {
 public:
  using Function = std::function<api::Reply(const HttpRequest&, const api::RequestContext&)>;

  explicit FunctionServer(Function function,
                          std::chrono::milliseconds idle_timeout = std::chrono::seconds(60))
      : function_(std::move(function)) {
    http::HttpServer::Options options;
    options.address = "127.0.0.1";
    options.max_connections = 8;
    options.max_body_bytes = 100'000;
    options.idle_timeout = idle_timeout;
    options.request_timeout = patience;
    options.drain_timeout = patience;
    options.clock = &system_clock();
    options.access_log = [this](const AccessLogLine& line) { note(line); };
    auto started = http::HttpServer::start(*this, std::move(options));
    REQUIRE(started);
    server_ = std::move(*started);
  }
  ~FunctionServer() override { stop(); }

  std::unique_ptr<Transport> connect(bool compression = true) const {
    HttpTransportOptions options;
    options.url = server_->url();
    options.compression = compression;
    return *make_http_transport(options);
  }
  std::uint16_t port() const { return server_->port(); }
  std::string raw(std::string_view bytes) const {
    RawSocket socket(port());
    socket.send(bytes);
    return socket.receive_all();
  }
  void stop() { server_->stop(); }
  void wait_until_closed(unsigned count) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, patience, [&] { return closed_ >= count; }));
  }
  /// The line of the last request, once there have been `count`.
  AccessLogLine logged(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, patience, [&] { return lines_.size() >= count; }));
    return lines_.back();
  }

 private:
  static constexpr std::chrono::seconds patience{20};

  api::Reply handle(const HttpRequest& request, const api::RequestContext& context) override {
    return function_(request, context);
  }
  void connection_closed(std::uint64_t) override {
    const std::lock_guard lock(mutex_);
    ++closed_;
    changed_.notify_all();
  }
  void note(const AccessLogLine& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    changed_.notify_all();
  }

  const Function function_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<AccessLogLine> lines_;
  unsigned closed_ = 0;
  std::unique_ptr<http::HttpServer> server_;
};

}  // namespace syncline::test
