#include "sync/standing.hpp"

#include <sstream>

namespace syncline {
namespace {

constexpr std::string_view home_property = "tenant/home";
constexpr std::string_view retention_property = "tenant/retention";
constexpr std::string_view replaced_property = "tenant/replaces";

std::optional<NodeId> kept_id(const Replica& replica, std::string_view name) {
  const std::optional<std::string> kept = replica.property(name);
  if (!kept) return std::nullopt;
  const Result<NodeId> node = NodeId::parse(*kept);
  return node ? std::optional(*node) : std::nullopt;
}

}  // namespace

std::optional<NodeId> home_of(const Replica& replica) { return kept_id(replica, home_property); }

Retention retention_of(const Replica& replica) {
  Retention retention;
  std::istringstream kept(replica.property(retention_property).value_or(""));
  if (kept >> retention.max_age_s >> retention.max_bytes >> retention.max_changes) return retention;
  return {};
}

Result<void> keep_standing(Replica& replica, const std::optional<NodeId>& home,
                           const Retention& retention) {
  std::optional<std::string> text;
  if (home) text = home->to_string();
  if (auto kept = replica.set_property(home_property, text); !kept) return kept;
  std::optional<std::string> limits;
  if (!retention.keeps_all()) {
    limits = std::to_string(retention.max_age_s) + ' ' + std::to_string(retention.max_bytes) + ' ' +
             std::to_string(retention.max_changes);
  }
  if (auto kept = replica.set_property(retention_property, limits); !kept) return kept;
  return replica.set_property(replaced_property, std::nullopt);
}

NodeId replaced_id(const Replica& replica) {
  return kept_id(replica, replaced_property).value_or(NodeId());
}

Result<void> note_replaced_id(Replica& replica, const NodeId& before) {
  return replica.set_property(replaced_property, before.to_string());
}

}  // namespace syncline
