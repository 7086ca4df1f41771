// Waiting for a tenant's log to grow, without a thread.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/request_handler.hpp"

namespace syncline::http {

/// Suspends a connection's coroutine until there is something new. All members are called on the
/// connection's strand.
class LogWaiter {
 public:
  /// `socket` has to outlive the waiter; its executor is the strand.
  explicit LogWaiter(boost::asio::ip::tcp::socket& socket) : socket_(socket) {}

  /// Returns true when the log of `tenant` has grown beyond `seen`, `deadline` has passed or `wake`
  /// was called; false if the client went away.
  boost::asio::awaitable<bool> wait(std::shared_ptr<Tenant> tenant, Lsn seen,
                                    std::chrono::steady_clock::time_point deadline);
  /// Ends the wait that is under way, if one is.
  void wake();

 private:
  struct State;
  void watch_for_disconnect();

  boost::asio::ip::tcp::socket& socket_;
  std::shared_ptr<State> state_;
};

}  // namespace syncline::http
