// A connection that goes on as a WebSocket.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "api/request_handler.hpp"
#include "syncline/transport.hpp"

namespace syncline::http {

/// Carries the messages of one session: one coroutine reads, one writes. The client is asked for a
/// sign of life when it is silent, and cut off when it gives none, or takes nothing of what is
/// written, for as long as the idle timeout. All members are called on the connection's strand.
class WebSocketConnection {
 public:
  struct Options {
    std::chrono::milliseconds idle_timeout{0};
    std::size_t max_message_bytes = 0;
    Headers headers;  ///< of the answer to the handshake
  };

  /// `stream` has to outlive it; its executor is the strand. `handshake` is the request.
  WebSocketConnection(boost::beast::tcp_stream& stream, const HttpRequest& handshake,
                      api::Upgrade upgrade, Options options);
  ~WebSocketConnection();
  WebSocketConnection(const WebSocketConnection&) = delete;
  WebSocketConnection& operator=(const WebSocketConnection&) = delete;

  /// Answers the handshake and serves until the session, the client or `stop` ends it.
  boost::asio::awaitable<void> run();
  /// Lets the client know that the server goes away, and ends.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::http
