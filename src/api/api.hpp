// The API as a whole: from a request to its answer.
#pragma once

#include "api/call.hpp"
#include "api/request_handler.hpp"

namespace syncline::api {

/// Answers requests on behalf of the tenants of one node. Thread-safe.
class Api final : public RequestHandler {
 public:
  /// Both have to outlive it. `marker_interval_us`: see `advance_stability`.
  Api(TenantManager& tenants, Clock& clock,
      std::uint64_t marker_interval_us = default_marker_interval_us)
      : services_(tenants, clock, marker_interval_us) {}

  Reply handle(const HttpRequest& request, const RequestContext& context) override;
  void connection_closed(std::uint64_t connection) override;
  /// What has to be done now and then for every tenant: see `Hub::maintain`. Takes as long as that
  /// takes.
  void maintain();

 private:
  Result<Reply> answer(const HttpRequest& request, const RequestContext& context);

  Services services_;
};

}  // namespace syncline::api
