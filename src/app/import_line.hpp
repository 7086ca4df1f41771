// One line of an NDJSON file that is imported: a row or a change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/change.hpp"

namespace syncline::app {

/// A line that is understood. `text` is what is sent; payloads keep their exact bytes.
struct ImportLine {
  enum class Kind : std::uint8_t { row, change };
  Kind kind = Kind::row;
  std::string text;
  Dot dot;                                     ///< of a change
  std::optional<TransactionPart> transaction;  ///< of a change
};

/// Reads one line. A change is told from a row by its `origin`. A row is
/// `{"table", "row_id", "data"}`, or with `data_base64` and `format` in place of `data`; further
/// members are ignored. Never throws, whatever the text. Errors: `invalid_change`.
Result<ImportLine> parse_import_line(std::string_view text);

/// A row in the form that `parse_import_line` reads. `source` is an object in JSON text with the
/// members `data`, or `data_base64` and `format`.
std::string row_line(std::string_view table, std::string_view row_id, std::string_view source);

}  // namespace syncline::app
