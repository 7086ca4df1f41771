// Tenants and their settings.
#include <algorithm>
#include <map>

#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/row_body.hpp"
#include "sync/standing.hpp"

namespace syncline::api {

namespace {

constexpr std::uint64_t default_page_tenants = 100;
constexpr std::uint64_t max_page_tenants = 1000;

nlohmann::json tenant_to_body(const Tenant& tenant) {
  const TenantSettings settings = known_settings(tenant);
  nlohmann::json body = nlohmann::json::object();
  body["id"] = tenant.id();
  body["plan"] = tenant.plan().name;
  body["created_at"] = format_rfc3339(tenant.created_at_us());
  nlohmann::json& shown = body["settings"] = nlohmann::json::object();
  shown["version"] = settings.version;
  shown["max_clock_drift_ms"] = settings.max_clock_drift_ms;
  nlohmann::json& policies = shown["policies"] = nlohmann::json::object();
  policies["default"] = settings.policies.default_policy;
  policies["tables"] = nlohmann::json(settings.policies.tables);
  shown["retention"] = retention_to_body(settings.retention);
  shown["home"] = nullptr;
  if (settings.home) shown["home"] = settings.home->is_nil() ? "self" : settings.home->to_string();
  shown["lease_s"] = settings.lease_s;
  shown["consumer_max_lag"] = nullptr;
  if (settings.consumer_max_lag != 0) shown["consumer_max_lag"] = settings.consumer_max_lag;
  return body;
}

Error wrong_member(std::string_view name, std::string_view right) {
  return Error(ErrorCode::bad_request,
               "The member \"" + std::string(name) + "\" has to be " + std::string(right) + ".")
      .with("member", std::string(name));
}

/// Like `read_text`, but the member has to be there; `right` says what it would be.
Result<std::string> read_required_text(const nlohmann::json& object, std::string_view name,
                                       std::string_view right) {
  if (const auto found = object.find(name); found == object.end() || found->is_null()) {
    return Error(ErrorCode::bad_request,
                 "The member \"" + std::string(name) + "\" is missing; " + std::string(right) + ".")
        .with("member", std::string(name));
  }
  return read_text(object, name);
}

std::string names_of(const std::vector<Plan>& plans) {
  std::string names;
  for (const Plan& plan : plans) names += (names.empty() ? "" : ", ") + plan.name;
  return names;
}

/// Lays what `given` says over `policies`; a table set to null falls back to the default.
Result<void> merge_policies(const nlohmann::json& given, PolicySettings& policies) {
  if (!given.is_object()) return wrong_member("settings.policies", "an object");
  if (const auto name = given.find("default"); name != given.end()) {
    if (!name->is_string()) return wrong_member("settings.policies.default", "a policy's name");
    policies.default_policy = name->get<std::string>();
  }
  const auto tables = given.find("tables");
  if (tables == given.end()) return {};
  if (!tables->is_object()) return wrong_member("settings.policies.tables", "an object");
  for (const auto& [table, policy] : tables->items()) {
    if (table.empty()) {
      return wrong_member("settings.policies.tables", "an object whose names are not empty");
    }
    if (policy.is_null()) {
      policies.tables.erase(table);
    } else if (policy.is_string()) {
      policies.tables[table] = policy.get<std::string>();
    } else {
      return wrong_member("settings.policies.tables." + table, "a policy's name or null");
    }
  }
  return {};
}

/// null keeps everything; a limit that is null or left out is none.
Result<void> read_retention(const nlohmann::json& given, Retention& retention) {
  retention = {};
  if (given.is_null()) return {};
  if (!given.is_object()) return wrong_member("settings.retention", "an object or null");
  const std::map<std::string, std::uint64_t*> limits{{"max_age_s", &retention.max_age_s},
                                                     {"max_bytes", &retention.max_bytes},
                                                     {"max_changes", &retention.max_changes}};
  for (const auto& [name, value] : given.items()) {
    const auto limit = limits.find(name);
    if (limit == limits.end()) {
      return wrong_member("settings.retention", "made of max_age_s, max_bytes and max_changes");
    }
    if (value.is_null()) continue;
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() == 0) {
      return wrong_member("settings.retention." + name, "a number above 0, or null for no limit");
    }
    *limit->second = value.get<std::uint64_t>();
  }
  return {};
}

/// "self", the id of the replica that decides what is stable, or null: none does.
Result<void> read_home(const nlohmann::json& given, std::optional<NodeId>& home) {
  home.reset();
  if (given.is_null()) return {};
  if (given == "self") {
    home = NodeId();
    return {};
  }
  const Result<NodeId> node = NodeId::parse(given.is_string() ? given.get<std::string>() : "");
  if (!node || node->is_nil()) {
    return wrong_member("settings.home", "\"self\", a replica's UUID, or null");
  }
  home = *node;
  return {};
}

/// The members about who holds what back.
Result<void> merge_holding(const nlohmann::json& given, TenantSettings& settings) {
  if (const auto home = given.find("home"); home != given.end()) {
    if (const auto read = read_home(*home, settings.home); !read) return read;
  }
  if (const auto lease = given.find("lease_s"); lease != given.end()) {
    const bool number = lease->is_number_unsigned();
    const std::uint64_t lease_s = number ? lease->get<std::uint64_t>() : 0;
    if (lease_s < limits::min_lease_s || lease_s > limits::max_lease_s) {
      return wrong_member("settings.lease_s", "a number of seconds from " +
                                                  std::to_string(limits::min_lease_s) + " to " +
                                                  std::to_string(limits::max_lease_s));
    }
    settings.lease_s = lease_s;
  }
  const auto lag = given.find("consumer_max_lag");
  if (lag == given.end()) return {};
  if (!lag->is_null() && (!lag->is_number_unsigned() || lag->get<std::uint64_t>() == 0)) {
    return wrong_member("settings.consumer_max_lag",
                        "a number of changes above 0, or null for no limit");
  }
  settings.consumer_max_lag = lag->is_null() ? 0 : lag->get<std::uint64_t>();
  return {};
}

/// Lays what the body says over `settings`.
Result<void> merge_settings(const nlohmann::json& body, TenantSettings& settings) {
  const auto given = body.find("settings");
  if (given == body.end() || given->is_null()) return {};
  if (!given->is_object()) return wrong_member("settings", "an object");
  if (const auto merged = merge_holding(*given, settings); !merged) return merged.error();
  if (const auto retention = given->find("retention"); retention != given->end()) {
    if (const auto read = read_retention(*retention, settings.retention); !read) {
      return read.error();
    }
  }
  if (const auto drift = given->find("max_clock_drift_ms"); drift != given->end()) {
    if (!drift->is_number_unsigned()) {
      return wrong_member("settings.max_clock_drift_ms", "a number of milliseconds");
    }
    settings.max_clock_drift_ms = drift->get<std::uint64_t>();
  }
  if (const auto policies = given->find("policies"); policies != given->end()) {
    if (const auto merged = merge_policies(*policies, settings.policies); !merged) {
      return merged.error();
    }
  }
  return settings.policies.validate();
}

}  // namespace

