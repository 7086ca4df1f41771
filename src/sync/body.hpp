// Request and answer bodies as a document, whatever the format on the wire.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "syncline/change.hpp"
#include "syncline/change_json.hpp"
#include "syncline/error.hpp"

namespace syncline {

/// The two formats of bodies: `application/json` and `application/msgpack`.
enum class BodyFormat : std::uint8_t { json, msgpack };

/// The media type of `format`.
std::string_view media_type(BodyFormat format) noexcept;

/// What a binary node of a body stands for, as its subtype. A binary node without one is plain
/// bytes: bin in MessagePack, base64 text in JSON.
enum class NodeKind : std::uint8_t {
  record = 1,     ///< a change as its canonical MessagePack record
  json_text = 2,  ///< JSON text: verbatim in JSON, its bytes as bin in MessagePack
};

/// Reads a body. In both formats every change becomes a node of kind `record`:
/// - In JSON these are the elements of arrays called `changes`, `rows`, `history`, `markers` that
///   have `origin` and `seq`, and objects called `local` and `remote` that are changes. If any
///   element of such an array has an `lsn`, these go into a sibling array (see `lsns_name`), 0
///   where there is none. The value of any other member called `data` becomes a node of kind
///   `json_text`, because the exact text of a payload counts.
/// - In MessagePack they are the arrays of 13 that begin with 1 and a bin of 16 bytes.
///
/// The records are well formed; what they say is validated by the replica that takes them in.
/// A malformed change whose dot can be read becomes an object {origin, seq, field, detail}; one
/// whose dot cannot be read stays what it was. Never throws, whatever the bytes.
/// Errors: `bad_request`, saying where the syntax ends to be right.
Result<nlohmann::json> parse_body(std::string_view bytes, BodyFormat format);

/// Writes what `parse_body` reads: in JSON the LSNs go back into the changes.
std::string write_body(const nlohmann::json& body, BodyFormat format,
                       JsonPayload payload = JsonPayload::text);

/// The name of the sibling array with the LSNs of `list`: "lsns" for "changes", "rows_lsns" for
/// "rows" and so on; empty if `list` is none of the four lists of changes.
std::string_view lsns_name(std::string_view list) noexcept;

/// A node of kind `record`. Copies the bytes.
nlohmann::json record_node(std::span<const std::uint8_t> record);
/// A node of kind `json_text`. Requires valid JSON.
nlohmann::json json_text_node(std::string_view text);
/// True for a node of this kind.
bool is_node(const nlohmann::json& node, NodeKind kind) noexcept;
/// The bytes of a binary node, valid as long as the node is. Requires one.
std::string_view node_bytes(const nlohmann::json& node);

}  // namespace syncline
