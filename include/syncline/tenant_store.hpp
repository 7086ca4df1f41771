// Where a node keeps its tenants: the port of the tenant layer to what survives a restart.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/journal.hpp"
#include "syncline/tenant.hpp"

namespace syncline {

/// What is kept of a tenant beside its data.
struct StoredTenant {
  std::string id;
  std::string
      directory;  ///< names its data; never given to two tenants, also not one after another
  Plan plan;
  TenantSettings settings;
  std::uint64_t created_at_us = 0;
};

/// A tenant's journal, and what the replica over it has to know.
struct TenantJournal {
  std::string directory;             ///< see `StoredTenant`
  std::shared_ptr<Journal> journal;  ///< may outlive the store
  /// It was restored from an older copy: see `Replica::Options`.
  bool restored = false;
};

/// Keeps tenants and opens their journals. Called by one thread at a time. Errors: `unavailable`
/// for what the disk refuses, `internal` for damage, naming what is damaged.
class TenantStore {
 public:
  TenantStore() = default;
  TenantStore(const TenantStore&) = delete;
  TenantStore& operator=(const TenantStore&) = delete;
  virtual ~TenantStore() = default;

  /// All tenants that were saved and not removed.
  virtual Result<std::vector<StoredTenant>> load() = 0;
  /// An empty journal for a tenant that is about to be saved for the first time. If it never is,
  /// the journal is gone with the next start.
  virtual Result<TenantJournal> create_journal(std::string_view id) = 0;
  /// The journal of a tenant that was loaded.
  virtual Result<TenantJournal> open_journal(const StoredTenant& tenant) = 0;
  /// Keeps a tenant, in the place of one with the same id. Durable when it returns; after an error
  /// everything is as it was, unless the disk refuses that too: then a restart finds either. Errors
  /// also: `bad_request` where the store's tenants are not for changing.
  virtual Result<void> save(const StoredTenant& tenant) = 0;
  /// Forgets a tenant, and its data once nobody uses them any more. Durable when it returns.
  virtual Result<void> remove(std::string_view id) = 0;
};

}  // namespace syncline
