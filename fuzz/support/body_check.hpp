// What holds of bodies in either format.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "sync/body.hpp"

namespace syncline::fuzz {

/// True if all records in `body` are valid changes, and all its strings are UTF-8: what has a JSON
/// form that says the same.
bool has_json_form(const nlohmann::json& body);

/// Writes `body`, and checks that what was written is read again and written to the same bytes (in
/// JSON: from then on).
/// In JSON only if it `has_json_form`.
std::string write_checked(const nlohmann::json& body, BodyFormat format);

/// The format that the lowest bit of an input's first byte stands for.
inline BodyFormat format_of(std::uint8_t selector) noexcept {
  return (selector & 1U) == 0 ? BodyFormat::json : BodyFormat::msgpack;
}
inline BodyFormat other(BodyFormat format) noexcept {
  return format == BodyFormat::json ? BodyFormat::msgpack : BodyFormat::json;
}

}  // namespace syncline::fuzz
