#include "syncline/tenant.hpp"

#include <algorithm>
#include <utility>

#include "tenant/plan_limits.hpp"

namespace syncline {
namespace {

constexpr std::size_t max_tenant_id_bytes = 63;  // what a directory and a DNS label can be named

bool is_lower_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool may_follow(char c) noexcept {
  return is_lower_or_digit(c) || c == '.' || c == '_' || c == '-';
}

}  // namespace

Result<void> validate_tenant_id(std::string_view id) {
  if (!id.empty() && id.size() <= max_tenant_id_bytes && is_lower_or_digit(id.front()) &&
      std::all_of(id.begin(), id.end(), may_follow)) {
    return {};
  }
  return Error(ErrorCode::bad_request,
               "a tenant's id has 1 to 63 characters out of a-z, 0-9, '.', '_' and '-', and begins "
               "with a letter or a digit");
}

Tenant::Tenant(std::string id, Plan plan, TenantSettings settings, std::unique_ptr<Replica> replica,
               std::uint64_t created_at_us)
    : id_(std::move(id)),
      created_at_us_(created_at_us),
      replica_(std::move(replica)),
      plan_(std::move(plan)),
      settings_(std::move(settings)) {}

Plan Tenant::plan() const {
  const std::lock_guard lock(mutex_);
  return plan_;
}

TenantSettings Tenant::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

std::optional<NodeId> Tenant::home() const {
  const std::optional<NodeId> home = settings().home;
  return home && home->is_nil() ? replica_->node() : home;
}

void Tenant::set_plan(const Plan& plan) {
  // The replica is told under the lock, so that of two calls at once the same one wins in both.
  const std::lock_guard lock(mutex_);
  replica_->set_plan_limits(tenant_internal::max_log_bytes(plan),
                            tenant_internal::no_change_log_plan(plan));
  plan_ = plan;
}

void Tenant::set_settings(TenantSettings settings) {
  const std::lock_guard lock(mutex_);
  settings.version = settings_.version + 1;
  replica_->set_policies(settings.policies, settings.version);
  replica_->set_max_clock_drift_ms(settings.max_clock_drift_ms);
  settings_ = std::move(settings);
}

}  // namespace syncline
