// The port through which a client holds a live connection to a server, and the real one: WebSocket.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "syncline/error.hpp"

namespace syncline {

/// One message of a live connection: a frame in MessagePack (binary) or in JSON (text).
struct LiveMessage {
  bool binary = true;
  std::string bytes;
  friend bool operator==(const LiveMessage&, const LiveMessage&) = default;
};

/// A connection over which both sides send messages whenever they like. One thread uses it; others
/// may call `interrupt` and `close` at any time while it lives.
class LiveChannel {
 public:
  LiveChannel() = default;
  LiveChannel(const LiveChannel&) = delete;
  LiveChannel& operator=(const LiveChannel&) = delete;
  virtual ~LiveChannel() = default;

  /// Returns when the message is handed to the network, or when its own deadline is over. What
  /// arrives meanwhile is kept for `receive`. Errors: `unavailable` (closed, broken, too slow);
  /// the channel is of no more use then.
  virtual Result<void> send(const LiveMessage& message) = 0;
  /// The next message; nullopt when `timeout` is over or `interrupt` was called. A timeout of 0
  /// takes what has arrived. Errors: `unavailable` when the connection is closed or broken, with
  /// the reason that the other side gave; messages that came before are given out first.
  virtual Result<std::optional<LiveMessage>> receive(std::chrono::milliseconds timeout) = 0;
  /// Ends the `receive` under way, or the next one, with nullopt. Thread-safe.
  virtual void interrupt() noexcept = 0;
  /// Ends what is under way, and all that comes after, with `unavailable`. Thread-safe, idempotent.
  virtual void close() noexcept = 0;
};

/// Where and how a live channel connects.
struct LiveChannelOptions {
  std::string url;     ///< "http://host:port", a path before /v1 is allowed
  std::string target;  ///< percent-encoded, e.g. "/v1/tenants/acme/sync/live"
  std::string token;   ///< sent as `Authorization: Bearer …` unless empty
  std::chrono::milliseconds connect_timeout{10'000};  ///< of connection and handshake together
  std::chrono::milliseconds send_timeout{30'000};     ///< of one message
  /// After half of this without a message the other side is asked for a sign of life (ping); after
  /// all of it the connection is taken for dead. Counts only while `send` or `receive` runs.
  std::chrono::milliseconds idle_timeout{60'000};
  /// Longer messages end the connection.
  std::size_t max_message_bytes = std::size_t{256} << 20;
};

/// Connects and asks for the subprotocol `syncline.v1`.
/// Errors: `bad_request` for a URL that is none; `protocol_unsupported` or `not_found` if the other
/// side, or a proxy between, does not speak it: fall back to requests; `unavailable` if nobody can
/// be reached now: try again later; else the problem that the server answered with, e.g.
/// `unauthorized`, `tenant_not_found`, or `rate_limited` with `retry_after_s`.
Result<std::unique_ptr<LiveChannel>> open_live_channel(LiveChannelOptions options);

}  // namespace syncline
