#include "sync/remote_state.hpp"

#include <vector>

#include <nlohmann/json.hpp>

namespace syncline {
namespace {

using nlohmann::json;

constexpr std::uint64_t remote_state_version = 1;

std::string property_name(std::string_view name) { return "remote/" + std::string(name); }

}  // namespace

Result<void> save_remote(Replica& replica, std::string_view name, const RemoteState& state) {
  const json body = json::array(
      {remote_state_version, state.server_node.to_string(), state.settings_version, state.cursor});
  const std::vector<std::uint8_t> packed = json::to_msgpack(body);
  return replica.set_property(property_name(name), std::string(packed.begin(), packed.end()));
}

std::optional<RemoteState> load_remote(const Replica& replica, std::string_view name) {
  const std::optional<std::string> kept = replica.property(property_name(name));
  if (!kept) return std::nullopt;
  const json body = json::from_msgpack(*kept, true, false);
  const bool good = body.is_array() && body.size() == 4 && body[0] == remote_state_version &&
                    body[1].is_string() && body[2].is_number_unsigned() && body[3].is_string();
  if (!good) return std::nullopt;
  const Result<NodeId> node = NodeId::parse(body[1].get<std::string>());
  if (!node) return std::nullopt;
  return RemoteState{*node, body[2].get<std::uint64_t>(), body[3].get<std::string>()};
}

}  // namespace syncline
