// A long poll on a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "syncline/transport.hpp"

namespace syncline {

/// Sends one request after the other over a connection of its own, so that nothing else has to wait
/// for their answers. One thread uses it.
class PollListener {
 public:
  /// `rung` is called on the listener's thread whenever an answer has come.
  PollListener(std::unique_ptr<Transport> transport, std::function<void()> rung);
  /// Ends the request under way and waits for its thread.
  ~PollListener();
  PollListener(const PollListener&) = delete;
  PollListener& operator=(const PollListener&) = delete;

  /// Requires `!busy()`.
  void send(HttpRequest request);
  /// A request was sent whose answer was not taken.
  bool busy() const noexcept { return busy_; }
  /// The answer, if it is there.
  std::optional<Result<HttpResponse>> take_answer();

 private:
  void run();

  const std::unique_ptr<Transport> transport_;
  const std::function<void()> rung_;
  bool busy_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<HttpRequest> request_;
  std::optional<Result<HttpResponse>> answer_;
  std::thread thread_;
};

}  // namespace syncline
