#include "sync/poll_listener.hpp"

#include <utility>

namespace syncline {

PollListener::PollListener(std::unique_ptr<Transport> transport, std::function<void()> rung)
    : transport_(std::move(transport)), rung_(std::move(rung)), thread_([this] { run(); }) {}

PollListener::~PollListener() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  transport_->cancel();
  thread_.join();
}

void PollListener::send(HttpRequest request) {
  busy_ = true;
  const std::lock_guard lock(mutex_);
  request_ = std::move(request);
  changed_.notify_all();
}

std::optional<Result<HttpResponse>> PollListener::take_answer() {
  const std::lock_guard lock(mutex_);
  if (!answer_) return std::nullopt;
  busy_ = false;
  return std::exchange(answer_, std::nullopt);
}

void PollListener::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || request_; });
    if (stopping_) return;
    const HttpRequest request = std::move(*request_);
    request_.reset();
    lock.unlock();
    Result<HttpResponse> answer = transport_->send(request);
    lock.lock();
    if (stopping_) return;
    answer_ = std::move(answer);
    lock.unlock();
    rung_();
    lock.lock();
  }
}

}  // namespace syncline
