// Sending an answer that has no length.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "api/request_handler.hpp"
#include "http/log_waiter.hpp"

namespace syncline::http {

/// Pulls the bytes of a stream out of its source, each time when the socket has taken those before,
/// and sends them. All members are called on the connection's strand.
class StreamSender {
 public:
  /// Both have to outlive the sender. `chunked` frames the bytes as HTTP/1.1 does; without it the
  /// end of the connection is the end of the stream. A client that takes nothing for
  /// `write_timeout` is cut off.
  StreamSender(boost::beast::tcp_stream& stream, LogWaiter& waiter,
               std::chrono::milliseconds write_timeout, bool chunked)
      : stream_(stream), waiter_(waiter), write_timeout_(write_timeout), chunked_(chunked) {}

  /// Sends until the source ends, the client goes away or `stop` is called. True if the client has
  /// the whole of it, its end included: then the connection may go on. Throws what the source
  /// throws.
  boost::asio::awaitable<bool> send(api::Stream source);
  /// Ends at once: bytes on their way to a slow reader are given up. The waiter has to be woken,
  /// too.
  void stop();
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  boost::asio::awaitable<bool> write(std::string bytes);

  boost::beast::tcp_stream& stream_;
  LogWaiter& waiter_;
  const std::chrono::milliseconds write_timeout_;
  const bool chunked_;
  std::uint64_t bytes_sent_ = 0;
  bool writing_ = false;
  bool stopping_ = false;
};

}  // namespace syncline::http
