// Cursors: places in one particular log, opaque to those who keep them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "syncline/change_log.hpp"
#include "syncline/error.hpp"

namespace syncline {

/// A place in one log: behind `lsn`. A value.
struct Cursor {
  LogId log_id;
  Lsn lsn = 0;
  std::uint64_t running_hash = 0;  ///< of the log up to `lsn`
  std::uint64_t filter = 0;        ///< what it was read by, see `filter_hash`
  friend bool operator==(const Cursor&, const Cursor&) noexcept = default;
};

/// Stands for a table filter in a cursor, whatever the order of the names; 0 for no filter.
std::uint64_t filter_hash(std::span<const std::string> tables);

/// The cursor behind `lsn`. Requires lsn <= reader.last_lsn().
Cursor cursor_at(const LogReader& reader, Lsn lsn, std::uint64_t filter = 0);

/// Text for URLs and bodies: base64url over a versioned form with a checksum.
std::string encode_cursor(const Cursor& cursor);
/// Never throws, whatever the text. Errors: `bad_request`.
Result<Cursor> decode_cursor(std::string_view text);

/// Checks that reading can go on behind `cursor`, and gives its LSN.
/// Errors: `log_reset` with `log_id` (another log, another hash there, or above the log's end);
/// `cursor_trimmed` with `oldest_lsn`; `bad_request` if it was read by another filter.
Result<Lsn> check_cursor(const Cursor& cursor, const LogReader& reader, std::uint64_t filter = 0);

/// Where a consumer of changes wants to begin: `beginning` (also the empty text), `now`, `lsn:N`
/// (behind N), `time:<RFC 3339>` (of arrival) or a cursor. Gives the LSN to read behind.
/// Errors: `bad_request` naming the forms; those of `check_cursor`.
Result<Lsn> parse_since(std::string_view text, const LogReader& reader);

/// Base64 with the URL alphabet and without padding.
std::string to_base64url(std::string_view bytes);
/// Errors: `bad_request`.
Result<std::string> from_base64url(std::string_view text);

}  // namespace syncline
