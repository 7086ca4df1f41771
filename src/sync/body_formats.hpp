// The two formats behind `parse_body` and `write_body`.
#pragma once

#include <string>
#include <string_view>

#include "sync/body.hpp"

namespace syncline::body_internal {

Result<nlohmann::json> parse_json(std::string_view text);
std::string write_json(const nlohmann::json& body, JsonPayload payload);
Result<nlohmann::json> parse_msgpack(std::string_view bytes);
std::string write_msgpack(const nlohmann::json& body);

/// What stands in a body for a change that names itself and is malformed otherwise.
nlohmann::json fault_node(const Dot& dot, const Error& error);

}  // namespace syncline::body_internal
