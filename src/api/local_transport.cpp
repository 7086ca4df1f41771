#include "syncline/local_transport.hpp"

#include <variant>

#include "api/api.hpp"
#include "api/problem.hpp"

namespace syncline {
namespace {

class LocalTransport final : public Transport {
 public:
  LocalTransport(TenantManager& tenants, Clock& clock) : api_(tenants, clock) {}
  ~LocalTransport() override { api_.connection_closed(context_.connection); }

  Result<HttpResponse> send(const HttpRequest& request) override {
    ++statistics_.requests;
    statistics_.bytes_sent += request.body.size();
    api::Reply reply = api_.handle(request, context_);
    while (auto* const wait = std::get_if<api::Wait>(&reply)) {
      const auto resume = std::move(wait->resume);
      reply = resume(true);
    }
    if (std::holds_alternative<api::Upgrade>(reply)) {
      reply = api::problem_response(
          Error(ErrorCode::protocol_unsupported, "There is no connection here to be upgraded."));
    }
    auto response = std::get<HttpResponse>(std::move(reply));
    statistics_.bytes_received += response.body.size();
    return response;
  }
  TransportStatistics statistics() const override { return statistics_; }

 private:
  const api::RequestContext context_{.connection = 1, .stopping = false};
  api::Api api_;
  TransportStatistics statistics_;
};

}  // namespace

std::unique_ptr<Transport> make_local_transport(TenantManager& tenants, Clock* clock) {
  return std::make_unique<LocalTransport>(tenants, clock != nullptr ? *clock : system_clock());
}

}  // namespace syncline