HandlerResult list_tenants(Services& services, Call& call) {
  const auto limit = call.query.number("limit", default_page_tenants, 1, max_page_tenants);
  if (!limit) return limit.error();
  const auto page = call.query.text("page");
  if (!page) return page.error();
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto all = services.tenants.list();
  const std::string after = page->value_or("");
  auto next = std::find_if(all.begin(), all.end(),
                           [&](const auto& tenant) { return tenant->id() > after; });
  nlohmann::json body = nlohmann::json::object();
  nlohmann::json& tenants = body["tenants"] = nlohmann::json::array();
  for (; next != all.end() && tenants.size() < *limit; ++next) {
    tenants.push_back(tenant_to_body(**next));
  }
  body["next_page"] = nullptr;
  if (next != all.end()) body["next_page"] = tenants.back()["id"];
  return Reply(body_response(body, call.format));
}

HandlerResult create_tenant(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto body = read_object(call.request);
  if (!body) return body.error();
  const auto id = read_required_text(*body, "id", "it names the tenant in paths");
  if (!id) return id.error();
  const auto plan =
      read_required_text(*body, "plan", "there are: " + names_of(services.tenants.plans()));
  if (!plan) return plan.error();
  TenantSettings settings;
  if (const auto merged = merge_settings(*body, settings); !merged) return merged.error();
  const auto tenant = services.tenants.create(*id, *plan, settings);
  if (!tenant) return tenant.error();
  HttpResponse response =
      body_response(tenant_to_body(**tenant), call.format, JsonPayload::text, 201);
  response.headers["Location"] = "/v1/tenants/" + *id;
  return Reply(std::move(response));
}

HandlerResult get_tenant(Services&, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  return Reply(body_response(tenant_to_body(*call.tenant), call.format));
}

HandlerResult change_tenant(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto body = read_object(call.request);
  if (!body) return body.error();
  const auto plan = read_text(*body, "plan");
  if (!plan) return plan.error();
  const std::lock_guard lock(services.settings_mutex);
  const TenantSettings present = call.tenant->settings();
  TenantSettings settings = present;
  if (const auto merged = merge_settings(*body, settings); !merged) return merged.error();
  // Both or none: settings may be refused as long as the plan has not been changed, and a plan that
  // is known is not refused.
  const std::vector<Plan> plans = services.tenants.plans();
  const bool known_plan =
      std::any_of(plans.begin(), plans.end(), [&](const Plan& each) { return each.name == *plan; });
  if (!plan->empty() && !known_plan) {
    return services.tenants.set_plan(call.tenant->id(), *plan).error();
  }
  // Each change counts the version up, and then every replica registers anew.
  if (settings != present) {
    const auto set = services.tenants.set_settings(call.tenant->id(), settings);
    if (!set) return set.error();
  }
  if (!plan->empty()) {
    const auto set = services.tenants.set_plan(call.tenant->id(), *plan);
    if (!set) return set.error();
  }
  return Reply(body_response(tenant_to_body(*call.tenant), call.format));
}

HandlerResult delete_tenant(Services& services, Call& call) {
  if (const auto known = call.query.finish(); !known) return known.error();
  const auto removed = services.tenants.remove(call.tenant->id());
  if (!removed) return removed.error();
  services.admission.forget(call.tenant->id());
  services.idempotency.forget(call.tenant->id());
  HttpResponse response;
  response.status = 204;
  return Reply(std::move(response));
}

}  // namespace syncline::api
