// Tenants on one node: isolated from each other, each with the limits of its plan.
#include <iostream>
#include <string>

#include "syncline/tenant.hpp"

using syncline::Payload;

namespace {

void print_plans(const syncline::TenantManager& manager) {
  std::cout << "plans (0: no limit)\n";
  for (const syncline::Plan& plan : manager.plans()) {
    std::cout << "  " << plan.name << ": " << plan.storage_bytes / 1'000'000 << " MB, "
              << plan.max_connections << " connections, " << plan.requests_per_second
              << " requests/s, change log " << (plan.change_log ? "on" : "off") << '\n';
  }
}

}  // namespace

int main() {
  syncline::TenantManager manager;
  print_plans(manager);

  // A policy for the tenant, and another for the table where nothing may be lost unseen.
  syncline::TenantSettings settings;
  settings.policies.default_policy = "lww";
  settings.policies.tables["contracts"] = "causal";
  const auto acme = manager.create("acme", "starter", settings).value();
  const auto garage = manager.create("garage", "free").value();

  acme->replica().put("parts", "7", Payload::json(R"({"name":"bolt"})")).value();
  std::cout << "\nacme has part 7: " << acme->replica().get("parts", "7").exists()
            << ", garage sees it: " << garage->replica().get("parts", "7").exists() << '\n';

  const auto refused = garage->replica().put("parts", "7", Payload::json("{}"));
  std::cout << "garage writes on plan free: " << to_string(refused.error()) << '\n';
  manager.set_plan("garage", "pro").value();
  const auto accepted = garage->replica().put("parts", "7", Payload::json("{}"));
  std::cout << "after moving to pro: " << (accepted ? "accepted" : to_string(accepted.error()))
            << '\n';

  const auto unknown = manager.create("shop", "gold");
  std::cout << "a plan that is none: " << unknown.error().detail << '\n';

  settings.policies.default_policy = "causal";
  manager.set_settings("acme", settings).value();
  std::cout << "acme's settings are at version " << acme->settings().version << '\n';

  // Whoever still holds a tenant can finish what it began.
  manager.remove("garage").value();
  std::cout << "tenants left: " << manager.list().size() << '\n';
  return !refused && accepted && manager.list().size() == 1 ? 0 : 1;
}
