// A shared mutex that lets nobody starve.
#pragma once

#include <atomic>
#include <mutex>
#include <shared_mutex>

namespace syncline {

/// Meets the standard's requirements of a shared mutex. `std::shared_mutex` may let overlapping
/// readers keep a writer out for ever (glibc's does). Here everybody goes through a turnstile,
/// which a writer keeps shut while it waits for the readers before it: later readers queue behind
/// it.
class TurnstileMutex {
 public:
  void lock() {
    enter_turnstile();
    room_.lock();
  }
  void unlock() {
    room_.unlock();
    turnstile_.unlock();
  }
  void lock_shared() {
    enter_turnstile();
    room_.lock_shared();
    turnstile_.unlock();
  }
  void unlock_shared() { room_.unlock_shared(); }

  /// For one who takes the lock many times in a row and holds it now not: waits a moment for those
  /// who wait. The turnstile has no queue, so who comes back at once would keep them out.
  void give_way() const noexcept {
    constexpr unsigned patience = 200'000;  // looks; a fraction of a millisecond
    for (unsigned i = 0; i < patience && waiting_.load(std::memory_order_relaxed) != 0; ++i) {
    }
  }

 private:
  void enter_turnstile() {
    if (turnstile_.try_lock()) return;
    waiting_.fetch_add(1, std::memory_order_relaxed);
    turnstile_.lock();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }

  std::mutex turnstile_;
  std::atomic<unsigned> waiting_{0};
  std::shared_mutex room_;
};

}  // namespace syncline
