#include "syncline/policy.hpp"

#include <algorithm>
#include <array>

#include "changelog/mutation.hpp"
#include "changelog/winner/greatest.hpp"

namespace syncline {
namespace {

constexpr std::array<std::string_view, 2> names = {"causal", "lww"};

std::string known_names() {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace

bool dated_before(const ChangeView& left, const ChangeView& right) noexcept {
  if (left.hlc != right.hlc) return left.hlc < right.hlc;
  if (mutated(Mutation::no_origin_in_tie_break)) return false;
  if (mutated(Mutation::greater_or_equal_for_greater)) return true;
  if (left.dot.origin != right.dot.origin) return left.dot.origin < right.dot.origin;
  return left.dot.seq < right.dot.seq;
}

std::size_t greatest_of(std::span<const ChangeView> heads) noexcept {
  std::size_t greatest = 0;
  for (std::size_t i = 1; i < heads.size(); ++i) {
    if (dated_before(heads[greatest], heads[i])) greatest = i;
  }
  return greatest;
}

const ConflictPolicy* find_policy(std::string_view name) noexcept {
  if (name == "lww") return &lww_policy();
  if (name == "causal") return &causal_policy();
  return nullptr;
}

std::span<const std::string_view> policy_names() noexcept { return names; }

std::string_view PolicySettings::for_table(std::string_view table) const noexcept {
  const auto found = tables.find(table);
  return found == tables.end() ? std::string_view(default_policy) : found->second;
}

Result<void> PolicySettings::validate() const {
  const auto check = [](const std::string& name, const std::string& where) -> Result<void> {
    if (find_policy(name) != nullptr) return {};
    return Error{ErrorCode::bad_request, "unknown conflict policy '" + name + "' " + where +
                                             "; there are: " + known_names()};
  };
  if (auto checked = check(default_policy, "as the default"); !checked) return checked;
  for (const auto& [table, name] : tables) {
    if (auto checked = check(name, "for table '" + table + "'"); !checked) return checked;
  }
  return {};
}

}  // namespace syncline
