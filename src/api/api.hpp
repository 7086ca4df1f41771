// The API as a whole: from a request to its answer.
#pragma once

#include "api/call.hpp"
#include "api/request_handler.hpp"

namespace syncline::api {

/// Answers requests on behalf of the tenants of one node. Thread-safe.
class Api final : public RequestHandler {
 public:
  /// Both have to outlive it.
  Api(TenantManager& tenants, Clock& clock) : services_(tenants, clock) {}

  Reply handle(const HttpRequest& request, const RequestContext& context) override;
  void connection_closed(std::uint64_t connection) override;
  /// What has to be done now and then: enforces the tenants' retention. Takes as long as that
  /// takes. What fails is tried again the next time.
  void maintain();

 private:
  Result<Reply> answer(const HttpRequest& request, const RequestContext& context);

  Services services_;
};

}  // namespace syncline::api
