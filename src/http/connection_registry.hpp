// Which connections there are, so that they can be limited and stopped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace syncline::http {

/// Something that serves until it is asked to stop.
class Stoppable {
 public:
  Stoppable() = default;
  Stoppable(const Stoppable&) = delete;
  Stoppable& operator=(const Stoppable&) = delete;
  virtual ~Stoppable() = default;
  /// Ends soon: what is under way is finished, nothing new is begun. From any thread.
  virtual void stop() = 0;
  /// Ends at once, whatever is under way. From any thread.
  virtual void abort() = 0;
};

/// Where a connection stands in its server.
struct Place {
  std::uint64_t id = 0;  ///< names the connection; 0: it has no place at all
  bool refused = false;  ///< it may only be told that there are too many
};

/// Connections beyond the limit that are told so at once; any more are just closed.
inline constexpr std::size_t max_refused_connections = 64;

/// The open connections of one server. Thread-safe.
class ConnectionRegistry {
 public:
  explicit ConnectionRegistry(std::size_t max_connections) : max_connections_(max_connections) {}

  /// A place for one more connection. `leave` gives it back.
  Place enter();
  /// Lets `stop_all` reach the connection. Stops it at once if that was called before.
  void attach(std::uint64_t id, std::weak_ptr<Stoppable> connection);
  void leave(std::uint64_t id);

  /// Stops all there are and lets no more in.
  void stop_all();
  /// Cuts off those that are left.
  void abort_all();
  /// True when none is left within `timeout`.
  bool wait_until_empty(std::chrono::milliseconds timeout);

 private:
  std::vector<std::shared_ptr<Stoppable>> alive() const;

  const std::size_t max_connections_;
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::unordered_map<std::uint64_t, std::weak_ptr<Stoppable>> connections_;
  std::uint64_t last_id_ = 0;
  bool stopping_ = false;
};

}  // namespace syncline::http
