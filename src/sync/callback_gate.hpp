// Callbacks that run elsewhere, until they must not any more.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

namespace syncline {

/// Hands callbacks to an executor and can be closed: then those that wait there do nothing when
/// their turn comes. Thread-safe.
class CallbackGate {
 public:
  using Executor = std::function<void(std::function<void()>)>;

  /// `executor` empty: the thread that posts.
  explicit CallbackGate(Executor executor);

  void post(std::function<void()> callback);
  void open();
  /// When it returns, no callback is running, and none will before `open`. Requires `!inside()`.
  void close();
  /// True on a thread that runs one of this gate's callbacks.
  bool inside() const noexcept;

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable idle;
    std::size_t running = 0;
    std::size_t opened = 0;  ///< how often: a callback runs in the period in which it was posted
    bool is_open = false;
  };
  static void run(State& state, std::size_t period, const std::function<void()>& callback);

  const Executor executor_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace syncline
