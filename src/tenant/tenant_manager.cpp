#include <algorithm>
#include <utility>

#include "syncline/tenant.hpp"
#include "tenant/plan_limits.hpp"

namespace syncline {
namespace {

Error no_such_tenant(std::string_view id) {
  return Error(ErrorCode::tenant_not_found, "there is no tenant \"" + std::string(id) + '"');
}

// A drift beyond what a hybrid time can express would overflow where it is added to one.
constexpr std::uint64_t max_drift_ms = HybridTime::max_physical_us / 1000;

Result<void> validate_settings(const TenantSettings& settings) {
  if (settings.max_clock_drift_ms > max_drift_ms) {
    return Error(ErrorCode::bad_request,
                 "max_clock_drift_ms is at most " + std::to_string(max_drift_ms));
  }
  return settings.policies.validate();
}

// By storage, "no limit" last.
bool smaller(const Plan& left, const Plan& right) noexcept {
  return tenant_internal::max_log_bytes(left) < tenant_internal::max_log_bytes(right);
}

}  // namespace

TenantManager::TenantManager(Options options) : options_(options) {
  if (options_.clock == nullptr) options_.clock = &system_clock();
  if (options_.random == nullptr) options_.random = &system_random();
  const auto plans = built_in_plans();
  plans_.assign(plans.begin(), plans.end());
  std::sort(plans_.begin(), plans_.end(), smaller);
}

Result<std::shared_ptr<Tenant>> TenantManager::create(std::string_view id, std::string_view plan,
                                                      const TenantSettings& settings) {
  if (auto valid = validate_tenant_id(id); !valid) return valid.error();
  if (auto valid = validate_settings(settings); !valid) return valid.error();
  // Held while the replica opens: of two who create the same id, one opens it and the other is
  // told.
  const std::lock_guard lock(mutex_);
  auto found_plan = find_plan(plan);
  if (!found_plan) return found_plan.error();
  if (tenants_.contains(id)) {
    return Error(ErrorCode::tenant_exists, "there is a tenant \"" + std::string(id) + "\" already");
  }
  TenantSettings first_settings = settings;
  first_settings.version = 1;

  Replica::Options options;
  options.tenant = id;
  options.clock = options_.clock;
  options.random = options_.random;
  options.policies = first_settings.policies;
  options.settings_version = first_settings.version;
  options.max_change_bytes = options_.max_change_bytes;
  options.max_batch_changes = options_.max_batch_changes;
  options.max_body_bytes = options_.max_body_bytes;
  options.max_clock_drift_ms = first_settings.max_clock_drift_ms;
  options.max_log_bytes = tenant_internal::max_log_bytes(*found_plan);
  options.no_change_log_plan = tenant_internal::no_change_log_plan(*found_plan);
  auto replica = Replica::open(std::move(options));
  if (!replica) return replica.error();

  auto tenant =
      std::make_shared<Tenant>(std::string(id), std::move(*found_plan), std::move(first_settings),
                               std::move(*replica), options_.clock->now_us());
  tenants_.emplace(id, tenant);
  return tenant;
}

Result<std::shared_ptr<Tenant>> TenantManager::get(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(id);
  if (found == tenants_.end()) return no_such_tenant(id);
  return found->second;
}

std::vector<std::shared_ptr<Tenant>> TenantManager::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Tenant>> all;
  all.reserve(tenants_.size());
  for (const auto& [id, tenant] : tenants_) all.push_back(tenant);
  return all;
}

Result<void> TenantManager::set_plan(std::string_view id, std::string_view plan) {
  auto tenant = get(id);
  if (!tenant) return tenant.error();
  Plan found_plan;
  {
    const std::lock_guard lock(mutex_);
    auto found = find_plan(plan);
    if (!found) return found.error();
    found_plan = std::move(*found);
  }
  // Outside the lock: setting limits waits for the tenant's writers, and no other tenant should.
  (*tenant)->set_plan(found_plan);
  return {};
}

Result<void> TenantManager::set_settings(std::string_view id, const TenantSettings& settings) {
  if (auto valid = validate_settings(settings); !valid) return valid.error();
  auto tenant = get(id);
  if (!tenant) return tenant.error();
  (*tenant)->set_settings(settings);
  return {};
}

Result<void> TenantManager::remove(std::string_view id) {
  std::shared_ptr<Tenant> last_reference;  // freed after the lock: a large tenant takes its time
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(id);
  if (found == tenants_.end()) return no_such_tenant(id);
  last_reference = std::move(found->second);
  tenants_.erase(found);
  return {};
}

std::vector<Plan> TenantManager::plans() const {
  const std::lock_guard lock(mutex_);
  return plans_;
}

Result<Plan> TenantManager::find_plan(std::string_view name) const {
  const auto found = std::find_if(plans_.begin(), plans_.end(),
                                  [name](const Plan& plan) { return plan.name == name; });
  if (found != plans_.end()) return *found;
  std::string names;
  for (const Plan& plan : plans_) names += (names.empty() ? "" : ", ") + plan.name;
  return Error(ErrorCode::bad_request,
               "there is no plan \"" + std::string(name) + "\"; there are " + names);
}

}  // namespace syncline
