#include "syncline/tenant_store.hpp"

#include <map>

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline {
namespace {

constexpr std::uint64_t noon_us = 1'763'640'000'000'000;

// What a disk would keep. Fails where a test says so.
class FakeStore final : public TenantStore {
 public:
  Result<std::vector<StoredTenant>> load() override {
    std::vector<StoredTenant> all;
    for (const auto& [id, tenant] : tenants) all.push_back(tenant);
    return all;
  }
  Result<TenantJournal> create_journal(std::string_view id) override {
    if (failing) return broken();
    const std::string directory = std::string(id) + '.' + std::to_string(++directories);
    journals[directory] = std::make_shared<MemoryJournal>();
    return TenantJournal{directory, journals[directory], false};
  }
  // As after a restart: the entries are there, and nobody has the journal open.
  Result<TenantJournal> open_journal(const StoredTenant& tenant) override {
    if (failing) return broken();
    auto& journal = journals.at(tenant.directory);
    journal = journal->copy();
    return TenantJournal{tenant.directory, journal, restored};
  }
  Result<void> save(const StoredTenant& tenant) override {
    if (failing || failing_save) return broken();
    tenants[tenant.id] = tenant;
    return {};
  }
  Result<void> remove(std::string_view id) override {
    if (failing) return broken();
    tenants.erase(std::string(id));
    return {};
  }

  static Error broken() { return {ErrorCode::unavailable, "the disk is full"}; }

  std::map<std::string, StoredTenant> tenants;
  std::map<std::string, std::shared_ptr<MemoryJournal>> journals;
  int directories = 0;
  bool failing = false;
  bool failing_save = false;
  bool restored = false;
};

struct Fixture {
  ManualClock clock{noon_us};
  SeededRandom random{7};
  FakeStore store;

  std::unique_ptr<TenantManager> open() {
    auto manager = TenantManager::open({.clock = &clock, .random = &random, .store = &store});
    REQUIRE(manager);
    return std::move(*manager);
  }
};

std::string data_of(const Tenant& tenant, std::string_view row_id) {
  const Row row = tenant.replica().get("notes", row_id);
  return row.exists() ? std::string(row.winner->data) : std::string();
}

TEST_CASE_FIXTURE(Fixture, "tenants come back with plan, settings and data") {
  NodeId node;
  TenantSettings settings;
  settings.policies.default_policy = "causal";
  settings.policies.tables["notes"] = "lww";
  {
    const auto manager = open();
    const auto tenant = manager->create("acme", "starter", settings);
    REQUIRE(tenant);
    node = (*tenant)->replica().node();
    REQUIRE((*tenant)->replica().put("notes", "1", Payload::raw("kept")));
    REQUIRE(manager->set_plan("acme", "pro"));
    settings.max_clock_drift_ms = 9'000;
    REQUIRE(manager->set_settings("acme", settings));
    clock.advance_us(1'000'000);
    REQUIRE(manager->create("beta", "free"));
  }
  const auto manager = open();
  REQUIRE(manager->list().size() == 2);
  const auto tenant = manager->get("acme").value();
  CHECK(tenant->plan().name == "pro");
  CHECK(tenant->created_at_us() == noon_us);
  CHECK(tenant->settings().policies == settings.policies);
  CHECK(tenant->settings().max_clock_drift_ms == 9'000);
  CHECK(tenant->settings().version == 2);
  CHECK(tenant->replica().settings_version() == 2);
  CHECK(tenant->replica().policies() == settings.policies);
  CHECK(tenant->replica().node() == node);
  CHECK(data_of(*tenant, "1") == "kept");
  // Limits are in force from the first write on.
  const auto refused = manager->get("beta").value()->replica().put("notes", "1", Payload::raw("x"));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::change_log_disabled);
}

TEST_CASE_FIXTURE(Fixture, "a store that fails changes nothing") {
  const auto manager = open();
  const auto tenant = manager->create("acme", "pro").value();
  store.failing_save = true;
  CHECK(manager->create("beta", "pro").error() == FakeStore::broken());
  store.failing = true;
  CHECK(manager->create("beta", "pro").error() == FakeStore::broken());
  CHECK(manager->set_plan("acme", "free").error() == FakeStore::broken());
  CHECK(manager->set_settings("acme", {}).error() == FakeStore::broken());
  CHECK(manager->remove("acme").error() == FakeStore::broken());

  CHECK(manager->get("beta").error().code == ErrorCode::tenant_not_found);
  CHECK(manager->get("acme").value() == tenant);
  CHECK(tenant->plan().name == "pro");
  CHECK(tenant->settings().version == 1);
  CHECK(tenant->replica().put("notes", "1", Payload::raw("still")));
  CHECK(store.tenants.size() == 1);

  store.failing = store.failing_save = false;
  CHECK(manager->create("beta", "pro"));
}

TEST_CASE_FIXTURE(Fixture, "a tenant of the same name begins empty") {
  auto manager = open();
  const auto first = manager->create("acme", "pro").value();
  REQUIRE(first->replica().put("notes", "1", Payload::raw("of the first")));
  const LogId log_id = first->replica().log_id();
  REQUIRE(manager->remove("acme"));
  CHECK(store.tenants.empty());
  const auto second = manager->create("acme", "pro").value();
  CHECK(second->replica().log_id() != log_id);
  manager = open();
  const auto reopened = manager->get("acme").value();
  CHECK(reopened->replica().log_id() == second->replica().log_id());
  CHECK(reopened->replica().statistics().changes == 0);
}

TEST_CASE_FIXTURE(Fixture, "a plan of the program's own beats the stored numbers") {
  REQUIRE(open()->create("acme", "pro"));
  store.tenants["acme"].plan.requests_per_second = 1;
  CHECK(open()->get("acme").value()->plan().requests_per_second == 1'000);

  Plan special{.name = "special", .storage_bytes = 5'000, .max_connections = 2};
  store.tenants["acme"].plan = special;
  const auto manager = open();
  CHECK(manager->get("acme").value()->plan() == special);
  // Settings can be changed without losing it, and it is none that others can be given.
  REQUIRE(manager->set_settings("acme", {}));
  CHECK(store.tenants["acme"].plan == special);
  CHECK(manager->set_plan("acme", "special").error().code == ErrorCode::bad_request);
}

TEST_CASE_FIXTURE(Fixture, "what was restored goes on under a new id") {
  auto manager = open();
  const auto tenant = manager->create("acme", "pro").value();
  REQUIRE(tenant->replica().put("notes", "1", Payload::raw("kept")));
  const NodeId before = tenant->replica().node();
  store.restored = true;
  manager = open();
  const auto restored = manager->get("acme").value();
  CHECK(restored->replica().node() != before);
  CHECK(data_of(*restored, "1") == "kept");
}

TEST_CASE_FIXTURE(Fixture, "a tenant that does not open is named") {
  REQUIRE(open()->create("acme", "pro"));
  store.failing = true;
  const auto opened = TenantManager::open({.clock = &clock, .random = &random, .store = &store});
  REQUIRE(opened.has_error());
  CHECK(opened.error().code == ErrorCode::unavailable);
  CHECK(opened.error().detail == "tenant \"acme\": the disk is full");
}

TEST_CASE_FIXTURE(Fixture, "a store is for open only") {
  CHECK_THROWS_AS(TenantManager(TenantManager::Options{.store = &store}), std::invalid_argument);
}

}  // namespace
}  // namespace syncline
