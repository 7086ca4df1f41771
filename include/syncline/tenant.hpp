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

/// How much of its log a tenant keeps at most; 0 in a limit: all. What goes are changes that rows
/// and conflicts do not need any more, and never what a registered replica has not acknowledged.
struct Retention {
  std::uint64_t max_age_s = 0;  ///< since arrival
  std::uint64_t max_bytes = 0;  ///< of records, about
  std::uint64_t max_changes = 0;

  bool keeps_all() const noexcept { return max_age_s == 0 && max_bytes == 0 && max_changes == 0; }
  friend bool operator==(const Retention&, const Retention&) = default;
};

/// What a tenant's admin may set. Every change counts `version` up.
struct TenantSettings {
  PolicySettings policies;
  std::uint64_t max_clock_drift_ms = limits::default_max_clock_drift_ms;
  Retention retention;
  /// Which replica decides what is stable. nil: the one that serves the tenant, whatever its id is.
  /// nullopt: none does, and nothing is collected.
  std::optional<NodeId> home = NodeId();
  /// How long a replica may be silent before it is given up.
  std::uint64_t lease_s = limits::default_lease_s;
  /// How many changes a named consumer may be behind and still hold them; 0: any number.
  std::uint64_t consumer_max_lag = 0;
  std::uint64_t version = 1;

  friend bool operator==(const TenantSettings&, const TenantSettings&) = default;
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
  /// The replica that decides what is stable, as it is called now; nullopt: none.
  std::optional<NodeId> home() const;
  /// True if that is the one here.
  bool is_home() const { return home() == replica_->node(); }

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

class TenantStore;
struct StoredTenant;

/// All tenants and plans of one node. Thread-safe.
class TenantManager {
 public:
  struct Options {
    Clock* clock = nullptr;    ///< null: the system's. Has to outlive the manager
    Random* random = nullptr;  ///< null: the system's. Has to outlive the manager
    std::size_t max_change_bytes = limits::default_max_change_bytes;
    std::size_t max_batch_changes = limits::default_max_batch_changes;
    std::size_t max_body_bytes = limits::default_max_body_bytes;
    /// Where tenants and their data are kept; null: in memory only. Has to outlive the manager and
    /// all tenants that it handed out. For `open` only.
    TenantStore* store = nullptr;
  };
  TenantManager() : TenantManager(Options{}) {}
  /// Begins without tenants. Throws `std::invalid_argument` if there is a store: what is in it
  /// would not be seen.
  explicit TenantManager(Options options);
  /// Begins with what the store has: every tenant with all its data. From then on what `create`,
  /// `set_plan`, `set_settings` and `remove` did is durable when they return. A tenant whose plan
  /// has the name of a built-in one gets that, whatever the numbers were when it was stored.
  /// Errors: those of the store and of `Replica::open`, naming the tenant.
  static Result<std::unique_ptr<TenantManager>> open(Options options);

  // If the store fails, these change nothing and give its error.

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
  /// With all its data. Requests under way end undisturbed. Errors: `tenant_not_found`.
  Result<void> remove(std::string_view id);
  std::vector<Plan> plans() const;  ///< sorted by storage
  std::size_t max_body_bytes() const noexcept { return options_.max_body_bytes; }

 private:
  struct Entry {
    std::shared_ptr<Tenant> tenant;
    std::string directory;  ///< of its data, in the store's words
  };

  struct WithStore {};
  TenantManager(Options options, WithStore);
  Result<void> load();
  Result<std::shared_ptr<Tenant>> open_tenant(const StoredTenant& stored,
                                              std::shared_ptr<Journal> journal, bool restored);
  Result<void> save(const Entry& entry, const Plan& plan, const TenantSettings& settings);
  Result<Entry> find(std::string_view id) const;
  Result<Plan> find_plan(std::string_view name) const;

  Options options_;
  std::vector<Plan> plans_;  ///< never changed
  /// Held by whoever changes something, for as long as that takes; before `mutex_`.
  std::mutex change_mutex_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> tenants_;
};

}  // namespace syncline
