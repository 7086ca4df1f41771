#include "changelog/former_ids.hpp"

#include <charconv>
#include <string>

namespace syncline {
namespace {

constexpr std::string_view prefix = "former/";

}  // namespace

Property former_id_property(const NodeId& node, Sequence last) {
  return {std::string(prefix) + node.to_string(), std::to_string(last)};
}

std::map<NodeId, Sequence> former_ids(const Replica& replica) {
  std::map<NodeId, Sequence> ids;
  for (const auto& [name, value] : replica.properties(prefix)) {
    const Result<NodeId> node = NodeId::parse(std::string_view(name).substr(prefix.size()));
    Sequence last = 0;
    const char* const end = value.data() + value.size();
    if (node && std::from_chars(value.data(), end, last).ptr == end) ids.emplace(*node, last);
  }
  return ids;
}

}  // namespace syncline
