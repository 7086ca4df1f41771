#include "sync/standing.hpp"

#include <sstream>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "changelog/mutation.hpp"

namespace syncline {
namespace {

constexpr std::string_view home_property = "tenant/home";
constexpr std::string_view joined_property = "tenant/joined";
constexpr std::string_view retention_property = "tenant/retention";
constexpr std::string_view policies_property = "tenant/policies";
constexpr std::string_view came_back_property = "tenant/came_back";
constexpr std::string_view given_up_property = "tenant/given_up";
constexpr std::string_view replaced_property = "tenant/replaces";
constexpr std::string_view told_given_up_property = "tenant/others_given_up";
constexpr std::string_view left_property = "tenant/left";

std::optional<NodeId> kept_id(const Replica& replica, std::string_view name) {
  const std::optional<std::string> kept = replica.property(name);
  if (!kept) return std::nullopt;
  const Result<NodeId> node = NodeId::parse(*kept);
  return node ? std::optional(*node) : std::nullopt;
}

std::set<NodeId> kept_ids(const Replica& replica, std::string_view name) {
  std::set<NodeId> ids;
  std::istringstream kept(replica.property(name).value_or(""));
  for (std::string word; kept >> word;) {
    if (const Result<NodeId> id = NodeId::parse(word)) ids.insert(*id);
  }
  return ids;
}

/// Adds these to those that are kept there.
Result<void> keep_ids(Replica& replica, std::string_view name, const std::vector<NodeId>& more) {
  std::set<NodeId> ids = kept_ids(replica, name);
  const std::size_t before = ids.size();
  ids.insert(more.begin(), more.end());
  if (ids.size() == before) return {};
  std::string text;
  for (const NodeId& id : ids) text += (text.empty() ? "" : " ") + id.to_string();
  return replica.set_property(name, text);
}

std::string text_of_policies(const TenantTerms& terms) {
  return nlohmann::json{{"version", terms.version},
                        {"max_clock_drift_ms", terms.max_clock_drift_ms},
                        {"default", terms.policies.default_policy},
                        {"tables", terms.policies.tables}}
      .dump();
}

}  // namespace

std::optional<NodeId> home_of(const Replica& replica) { return kept_id(replica, home_property); }

NodeId joined_home(const Replica& replica) {
  return kept_id(replica, joined_property).value_or(NodeId());
}

Result<void> note_joined_home(Replica& replica, const NodeId& home) {
  if (joined_home(replica) == home) return {};
  return replica.set_property(joined_property, home.to_string());
}

std::uint64_t came_back_at(const Replica& replica) {
  std::uint64_t marker = 0;
  std::istringstream(replica.property(came_back_property).value_or("")) >> marker;
  return marker;
}

Result<void> note_came_back(Replica& replica, std::uint64_t marker) {
  if (marker > came_back_at(replica)) {
    auto kept = replica.set_property(came_back_property, std::to_string(marker));
    if (!kept) return kept;
  }
  return replica.set_property(given_up_property, std::nullopt);
}

Result<void> limit_came_back(Replica& replica, std::uint64_t marker) {
  if (marker >= came_back_at(replica)) return {};
  return replica.set_property(came_back_property, std::to_string(marker));
}

bool was_given_up(const Replica& replica) {
  return replica.property(given_up_property).has_value();
}

Result<void> note_given_up(Replica& replica) {
  return replica.set_property(given_up_property, "1");
}

Retention retention_of(const Replica& replica) {
  Retention retention;
  std::istringstream kept(replica.property(retention_property).value_or(""));
  if (kept >> retention.max_age_s >> retention.max_bytes >> retention.max_changes) return retention;
  return {};
}

Result<void> keep_terms(Replica& replica, const TenantTerms& terms) {
  const bool kept_own = mutated(Mutation::policy_not_taken_over);
  replica.set_policies(kept_own ? replica.policies() : terms.policies, terms.version);
  replica.set_max_clock_drift_ms(terms.max_clock_drift_ms);
  std::optional<std::string> home;
  if (terms.home) home = terms.home->to_string();
  if (auto kept = replica.set_property(home_property, home); !kept) return kept;
  if (auto kept = replica.set_property(policies_property, text_of_policies(terms)); !kept) {
    return kept;
  }
  std::optional<std::string> limits;
  if (const Retention& retention = terms.retention; !retention.keeps_all()) {
    limits = std::to_string(retention.max_age_s) + ' ' + std::to_string(retention.max_bytes) + ' ' +
             std::to_string(retention.max_changes);
  }
  return replica.set_property(retention_property, limits);
}

void recall_policies(Replica& replica) {
  const std::optional<std::string> kept = replica.property(policies_property);
  if (!kept || !home_of(replica)) return;
  const auto body = nlohmann::json::parse(*kept, nullptr, false);
  if (!body.is_object()) return;
  try {
    const auto version = body.at("version").get<std::uint64_t>();
    PolicySettings policies;
    policies.default_policy = body.at("default").get<std::string>();
    body.at("tables").get_to(policies.tables);
    if (version < replica.settings_version() || !policies.validate()) return;
    replica.set_max_clock_drift_ms(body.at("max_clock_drift_ms").get<std::uint64_t>());
    replica.set_policies(std::move(policies), version);
  } catch (const nlohmann::json::exception&) {
    // Of a later version of this library: the server says it again.
  }
}

bool goes_by_another(const Tenant& tenant) {
  return home_of(tenant.replica()).has_value() && !tenant.is_home();
}

std::optional<NodeId> known_home(const Tenant& tenant) {
  return goes_by_another(tenant) ? home_of(tenant.replica()) : tenant.home();
}

TenantTerms terms_of(const Tenant& tenant) {
  const Replica& replica = tenant.replica();
  if (goes_by_another(tenant)) {
    return {replica.policies(), replica.settings_version(), replica.max_clock_drift_ms(),
            home_of(replica), retention_of(replica)};
  }
  const TenantSettings own = tenant.settings();
  return {own.policies, own.version, own.max_clock_drift_ms, tenant.home(), own.retention};
}

TenantSettings known_settings(const Tenant& tenant) {
  TenantSettings settings = tenant.settings();
  if (!goes_by_another(tenant)) return settings;
  TenantTerms told = terms_of(tenant);
  settings.policies = std::move(told.policies);
  settings.version = told.version;
  settings.max_clock_drift_ms = told.max_clock_drift_ms;
  settings.home = told.home;
  settings.retention = told.retention;
  return settings;
}

bool is_newer_word(const Replica& replica, const NodeId& teller, const TenantTerms& said) {
  const std::optional<NodeId> known = home_of(replica);
  if (!known || said.home == teller) return true;
  return said.home == known && said.version > replica.settings_version();
}

Result<void> forget_replaced_id(Replica& replica) {
  return replica.set_property(replaced_property, std::nullopt);
}

NodeId replaced_id(const Replica& replica) {
  return kept_id(replica, replaced_property).value_or(NodeId());
}

Result<void> note_replaced_id(Replica& replica, const NodeId& before) {
  return replica.set_property(replaced_property, before.to_string());
}

std::set<NodeId> left_ids(const Replica& replica) { return kept_ids(replica, left_property); }

Result<void> note_left_id(Replica& replica, const NodeId& before) {
  return keep_ids(replica, left_property, {before});
}

std::set<NodeId> told_given_up(const Replica& replica) {
  return kept_ids(replica, told_given_up_property);
}

Result<void> note_told_given_up(Replica& replica, const std::vector<NodeId>& nodes) {
  return keep_ids(replica, told_given_up_property, nodes);
}

}  // namespace syncline
