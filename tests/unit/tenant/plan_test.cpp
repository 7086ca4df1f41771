#include "syncline/plan.hpp"

#include <doctest/doctest.h>

#include "tenant/plan_limits.hpp"

namespace syncline {
namespace {

const Plan& named(std::string_view name) {
  for (const Plan& plan : built_in_plans()) {
    if (plan.name == name) return plan;
  }
  FAIL("no plan ", std::string(name));
  return built_in_plans().front();
}

void check_limits(std::string_view name, std::uint64_t storage, std::uint64_t connections,
                  std::uint64_t requests, bool change_log) {
  CAPTURE(std::string(name));
  const Plan& plan = named(name);
  CHECK(plan.storage_bytes == storage);
  CHECK(plan.max_connections == connections);
  CHECK(plan.requests_per_second == requests);
  CHECK(plan.change_log == change_log);
}

TEST_CASE("the five built-in plans are those of the price list") {
  CHECK(built_in_plans().size() == 5);
  check_limits("free", 100'000'000, 5, 10, false);
  check_limits("starter", 1'000'000'000, 20, 100, true);
  check_limits("pro", 10'000'000'000, 100, 1'000, true);
  check_limits("enterprise", 100'000'000'000, 1'000, 10'000, true);
  check_limits("unlimited", 0, 0, 0, true);
}

TEST_CASE("no limit in a plan is no limit in the replica") {
  CHECK(tenant_internal::max_log_bytes(named("unlimited")) ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(tenant_internal::max_log_bytes(named("starter")) == 1'000'000'000);
}

TEST_CASE("only a plan without change log names itself to the replica") {
  CHECK(tenant_internal::no_change_log_plan(named("free")) == "free");
  CHECK(tenant_internal::no_change_log_plan(named("pro")).empty());
}

}  // namespace
}  // namespace syncline
