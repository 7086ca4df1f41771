// Lets one coroutine wait for what others do.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace syncline::http {

/// Set once or often, it ends one wait: the present one, or else the next. Used on one strand.
class Signal {
 public:
  explicit Signal(const boost::asio::any_io_executor& executor)
      : state_(std::make_shared<State>(executor)) {}

  void set() { state_->set(); }
  /// Returns once it is set, and takes that back.
  boost::asio::awaitable<void> wait();
  /// Sets it from any thread, also when the signal is gone. A busy caller does not flood the
  /// strand: only the first call since the last wait posts anything to it.
  std::function<void()> remote() const;

 private:
  struct State {
    explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}
    void set() {
      is_set = true;
      timer.cancel();
    }
    boost::asio::steady_timer timer;
    bool is_set = false;
    std::atomic<bool> posted{false};
  };
  std::shared_ptr<State> state_;
};

}  // namespace syncline::http
