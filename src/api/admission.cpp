#include "api/admission.hpp"

#include <algorithm>
#include <cmath>

namespace syncline::api {

namespace {

/// How long to wait for a connection's end is anybody's guess.
constexpr std::uint64_t connection_retry_s = 5;

}  // namespace

Admission::Account& Admission::account(const Tenant& tenant, const Plan& plan,
                                       std::uint64_t now_us) {
  Account& account = accounts_[tenant.id()];
  if (account.created_at_us != tenant.created_at_us() || account.filled_at_us == 0) {
    account.created_at_us = tenant.created_at_us();
    account.tokens = static_cast<double>(plan.requests_per_second);
    account.filled_at_us = now_us;
  }
  return account;
}

Result<void> Admission::admit(const Tenant& tenant, std::uint64_t connection,
                              std::uint64_t now_us) {
  const Plan plan = tenant.plan();
  const std::lock_guard lock(mutex_);
  Account& counted = account(tenant, plan, now_us);
  if (connection != 0 && !counted.connections.contains(connection)) {
    if (plan.max_connections != 0 && counted.connections.size() >= plan.max_connections) {
      return Error(ErrorCode::rate_limited, "The plan \"" + plan.name + "\" allows " +
                                                std::to_string(plan.max_connections) +
                                                " connections at once.")
          .with("retry_after_s", connection_retry_s);
    }
    counted.connections.insert(connection);
    tenants_[connection].insert(tenant.id());
  }
  if (plan.requests_per_second == 0) return {};
  const auto rate = static_cast<double>(plan.requests_per_second);
  // A clock that was set back gives nothing, and takes nothing.
  const std::uint64_t passed_us = now_us > counted.filled_at_us ? now_us - counted.filled_at_us : 0;
  counted.filled_at_us = now_us;
  counted.tokens = std::min(rate, counted.tokens + static_cast<double>(passed_us) * rate / 1e6);
  if (counted.tokens < 1) {
    const double wait_s = std::ceil((1 - counted.tokens) / rate);
    return Error(ErrorCode::rate_limited, "The plan \"" + plan.name + "\" allows " +
                                              std::to_string(plan.requests_per_second) +
                                              " requests a second.")
        .with("retry_after_s", static_cast<std::uint64_t>(std::max(1.0, wait_s)));
  }
  counted.tokens -= 1;
  return {};
}

void Admission::release(std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(connection);
  if (found == tenants_.end()) return;
  for (const std::string& tenant : found->second) {
    if (const auto account = accounts_.find(tenant); account != accounts_.end()) {
      account->second.connections.erase(connection);
    }
  }
  tenants_.erase(found);
}

void Admission::forget(std::string_view tenant) {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(tenant);
  if (found == accounts_.end()) return;
  for (const std::uint64_t connection : found->second.connections) {
    const auto entry = tenants_.find(connection);
    entry->second.erase(found->first);
    if (entry->second.empty()) tenants_.erase(entry);
  }
  accounts_.erase(found);
}

std::size_t Admission::connections(std::string_view tenant) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(tenant);
  return found == accounts_.end() ? 0 : found->second.connections.size();
}

}  // namespace syncline::api
