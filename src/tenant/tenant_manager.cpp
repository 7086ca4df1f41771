#include <algorithm>
#include <stdexcept>
#include <utility>

#include "changelog/mutation.hpp"
#include "syncline/tenant.hpp"
#include "syncline/tenant_store.hpp"
#include "tenant/plan_limits.hpp"

namespace syncline {
namespace {

Error no_such_tenant(std::string_view id) {
  return Error(ErrorCode::tenant_not_found, "there is no tenant \"" + std::string(id) + '"');
}

Error of_tenant(const std::string& id, Error error) {
  error.detail = "tenant \"" + id + "\": " + error.detail;
  return error;
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

TenantManager::TenantManager(Options options) : TenantManager(options, WithStore{}) {
  if (options_.store != nullptr) {
    throw std::invalid_argument("a tenant manager with a store is made by TenantManager::open");
  }
}

TenantManager::TenantManager(Options options, WithStore) : options_(options) {
  if (options_.clock == nullptr) options_.clock = &system_clock();
  if (options_.random == nullptr) options_.random = &system_random();
  const auto plans = built_in_plans();
  plans_.assign(plans.begin(), plans.end());
  std::sort(plans_.begin(), plans_.end(), smaller);
}

Result<std::unique_ptr<TenantManager>> TenantManager::open(Options options) {
  std::unique_ptr<TenantManager> manager(new TenantManager(options, WithStore{}));
  if (auto loaded = manager->load(); !loaded) return loaded.error();
  return manager;
}

Result<void> TenantManager::load() {
  if (options_.store == nullptr) return {};
  auto all = options_.store->load();
  if (!all) return all.error();
  for (StoredTenant& stored : *all) {
    // The numbers of a built-in plan are the program's; those of another are only here.
    if (auto built_in = find_plan(stored.plan.name)) stored.plan = std::move(*built_in);
    auto journal = options_.store->open_journal(stored);
    if (!journal) return of_tenant(stored.id, journal.error());
    auto tenant = open_tenant(stored, std::move(journal->journal), journal->restored);
    if (!tenant) return of_tenant(stored.id, tenant.error());
    tenants_.emplace(stored.id, Entry{std::move(*tenant), stored.directory});
  }
  return {};
}

Result<std::shared_ptr<Tenant>> TenantManager::open_tenant(const StoredTenant& stored,
                                                           std::shared_ptr<Journal> journal,
                                                           bool restored) {
  Replica::Options options;
  options.tenant = stored.id;
  options.clock = options_.clock;
  options.random = options_.random;
  options.journal = std::move(journal);
  options.restored = restored;
  options.policies = stored.settings.policies;
  options.settings_version = stored.settings.version;
  options.max_change_bytes = options_.max_change_bytes;
  options.max_batch_changes = options_.max_batch_changes;
  options.max_body_bytes = options_.max_body_bytes;
  options.max_clock_drift_ms = stored.settings.max_clock_drift_ms;
  options.max_log_bytes = tenant_internal::max_log_bytes(stored.plan);
  options.no_change_log_plan = tenant_internal::no_change_log_plan(stored.plan);
  auto replica = Replica::open(std::move(options));
  if (!replica) return replica.error();
  return std::make_shared<Tenant>(stored.id, stored.plan, stored.settings, std::move(*replica),
                                  stored.created_at_us);
}

Result<std::shared_ptr<Tenant>> TenantManager::create(std::string_view id, std::string_view plan,
                                                      const TenantSettings& settings) {
  if (auto valid = validate_tenant_id(id); !valid) return valid.error();
  if (auto valid = validate_settings(settings); !valid) return valid.error();
  auto found_plan = find_plan(plan);
  if (!found_plan) return found_plan.error();
  // Held while the replica opens: of two who create the same id, one opens it and the other is
  // told. Those who look for a tenant meanwhile do not wait.
  const std::lock_guard changing(change_mutex_);
  if (find(id)) {
    return Error(ErrorCode::tenant_exists, "there is a tenant \"" + std::string(id) + "\" already");
  }
  StoredTenant stored;
  stored.id = id;
  stored.plan = std::move(*found_plan);
  stored.settings = settings;
  stored.settings.version = 1;
  stored.created_at_us = options_.clock->now_us();

  TenantJournal journal;
  if (options_.store != nullptr) {
    auto created = options_.store->create_journal(id);
    if (!created) return created.error();
    journal = std::move(*created);
    stored.directory = journal.directory;
  }
  auto tenant = open_tenant(stored, std::move(journal.journal), false);
  if (!tenant) return tenant.error();
  // Last: a tenant that is known has its data.
  if (options_.store != nullptr) {
    if (auto saved = options_.store->save(stored); !saved) return saved.error();
  }
  const std::lock_guard lock(mutex_);
  tenants_.emplace(id, Entry{*tenant, stored.directory});
  return tenant;
}

Result<TenantManager::Entry> TenantManager::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(id);
  if (found == tenants_.end()) return no_such_tenant(id);
  return found->second;
}

Result<std::shared_ptr<Tenant>> TenantManager::get(std::string_view id) const {
  auto found = find(id);
  if (!found) return found.error();
  if (mutated(Mutation::tenants_mixed_up)) return list().front();
  return std::move(found->tenant);
}

std::vector<std::shared_ptr<Tenant>> TenantManager::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Tenant>> all;
  all.reserve(tenants_.size());
  for (const auto& [id, entry] : tenants_) all.push_back(entry.tenant);
  return all;
}

Result<void> TenantManager::save(const Entry& entry, const Plan& plan,
                                 const TenantSettings& settings) {
  if (options_.store == nullptr) return {};
  StoredTenant stored;
  stored.id = entry.tenant->id();
  stored.directory = entry.directory;
  stored.plan = plan;
  stored.settings = settings;
  stored.created_at_us = entry.tenant->created_at_us();
  return options_.store->save(stored);
}

Result<void> TenantManager::set_plan(std::string_view id, std::string_view plan) {
  const std::lock_guard changing(change_mutex_);
  const auto entry = find(id);
  if (!entry) return entry.error();
  const auto found_plan = find_plan(plan);
  if (!found_plan) return found_plan.error();
  if (auto saved = save(*entry, *found_plan, entry->tenant->settings()); !saved) return saved;
  entry->tenant->set_plan(*found_plan);
  return {};
}

Result<void> TenantManager::set_settings(std::string_view id, const TenantSettings& settings) {
  if (auto valid = validate_settings(settings); !valid) return valid.error();
  const std::lock_guard changing(change_mutex_);
  const auto entry = find(id);
  if (!entry) return entry.error();
  TenantSettings next = settings;
  next.version = entry->tenant->settings().version + 1;
  if (auto saved = save(*entry, entry->tenant->plan(), next); !saved) return saved;
  entry->tenant->set_settings(std::move(next));
  return {};
}

Result<void> TenantManager::remove(std::string_view id) {
  std::shared_ptr<Tenant> last_reference;  // freed after the locks: a large tenant takes its time
  const std::lock_guard changing(change_mutex_);
  if (const auto entry = find(id); !entry) return entry.error();
  if (options_.store != nullptr) {
    if (auto removed = options_.store->remove(id); !removed) return removed;
  }
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(id);
  last_reference = std::move(found->second.tenant);
  tenants_.erase(found);
  return {};
}

std::vector<Plan> TenantManager::plans() const { return plans_; }

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
