// What opening a data directory found, for people and for programs.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "syncline/node.hpp"

namespace syncline::app {

/// Whole lines: what was read, and what had to be done to it.
std::string opening_text(const Node& node);
/// The same as an object.
nlohmann::json opening_json(const Node& node);

}  // namespace syncline::app
