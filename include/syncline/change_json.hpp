// The JSON form of a change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/change.hpp"
#include "syncline/error.hpp"

namespace syncline {

/// How payloads appear in JSON.
enum class JsonPayload : std::uint8_t {
  text,    ///< a JSON payload as `data`, its exact text; others as `data_base64` and `format`
  base64,  ///< every payload as `data_base64` and `format`
};

/// What a server adds to a change when it shows it.
struct ChangeExtras {
  std::optional<Lsn> lsn;
  std::optional<std::uint64_t> received_at_us;
  /// The row before this change: the payload of the head that it replaced.
  std::optional<Payload> before;
  bool skewed = false;
};

/// Appends the JSON object of `change` to `out`, always with `vector_clock`.
void append_change_json(std::string& out, const ChangeView& change, const ChangeExtras& extras = {},
                        JsonPayload payload = JsonPayload::text);
/// The same as a string of its own.
std::string change_to_json(const ChangeView& change, const ChangeExtras& extras = {},
                           JsonPayload payload = JsonPayload::text);

/// Reads one change. The bytes of a JSON payload are the exact text of the `data` value. Unknown
/// members and those that a server adds are ignored. Never throws, whatever the text.
/// Errors: `invalid_change` with member `field`.
Result<Change> change_from_json(std::string_view text);

/// Standard base64 with padding.
std::string to_base64(std::string_view bytes);
/// Errors: `bad_request`.
Result<std::string> from_base64(std::string_view text);

}  // namespace syncline
