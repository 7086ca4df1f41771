// A live channel that reaches a hub in the same process.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "sync/live_session.hpp"
#include "syncline/live_channel.hpp"

namespace syncline::test {

/// Answered by the server's side of live synchronisation, and cut where a test says so.
class HubChannel final : public LiveChannel {
 public:
  /// `hub` has to outlive the channel.
  HubChannel(Hub& hub, Hub::TenantPointer tenant);
  ~HubChannel() override = default;

  Result<void> send(const LiveMessage& message) override;
  Result<std::optional<LiveMessage>> receive(std::chrono::milliseconds timeout) override;
  void interrupt() noexcept override;
  void close() noexcept override;

  /// The `n`-th message from now on, of both directions together, is lost, and the channel with it.
  void cut_at(unsigned n) { cut_at_ = n; }
  /// The `n` next frames that ask for something are answered `rate_limited`.
  void limit(unsigned n) { limited_ = n; }
  unsigned messages() const { return messages_; }

 private:
  bool passes();
  Error closed_error() const;

  const Hub::TenantPointer tenant_;
  unsigned limited_ = 0;
  LiveSession session_;
  unsigned cut_at_ = 0;
  unsigned messages_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  bool interrupted_ = false;
  bool grown_ = false;
  Subscription growth_;
};

}  // namespace syncline::test
