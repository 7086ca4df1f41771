#include "sync/remote_state.hpp"

#include <vector>

#include <nlohmann/json.hpp>

namespace syncline {
namespace {

using nlohmann::json;

// Version 1 ended with the cursor. Who knows only that takes a later one for none.
constexpr std::uint64_t first_version = 1;
constexpr std::uint64_t remote_state_version = 2;

using Names = std::vector<std::string>;

/// What version 2 added. Errors: a json exception.
void read_more(const json& body, RemoteState& state) {
  state.tables = body.at("tables").get<Names>();
  state.dropping = body.at("dropping").get<Names>();
  const Result<NodeId> origin = NodeId::parse(body.at("origin").get<std::string>());
  if (origin) state.delivered = {*origin, body.at("delivered").get<Sequence>()};
  const Result<NodeId> reader = NodeId::parse(body.value("reader", std::string()));
  state.reader = reader ? *reader : state.delivered.origin;
}

std::string property_name(std::string_view name) { return "remote/" + std::string(name); }

}  // namespace

Result<void> save_remote(Replica& replica, std::string_view name, const RemoteState& state) {
  const json body = json::array({remote_state_version,
                                 state.server_node.to_string(),
                                 state.settings_version,
                                 state.cursor,
                                 {{"reader", state.reader.to_string()},
                                  {"tables", state.tables.value_or(Names{})},
                                  {"dropping", state.dropping},
                                  {"origin", state.delivered.origin.to_string()},
                                  {"delivered", state.delivered.seq}}});
  const std::vector<std::uint8_t> packed = json::to_msgpack(body);
  return replica.set_property(property_name(name), std::string(packed.begin(), packed.end()));
}

std::optional<RemoteState> load_remote(const Replica& replica, std::string_view name) {
  const std::optional<std::string> kept = replica.property(property_name(name));
  if (!kept) return std::nullopt;
  const json body = json::from_msgpack(*kept, true, false);
  const bool first = body.is_array() && body.size() == 4 && body[0] == first_version;
  const bool present = body.is_array() && body.size() == 5 && body[0] == remote_state_version;
  if (!first && !present) return std::nullopt;
  if (!body[1].is_string() || !body[2].is_number_unsigned() || !body[3].is_string()) {
    return std::nullopt;
  }
  const Result<NodeId> node = NodeId::parse(body[1].get<std::string>());
  if (!node) return std::nullopt;
  RemoteState state;
  state.server_node = *node;
  state.settings_version = body[2].get<std::uint64_t>();
  state.cursor = body[3].get<std::string>();
  if (first) return state;
  try {
    read_more(body[4], state);
  } catch (const json::exception&) {  // a member is missing or of another type
    return std::nullopt;
  }
  return state;
}

}  // namespace syncline
