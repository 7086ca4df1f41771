#include "site.hpp"

#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "sync/retention.hpp"
#include "sync/standing.hpp"

namespace syncline::sim {

void SiteClock::follow(std::uint64_t world_us) {
  if (drift_ != 0 && world_us > world_us_) {
    offset_us_ += static_cast<std::int64_t>(world_us - world_us_) * drift_ / 1'000'000;
  }
  world_us_ = world_us;
  now_us_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(world_us) + offset_us_);
}

Result<std::shared_ptr<Process>> Process::start(const Setup& setup, Role role, SiteClock& clock,
                                                Random& random, std::vector<Volume> volumes) {
  std::shared_ptr<Process> process(new Process(std::move(volumes)));
  process->clock_ = &clock;
  process->marker_interval_us_ = std::uint64_t{setup.marker_ms} * 1'000;
  TenantManager::Options options;
  options.clock = &clock;
  options.random = &random;
  options.store = &process->store_;
  const bool narrow = role == Role::cloud || (role == Role::relay && setup.roomy == 0);
  options.max_change_bytes = narrow ? cloud_change_bytes : 100 * cloud_change_bytes;
  auto opened = TenantManager::open(options);
  if (!opened) return opened.error();
  process->tenants_ = std::move(*opened);
  return process;
}

api::Api& Process::api() {
  if (!api_) api_ = std::make_unique<api::Api>(*tenants_, *clock_, marker_interval_us_);
  return *api_;
}

std::unique_ptr<MessageSession> Process::open_live(std::string_view tenant) {
  HttpRequest request;
  request.target = "/v1/tenants/" + std::string(tenant) + "/sync/live";
  request.headers = {{"Connection", "Upgrade"},
                     {"Upgrade", "websocket"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                     {"Sec-WebSocket-Protocol", std::string(live_subprotocol)}};
  api::Reply reply = api().handle(request, {});
  auto* const upgrade = std::get_if<api::Upgrade>(&reply);
  return upgrade == nullptr ? nullptr : std::move(upgrade->session);
}

HttpResponse Process::answer(const HttpRequest& request) {
  api::Reply reply = api().handle(request, {});
  while (auto* const wait = std::get_if<api::Wait>(&reply)) {
    const auto resume = std::move(wait->resume);
    reply = resume(true);
  }
  if (auto* const response = std::get_if<HttpResponse>(&reply)) return std::move(*response);
  HttpResponse response;
  response.status = 501;
  return response;
}

void Process::maintain() { api().maintain(); }

Result<std::uint64_t> Process::trim(std::string_view tenant, Lsn before, bool force) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1/tenants/" + std::string(tenant) + "/log/trim";
  request.headers["Content-Type"] = "application/json";
  request.body = "{\"before_lsn\":" + std::to_string(before) +
                 (force ? ",\"force\":true}" : ",\"force\":false}");
  const HttpResponse response = answer(request);
  if (response.status != 200) return Error(ErrorCode::precondition_failed, response.body);
  return nlohmann::json::parse(response.body).at("dropped_changes").get<std::uint64_t>();
}

void Site::trim_by_retention() {
  static_cast<void>(enforce_edge_retention(replica(), retention_of(replica()), clock.now_us()));
}

void Site::keep_settings() {
  TenantSettings& settings = disk->tenant.settings;
  const std::optional<NodeId> home = home_of(replica());
  if (!home || role == Role::cloud) return;
  if (settings.version == replica().settings_version() && settings.home == home) return;
  settings.policies = replica().policies();
  settings.max_clock_drift_ms = replica().max_clock_drift_ms();
  settings.version = replica().settings_version();
  settings.home = home;
  settings.retention = retention_of(replica());
}

}  // namespace syncline::sim
