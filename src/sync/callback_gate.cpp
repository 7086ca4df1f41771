#include "sync/callback_gate.hpp"

#include <utility>

namespace syncline {
namespace {

/// Whose callback this thread runs.
thread_local const void* running_here = nullptr;

}  // namespace

CallbackGate::CallbackGate(Executor executor) : executor_(std::move(executor)) {}

void CallbackGate::run(State& state, std::size_t period, const std::function<void()>& callback) {
  {
    const std::lock_guard lock(state.mutex);
    if (!state.is_open || state.opened != period) return;
    ++state.running;
  }
  const void* const outer = std::exchange(running_here, &state);
  callback();
  running_here = outer;
  const std::lock_guard lock(state.mutex);
  --state.running;
  state.idle.notify_all();
}

void CallbackGate::post(std::function<void()> callback) {
  std::size_t period = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->is_open) return;
    period = state_->opened;
  }
  if (!executor_) return run(*state_, period, callback);
  executor_([state = state_, period, call = std::move(callback)] { run(*state, period, call); });
}

void CallbackGate::open() {
  const std::lock_guard lock(state_->mutex);
  state_->is_open = true;
  ++state_->opened;
}

void CallbackGate::close() {
  std::unique_lock lock(state_->mutex);
  state_->is_open = false;
  state_->idle.wait(lock, [&] { return state_->running == 0; });
}

bool CallbackGate::inside() const noexcept { return running_here == state_.get(); }

}  // namespace syncline
