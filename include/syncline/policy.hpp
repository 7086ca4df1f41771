// Who wins: the interface of conflict policies and the two that are built in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "syncline/change.hpp"

namespace syncline {

/// What a policy says of a set of heads.
struct Decision {
  /// Index of the head that is visible (or that the merged value stands for).
  std::size_t winner = 0;
  /// Set by policies that make a value of their own out of the heads.
  std::optional<std::string> merged;
};

/// Decides which of several concurrent changes of a row is visible. A pure function of the heads
/// (and of the base value where it says so): no clock of now, no order of arrival, no local or
/// remote. So every replica that holds the same heads shows the same value, and nothing has to be
/// written. Implementations are immutable and thread-safe.
class ConflictPolicy {
 public:
  ConflictPolicy() = default;
  ConflictPolicy(const ConflictPolicy&) = delete;
  ConflictPolicy& operator=(const ConflictPolicy&) = delete;
  virtual ~ConflictPolicy() = default;

  /// The name in settings and reports, e.g. "lww".
  virtual std::string_view name() const noexcept = 0;
  /// Requires at least one head; their order does not matter. `base` is the row's value that all
  /// of them had seen last, null if there was none.
  virtual Decision decide(std::span<const ChangeView> heads, const ChangeView* base) const = 0;
  /// True if the policy's word settles a conflict; false if it stays open until a change that saw
  /// both sides arrives.
  virtual bool settles() const noexcept = 0;
  /// Why `winner` won over `loser`, in a sentence for a person.
  virtual std::string reason(const ChangeView& winner, const ChangeView& loser) const = 0;
};

/// The order that ties are broken by everywhere: greater (hlc, origin, seq). True if `left` is the
/// lesser.
bool dated_before(const ChangeView& left, const ChangeView& right) noexcept;

/// "lww": the last writer, by (hlc, origin, seq), wins; the loser is kept in the report.
const ConflictPolicy& lww_policy() noexcept;
/// "causal": shows the last writer's change for the time being and leaves the conflict open until
/// somebody who saw both sides writes.
const ConflictPolicy& causal_policy() noexcept;
/// The built-in policy called `name`, null if there is none.
const ConflictPolicy* find_policy(std::string_view name) noexcept;
/// Names of the built-in policies, for messages.
std::span<const std::string_view> policy_names() noexcept;

/// A tenant's choice of policies: one by default, others by table. Part of the tenant's settings;
/// all replicas of a tenant have to use the same version of it.
struct PolicySettings {
  std::string default_policy = "lww";
  std::map<std::string, std::string, std::less<>> tables;

  /// The policy's name for `table`.
  std::string_view for_table(std::string_view table) const noexcept;
  /// Errors: `bad_request` naming the unknown policy and those there are.
  Result<void> validate() const;
  friend bool operator==(const PolicySettings&, const PolicySettings&) = default;
};

}  // namespace syncline
