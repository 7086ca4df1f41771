#include "support/hub_channel.hpp"

#include <utility>

namespace syncline::test {

HubChannel::HubChannel(Hub& hub, Hub::TenantPointer tenant)
    : tenant_(std::move(tenant)),
      session_(hub, tenant_,
               [this]() -> Result<void> {
                 if (limited_ == 0) return {};
                 --limited_;
                 return Error(ErrorCode::rate_limited, "slowly").with("retry_after_s", 2);
               }),
      growth_(tenant_->replica().subscribe([this](Lsn) {
        const std::lock_guard lock(mutex_);
        grown_ = true;
        changed_.notify_all();
      })) {}

Error HubChannel::closed_error() const { return {ErrorCode::unavailable, "the channel is closed"}; }

bool HubChannel::passes() {
  ++messages_;
  if (cut_at_ == 0 || --cut_at_ != 0) return true;
  close();
  return false;
}

Result<void> HubChannel::send(const LiveMessage& message) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return closed_error();
  }
  if (!passes()) return closed_error();
  session_.on_message(message);
  return {};
}

Result<std::optional<LiveMessage>> HubChannel::receive(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return closed_error();
      grown_ = false;
    }
    if (std::optional<LiveMessage> message = session_.next_message()) {
      if (!passes()) return closed_error();
      return message;
    }
    if (session_.closing()) return closed_error();
    std::unique_lock lock(mutex_);
    const auto awake = [&] { return closed_ || interrupted_ || grown_; };
    const bool woken = changed_.wait_until(lock, deadline, awake);
    if (std::exchange(interrupted_, false) || !woken) return std::optional<LiveMessage>();
  }
}

void HubChannel::interrupt() noexcept {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  changed_.notify_all();
}

void HubChannel::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace syncline::test
