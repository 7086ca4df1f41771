#include "http/log_waiter.hpp"

#include <array>
#include <atomic>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace syncline::http {

namespace asio = boost::asio;

/// Shared with the callbacks, which may run once more after the wait is over.
struct LogWaiter::State {
  explicit State(const asio::any_io_executor& executor) : timer(executor) {}

  asio::steady_timer timer;
  bool woken = false;
  bool disconnected = false;
  bool over = false;
  /// Set by the first append only: a busy log shall not flood the strand.
  std::atomic<bool> notified{false};
};

asio::awaitable<bool> LogWaiter::wait(std::shared_ptr<Tenant> tenant, Lsn seen,
                                      std::chrono::steady_clock::time_point deadline) {
  const auto executor = socket_.get_executor();
  const auto state = std::make_shared<State>(executor);
  state_ = state;
  auto on_append = [state, executor](Lsn) {
    if (state->notified.exchange(true)) return;
    asio::post(executor, [state] {
      state->woken = true;
      state->timer.cancel();
    });
  };
  const Subscription subscription = tenant->replica().subscribe(std::move(on_append));
  // What was appended between the reading of the log and the subscription called nobody.
  if (tenant->replica().releasable_lsn() <= seen) {
    watch_for_disconnect();
    state->timer.expires_at(deadline);
    boost::system::error_code ignored;
    if (!state->woken) {
      co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    socket_.cancel(ignored);
  }
  state->over = true;
  state_.reset();
  co_return !state->disconnected;
}

void LogWaiter::wake() {
  if (!state_) return;
  state_->woken = true;
  state_->timer.cancel();
}

void LogWaiter::watch_for_disconnect() {
  auto on_readable = [&socket = socket_, state = state_](boost::system::error_code error) {
    // Once the wait is over the socket may be gone, too.
    if (state->over || error == asio::error::operation_aborted) return;
    std::array<char, 1> byte{};
    const std::size_t size =
        socket.receive(asio::buffer(byte), asio::socket_base::message_peek, error);
    // Bytes are the client's next request, which can wait; then its end goes unnoticed.
    if (error == asio::error::would_block || size > 0) return;
    state->disconnected = true;
    state->timer.cancel();
  };
  socket_.async_wait(asio::ip::tcp::socket::wait_read, std::move(on_readable));
}

}  // namespace syncline::http
