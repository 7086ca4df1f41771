#include "syncline/policy.hpp"

#include <doctest/doctest.h>

#include "changelog/winner/greatest.hpp"

using namespace syncline;

TEST_CASE("built-in policies are found by name, others are refused with the names there are") {
  CHECK(find_policy("lww") == &lww_policy());
  CHECK(find_policy("causal") == &causal_policy());
  CHECK(find_policy("lww2") == nullptr);
  for (const std::string_view name : policy_names()) CHECK(find_policy(name)->name() == name);
  PolicySettings settings;
  CHECK(settings.validate().has_value());
  settings.tables["orders"] = "first";
  const Error error = settings.validate().error();
  CHECK(error.code == ErrorCode::bad_request);
  CHECK(error.detail.find("orders") != std::string::npos);
  CHECK(error.detail.find("causal, lww") != std::string::npos);
  CHECK(settings.for_table("orders") == "first");
  CHECK(settings.for_table("other") == "lww");
}

TEST_CASE("gaps are told in units that people use") {
  const auto gap = [](std::uint64_t us) {
    return describe_gap(HybridTime::from_us(1'000'000), HybridTime::from_us(1'000'000 + us));
  };
  CHECK(gap(1'500) == "1.500 ms");
  CHECK(gap(3'200'000) == "3.200 s");
  CHECK(gap(302'000'000) == "5 min 2 s");
  CHECK(gap(7'260'000'000) == "2 h 1 min");
}
