// Tenants: isolated data sets, each with a replica of its own on this node.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/plan.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// Checks `[a-z0-9][a-z0-9._-]{0,62}`. Errors: `bad_request`.
Result<void> validate_tenant_id(std::string_view id);

/// What a tenant's admin may set. Every change counts `version` up.
struct TenantSettings {
  PolicySettings policies;
  std::uint64_t max_clock_drift_ms = limits::default_max_clock_drift_ms;
  std::uint64_t version = 1;
};

/// One tenant on this node. Handed out as a shared pointer, so that it lives until the last request
/// on it has ended. Thread-safe.
class Tenant {
 public:
  Tenant(std::string id, Plan plan, TenantSettings settings, std::unique_ptr<Replica> replica,
         std::uint64_t created_at_us);

  const std::string& id() const noexcept { return id_; }
  Plan plan() const;
  TenantSettings settings() const;
  std::uint64_t created_at_us() const noexcept { return created_at_us_; }
  Replica& replica() noexcept { return *replica_; }
  const Replica& replica() const noexcept { return *replica_; }

 private:
  friend class TenantManager;
  void set_plan(const Plan& plan);
  void set_settings(TenantSettings settings);

  const std::string id_;
  const std::uint64_t created_at_us_;
  const std::unique_ptr<Replica> replica_;
  mutable std::mutex mutex_;
  Plan plan_;
  TenantSettings settings_;
};

/// All tenants and plans of one node. Thread-safe.
class TenantManager {
 public:
  struct Options {
    Clock* clock = nullptr;    ///< null: the system's. Has to outlive the manager
    Random* random = nullptr;  ///< null: the system's. Has to outlive the manager
    std::size_t max_change_bytes = limits::default_max_change_bytes;
    std::size_t max_batch_changes = limits::default_max_batch_changes;
    std::size_t max_body_bytes = limits::default_max_body_bytes;
  };
  TenantManager() : TenantManager(Options{}) {}
  explicit TenantManager(Options options);

  /// Errors: `bad_request` (id, policies, unknown plan: the detail names those there are),
  /// `tenant_exists`.
  Result<std::shared_ptr<Tenant>> create(std::string_view id, std::string_view plan,
                                         const TenantSettings& settings = {});
  /// Errors: `tenant_not_found`.
  Result<std::shared_ptr<Tenant>> get(std::string_view id) const;
  std::vector<std::shared_ptr<Tenant>> list() const;  ///< sorted by id
  /// Takes effect at once; what was accepted before stays. Errors: `tenant_not_found`,
  /// `bad_request`.
  Result<void> set_plan(std::string_view id, std::string_view plan);
  /// Counts the version up. Errors: `tenant_not_found`, `bad_request`.
  Result<void> set_settings(std::string_view id, const TenantSettings& settings);
  /// Requests under way end undisturbed. Errors: `tenant_not_found`.
  Result<void> remove(std::string_view id);
  std::vector<Plan> plans() const;  ///< sorted by storage
  std::size_t max_body_bytes() const noexcept { return options_.max_body_bytes; }

 private:
  Result<Plan> find_plan(std::string_view name) const;

  Options options_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Tenant>, std::less<>> tenants_;
  std::vector<Plan> plans_;
};

}  // namespace syncline
