// Being told of something for as long as one wants to be.
#pragma once

#include <functional>
#include <utility>

namespace syncline {

/// Ends a subscription when it is destroyed. May outlive the replica. After its destructor returned
/// the callback is not running and will not be called any more (do not destroy it from within).
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(cancel_, other.cancel_);
    return *this;
  }
  ~Subscription() {
    if (cancel_) cancel_();
  }

 private:
  std::function<void()> cancel_;
};

}  // namespace syncline
