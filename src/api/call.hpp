// What handlers get.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/admission.hpp"
#include "api/idempotency.hpp"
#include "api/query.hpp"
#include "api/request_handler.hpp"
#include "sync/body.hpp"
#include "sync/hub.hpp"

namespace syncline::api {

/// What all handlers share.
struct Services {
  Services(TenantManager& manager, Clock& server_clock, std::uint64_t marker_interval_us)
      : tenants(manager), clock(server_clock), hub(&server_clock, marker_interval_us) {}

  TenantManager& tenants;
  Clock& clock;
  Hub hub;
  Admission admission;
  IdempotencyStore idempotency;
  /// Held from reading a tenant's settings until they are changed.
  std::mutex settings_mutex;
};

/// One request on its way through its handler.
struct Call {
  const HttpRequest& request;
  const RequestContext& context;
  /// The path's parameters in order, decoded, without the tenant.
  std::vector<std::string> parameters;
  Query query;
  /// How the answer is to be written. If `Accept` leaves nothing but streams: JSON.
  BodyFormat format = BodyFormat::json;
  /// Set for routes below /v1/tenants/{tenant}.
  std::shared_ptr<Tenant> tenant;

  Replica& replica() const { return tenant->replica(); }
};

/// Errors become problem objects.
using HandlerResult = Result<Reply>;
using Handler = HandlerResult (*)(Services&, Call&);

}  // namespace syncline::api
