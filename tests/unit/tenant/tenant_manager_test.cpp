#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "syncline/tenant.hpp"

namespace syncline {
namespace {

constexpr std::uint64_t noon_us = 1'763'640'000'000'000;

struct Fixture {
  ManualClock clock{noon_us};
  SeededRandom random{7};
  TenantManager manager{TenantManager::Options{.clock = &clock, .random = &random}};
};

Result<WriteResult> write(Tenant& tenant, std::string_view row_id, std::string_view text) {
  return tenant.replica().put("notes", row_id, Payload::raw(text));
}

TEST_CASE("ids that a path or a host name could not carry are refused") {
  for (const char* good : {"a", "0", "acme", "acme-eu.2_b", "a--", "0.."}) {
    CAPTURE(good);
    CHECK(validate_tenant_id(good).has_value());
  }
  for (const char* bad : {"", "A", "-a", ".a", "_a", "a/b", "a b", "caf\xc3\xa9", "a%"}) {
    CAPTURE(bad);
    const auto result = validate_tenant_id(bad);
    REQUIRE(result.has_error());
    CHECK(result.error().code == ErrorCode::bad_request);
  }
  CHECK(validate_tenant_id(std::string(63, 'a')).has_value());
  CHECK(validate_tenant_id(std::string(64, 'a')).has_error());
  CHECK(validate_tenant_id(std::string_view("a\0b", 3)).has_error());
}

TEST_CASE_FIXTURE(Fixture, "a new tenant has its plan, its settings and a replica of its own") {
  TenantSettings settings;
  settings.policies.default_policy = "causal";
  settings.max_clock_drift_ms = 5'000;
  settings.version = 99;
  const auto acme = manager.create("acme", "pro", settings);
  const auto other = manager.create("other", "starter");
  REQUIRE(acme.has_value());
  REQUIRE(other.has_value());

  CHECK((*acme)->id() == "acme");
  CHECK((*acme)->plan().name == "pro");
  CHECK((*acme)->created_at_us() == noon_us);
  CHECK((*acme)->settings().version == 1);
  CHECK((*acme)->replica().tenant() == "acme");
  CHECK((*acme)->replica().policies().default_policy == "causal");
  CHECK((*acme)->replica().settings_version() == 1);
  CHECK((*acme)->replica().max_clock_drift_ms() == 5'000);
  CHECK((*acme)->replica().node() != (*other)->replica().node());

  REQUIRE(write(**acme, "1", "of acme").has_value());
  CHECK((*acme)->replica().get("notes", "1").exists());
  CHECK_FALSE((*other)->replica().get("notes", "1").winner.has_value());
}

TEST_CASE_FIXTURE(Fixture, "the manager's limits reach the replicas") {
  TenantManager small(TenantManager::Options{.clock = &clock,
                                             .random = &random,
                                             .max_change_bytes = 100,
                                             .max_batch_changes = 3,
                                             .max_body_bytes = 2'000});
  const auto tenant = small.create("acme", "pro");
  REQUIRE(tenant.has_value());
  CHECK((*tenant)->replica().max_change_bytes() == 100);
  CHECK((*tenant)->replica().max_batch_changes() == 3);
  CHECK((*tenant)->replica().max_body_bytes() == 2'000);
  const auto refused = write(**tenant, "1", std::string(101, 'x'));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::too_large);
}

TEST_CASE_FIXTURE(Fixture, "what cannot be created is refused and leaves nothing behind") {
  REQUIRE(manager.create("acme", "pro").has_value());
  const auto again = manager.create("acme", "starter");
  REQUIRE(again.has_error());
  CHECK(again.error().code == ErrorCode::tenant_exists);
  CHECK(manager.get("acme").value()->plan().name == "pro");

  const auto bad_id = manager.create("Acme", "pro");
  REQUIRE(bad_id.has_error());
  CHECK(bad_id.error().code == ErrorCode::bad_request);

  TenantSettings settings;
  settings.policies.tables["notes"] = "first_come";
  const auto bad_policy = manager.create("beta", "pro", settings);
  REQUIRE(bad_policy.has_error());
  CHECK(bad_policy.error().code == ErrorCode::bad_request);
  CHECK(bad_policy.error().detail.find("first_come") != std::string::npos);
  CHECK(manager.list().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "an unknown plan is answered with those there are") {
  const auto created = manager.create("acme", "gold");
  REQUIRE(created.has_error());
  CHECK(created.error().code == ErrorCode::bad_request);
  for (const char* name : {"gold", "free", "starter", "pro", "enterprise", "unlimited"}) {
    CAPTURE(name);
    CHECK(created.error().detail.find(name) != std::string::npos);
  }
  REQUIRE(manager.create("acme", "pro").has_value());
  const auto changed = manager.set_plan("acme", "gold");
  REQUIRE(changed.has_error());
  CHECK(changed.error().code == ErrorCode::bad_request);
  CHECK(manager.get("acme").value()->plan().name == "pro");
}

TEST_CASE_FIXTURE(Fixture, "tenants and plans are listed in order") {
  for (const char* id : {"c", "a", "b"}) REQUIRE(manager.create(id, "pro").has_value());
  std::string ids;
  for (const auto& tenant : manager.list()) ids += tenant->id();
  CHECK(ids == "abc");
  std::string names;
  for (const Plan& plan : manager.plans()) names += plan.name + ' ';
  CHECK(names == "free starter pro enterprise unlimited ");
}

TEST_CASE_FIXTURE(Fixture, "a plan without change log refuses every way of writing") {
  const auto tenant = manager.create("acme", "free");
  REQUIRE(tenant.has_value());
  Replica& replica = (*tenant)->replica();
  const auto expect_disabled = [](const Error& error) {
    CHECK(error.code == ErrorCode::change_log_disabled);
    CHECK(error.text("plan") == "free");
  };
  const Payload text = Payload::raw("x");
  expect_disabled(replica.put("notes", "1", text).error());
  expect_disabled(replica.insert("notes", "1", text).error());
  expect_disabled(replica.update("notes", "1", text).error());
  expect_disabled(replica.erase("notes", "1").error());
  const std::vector<Write> writes{
      {.kind = WriteKind::put, .table = "notes", .row_id = "1", .payload = text, .options = {}}};
  expect_disabled(replica.transaction(writes).error());
  const BatchResult batch = replica.write_batch(writes);
  CHECK(batch.written == 0);
  REQUIRE(batch.failures.size() == 1);
  expect_disabled(batch.failures.front().error);
  CHECK(replica.statistics().changes == 0);
}

TEST_CASE_FIXTURE(Fixture, "another plan counts from the next write on") {
  const auto tenant = manager.create("acme", "free");
  REQUIRE(tenant.has_value());
  CHECK(write(**tenant, "1", "too early").has_error());

  REQUIRE(manager.set_plan("acme", "starter").has_value());
  CHECK((*tenant)->plan().name == "starter");
  REQUIRE(write(**tenant, "1", "accepted").has_value());

  REQUIRE(manager.set_plan("acme", "free").has_value());
  CHECK(write(**tenant, "2", "too late").error().code == ErrorCode::change_log_disabled);
  CHECK((*tenant)->replica().get("notes", "1").winner->data == "accepted");
}

TEST_CASE_FIXTURE(Fixture, "a full plan refuses and keeps what it had accepted") {
  // "free" has the smallest storage, but no change log: fill a bigger plan's tenant and shrink it.
  const auto tenant = manager.create("acme", "pro");
  REQUIRE(tenant.has_value());
  Replica& replica = (*tenant)->replica();
  const std::string megabyte(1'000'000, 'x');
  for (int i = 0; i < 3; ++i) REQUIRE(write(**tenant, std::to_string(i), megabyte).has_value());

  const std::uint64_t held = replica.statistics().bytes;
  replica.set_plan_limits(held + 500'000, "");
  const auto refused = write(**tenant, "3", megabyte);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::quota_exceeded);
  CHECK_FALSE(refused.error().text("quota").empty());
  CHECK(refused.error().number("limit") == held + 500'000);
  CHECK(replica.statistics().changes == 3);
  CHECK(replica.statistics().bytes == held);
  for (int i = 0; i < 3; ++i) CHECK(replica.get("notes", std::to_string(i)).exists());
  CHECK(write(**tenant, "4", "what still fits").has_value());

  // The larger plan takes the limit away at once.
  REQUIRE(manager.set_plan("acme", "enterprise").has_value());
  CHECK(write(**tenant, "3", megabyte).has_value());
}

TEST_CASE_FIXTURE(Fixture, "settings are checked, counted and in force at once") {
  const auto tenant = manager.create("acme", "pro");
  REQUIRE(tenant.has_value());
  TenantSettings settings;
  settings.policies.default_policy = "causal";
  settings.max_clock_drift_ms = 1'000;
  REQUIRE(manager.set_settings("acme", settings).has_value());
  CHECK((*tenant)->settings().version == 2);
  CHECK((*tenant)->replica().settings_version() == 2);
  CHECK((*tenant)->replica().policies() == settings.policies);
  CHECK((*tenant)->replica().max_clock_drift_ms() == 1'000);

  settings.policies.default_policy = "coin_toss";
  CHECK(manager.set_settings("acme", settings).error().code == ErrorCode::bad_request);
  settings.policies.default_policy = "lww";
  settings.max_clock_drift_ms = ~std::uint64_t{0};
  CHECK(manager.set_settings("acme", settings).error().code == ErrorCode::bad_request);
  CHECK((*tenant)->settings().version == 2);
  CHECK((*tenant)->replica().policies().default_policy == "causal");
}

TEST_CASE_FIXTURE(Fixture, "who has a tenant keeps it when it is removed") {
  REQUIRE(manager.create("acme", "pro").has_value());
  const std::shared_ptr<Tenant> held = manager.get("acme").value();
  const NodeId node = held->replica().node();
  REQUIRE(manager.remove("acme").has_value());
  CHECK(write(*held, "1", "under way").has_value());

  CHECK(manager.get("acme").error().code == ErrorCode::tenant_not_found);
  CHECK(manager.remove("acme").error().code == ErrorCode::tenant_not_found);
  CHECK(manager.set_plan("acme", "pro").error().code == ErrorCode::tenant_not_found);
  CHECK(manager.set_settings("acme", {}).error().code == ErrorCode::tenant_not_found);

  // The name can be given again; it is another replica that begins empty.
  const auto again = manager.create("acme", "pro");
  REQUIRE(again.has_value());
  CHECK((*again)->replica().node() != node);
  CHECK((*again)->replica().statistics().changes == 0);
}

TEST_CASE("of many who create one tenant at once, one does") {
  TenantManager manager;
  std::atomic<int> created{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (manager.create("acme", "pro").has_value()) ++created;
      for (int j = 0; j < 20; ++j) {
        static_cast<void>(manager.set_plan("acme", j % 2 == 0 ? "pro" : "free"));
        static_cast<void>(manager.set_settings("acme", {}));
        static_cast<void>(manager.list());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(created == 1);
  const auto tenant = manager.get("acme").value();
  CHECK(tenant->settings().version == 81);
  // Plan and limits were changed together, whoever came last.
  CHECK(write(*tenant, "1", "x").has_value() == tenant->plan().change_log);
}

}  // namespace
}  // namespace syncline
