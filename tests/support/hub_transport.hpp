// A transport that reaches a hub in the same process: sync without a socket.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "sync/hub.hpp"
#include "syncline/transport.hpp"

namespace syncline::test {

/// Answers the sync requests of the wire protocol out of a hub, and fails where a test says so.
class HubTransport final : public Transport {
 public:
  /// Both have to outlive the transport.
  HubTransport(TenantManager& tenants, Hub& hub) : tenants_(tenants), hub_(hub) {}

  Result<HttpResponse> send(const HttpRequest& request) override;
  TransportStatistics statistics() const override { return statistics_; }
  void cancel() noexcept override;

  /// The `n`-th request from now on (1: the next) is carried out, and its answer is lost.
  void lose_answer(unsigned n) { lose_answer_in_ = n; }
  /// The `n`-th request from now on does not arrive.
  void lose_request(unsigned n) { lose_request_in_ = n; }
  /// From now on nothing is answered until the transport is cancelled.
  void hang() { hanging_ = true; }
  /// The targets of all requests so far.
  const std::vector<std::string>& targets() const { return targets_; }
  /// The answers to all exchanges so far, as they went out.
  const std::vector<std::string>& answers() const { return answers_; }

 private:
  HttpResponse answer(const HttpRequest& request);
  Result<PullResponse> pull(const Hub::TenantPointer& tenant, const PullRequest& request);

  TenantManager& tenants_;
  Hub& hub_;
  TransportStatistics statistics_;
  unsigned lose_answer_in_ = 0;
  unsigned lose_request_in_ = 0;
  std::vector<std::string> targets_;
  std::vector<std::string> answers_;
  bool hanging_ = false;

  std::mutex mutex_;  ///< of what others may change while a request waits
  std::condition_variable changed_;
  bool cancelled_ = false;
  bool grown_ = false;
};

}  // namespace syncline::test
