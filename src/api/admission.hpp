// What a tenant's plan lets through: requests a second, connections at once.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "syncline/tenant.hpp"

namespace syncline::api {

/// Counts tenants' requests and connections. A connection counts for each tenant that it has made a
/// request for, until it is closed. Requests are paid for from a token bucket that holds one
/// second's worth. Thread-safe.
class Admission {
 public:
  /// Lets one request pass, or not. `connection` 0 counts for nothing.
  /// Errors: `rate_limited` with `retry_after_s`.
  Result<void> admit(const Tenant& tenant, std::uint64_t connection, std::uint64_t now_us);
  /// The connection is gone.
  void release(std::uint64_t connection);
  /// The tenant is gone.
  void forget(std::string_view tenant);
  /// How many connections count for the tenant now.
  std::size_t connections(std::string_view tenant) const;

 private:
  struct Account {
    /// Whose it is: a tenant made anew under an old id begins with a full bucket.
    std::uint64_t created_at_us = 0;
    double tokens = 0;
    std::uint64_t filled_at_us = 0;
    std::unordered_set<std::uint64_t> connections;
  };
  Account& account(const Tenant& tenant, const Plan& plan, std::uint64_t now_us);

  mutable std::mutex mutex_;
  std::map<std::string, Account, std::less<>> accounts_;
  /// The tenants that each connection counts for.
  std::unordered_map<std::uint64_t, std::unordered_set<std::string>> tenants_;
};

}  // namespace syncline::api
