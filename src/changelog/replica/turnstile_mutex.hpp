// A shared mutex that lets nobody starve.
#pragma once

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
    turnstile_.lock();
    room_.lock();
  }
  void unlock() {
    room_.unlock();
    turnstile_.unlock();
  }
  void lock_shared() {
    const std::lock_guard through(turnstile_);
    room_.lock_shared();
  }
  void unlock_shared() { room_.unlock_shared(); }

 private:
  std::mutex turnstile_;
  std::shared_mutex room_;
};

}  // namespace syncline
