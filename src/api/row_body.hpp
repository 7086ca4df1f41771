// Rows as thin clients get them.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sync/body.hpp"
#include "syncline/replica.hpp"
#include "syncline/transport.hpp"

namespace syncline::api {

/// The visible change with `lsn`, `token` and `siblings`. Requires a row that was written.
nlohmann::json row_to_body(const Row& row, BodyFormat format, JsonPayload payload);

/// A token as `ETag` shows it.
std::string entity_tag(std::string_view token);

/// What `If-Match` or `If-None-Match` says.
struct TagCondition {
  bool given = false;
  bool any = false;               ///< "*"
  std::vector<std::string> tags;  ///< the strong ones, without quotes
  std::vector<std::string> weak_tags;

  /// True if one of the tags is `token`; weak ones count in reading only (RFC 9110, 8.8.3.2).
  bool names_strongly(std::string_view token) const;
  bool names(std::string_view token) const;
};
TagCondition read_tags(const HttpRequest& request, std::string_view header_name);

/// A payload as a document gives it: `data`, or `data_base64` with `format`. In MessagePack `data`
/// is binary, and `format` says of what.
struct GivenPayload {
  PayloadFormat format = PayloadFormat::none;
  std::string bytes;
  bool given = false;

  Payload payload() const noexcept { return {format, bytes}; }
};
/// Errors: `bad_request`. `object` is one.
Result<GivenPayload> read_payload(const nlohmann::json& object);

/// A member of `object` that is text; empty if there is none.
/// Errors: `bad_request` if it is something else, naming `name`.
Result<std::string> read_text(const nlohmann::json& object, std::string_view name);

}  // namespace syncline::api
