#include "http/signal.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace syncline::http {

namespace asio = boost::asio;

asio::awaitable<void> Signal::wait() {
  const auto state = state_;
  if (!state->is_set) {
    state->timer.expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  state->is_set = false;
}

std::function<void()> Signal::remote() const {
  return [state = state_] {
    if (state->posted.exchange(true)) return;
    asio::post(state->timer.get_executor(), [state] {
      // Before the waiter looks for what is new, so that nothing newer goes unnoticed.
      state->posted.store(false);
      state->set();
    });
  };
}

}  // namespace syncline::http
