#include "api/admission.hpp"

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline {

using api::Admission;

namespace {

constexpr std::uint64_t start_us = 1'700'000'000'000'000;

std::size_t admitted(Admission& admission, const Tenant& tenant, std::uint64_t now_us, int tries) {
  std::size_t count = 0;
  for (int i = 0; i < tries; ++i) {
    if (admission.admit(tenant, 0, now_us)) ++count;
  }
  return count;
}

}  // namespace

TEST_SUITE("admission") {
  TEST_CASE("a second's worth of requests at once, then as many as time brings") {
    TenantManager tenants;
    const auto tenant = *tenants.create("a", "free");
    Admission admission;
    CHECK(admitted(admission, *tenant, start_us, 15) == 10);
    CHECK(admitted(admission, *tenant, start_us + 300'000, 15) == 3);
    CHECK(admitted(admission, *tenant, start_us + 100'000, 15) == 0);
    CHECK(admitted(admission, *tenant, start_us + 60'000'000, 15) == 10);
    const auto refused = admission.admit(*tenant, 0, start_us + 60'000'000);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::rate_limited);
    CHECK(refused.error().number("retry_after_s") == 1);
  }

  TEST_CASE("a connection counts for each tenant until it is closed") {
    TenantManager tenants;
    const auto first = *tenants.create("a", "free");
    const auto second = *tenants.create("b", "free");
    Admission admission;
    for (std::uint64_t connection = 1; connection <= 5; ++connection) {
      CHECK(admission.admit(*first, connection, start_us));
    }
    CHECK(admission.connections("a") == 5);
    CHECK_FALSE(admission.admit(*first, 6, start_us));
    CHECK(admission.admit(*first, 5, start_us));
    CHECK(admission.admit(*second, 6, start_us));
    admission.release(3);
    admission.release(3);
    CHECK(admission.connections("a") == 4);
    CHECK(admission.admit(*first, 6, start_us));
    CHECK(admission.connections("b") == 1);
    admission.release(6);
    CHECK(admission.connections("a") == 4);
    CHECK(admission.connections("b") == 0);
  }

  TEST_CASE("a tenant that is gone leaves nothing, and no plan's change lifts another's limits") {
    TenantManager tenants;
    const auto tenant = *tenants.create("a", "free");
    Admission admission;
    CHECK(admitted(admission, *tenant, start_us, 20) == 10);
    CHECK(tenants.set_plan("a", "unlimited"));
    CHECK(admitted(admission, *tenant, start_us, 20) == 20);
    CHECK(admission.admit(*tenant, 1, start_us));
    admission.forget("a");
    CHECK(admission.connections("a") == 0);
    admission.release(1);
  }
}

}  // namespace syncline
