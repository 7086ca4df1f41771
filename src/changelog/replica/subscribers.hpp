// Who wants to know of appends.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "syncline/dot.hpp"

namespace syncline {

/// Callbacks to be called after an append. Thread-safe; no callback runs under its lock.
class Subscribers {
 public:
  using Callback = std::function<void(Lsn)>;

  std::uint64_t add(Callback callback);
  /// When it returns, the callback is not running and will not be called any more.
  void remove(std::uint64_t id);
  void notify(Lsn lsn);

 private:
  struct Entry {
    Callback callback;
    unsigned running = 0;
    bool removed = false;
  };

  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::uint64_t, std::shared_ptr<Entry>> entries_;
  std::atomic<bool> any_{false};  // so that a writer nobody listens to takes no lock
  std::uint64_t next_id_ = 1;
};

}  // namespace syncline
