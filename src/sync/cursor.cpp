#include "sync/cursor.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "changelog/codec/hash.hpp"
#include "changelog/mutation.hpp"
#include "sync/bytes.hpp"
#include "syncline/change_json.hpp"
#include "syncline/hybrid_clock.hpp"

namespace syncline {
namespace {

/// The first byte of the form: what follows it, and how, may change with it.
constexpr std::uint8_t cursor_version = 1;

}  // namespace

std::uint64_t filter_hash(std::span<const std::string> tables) {
  if (tables.empty()) return 0;
  std::vector<std::string> sorted(tables.begin(), tables.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  ByteWriter out;
  for (const std::string& table : sorted) out.text(table);
  const std::uint64_t hash = codec::hash_bytes(out.bytes().data(), out.bytes().size());
  return hash == 0 ? 1 : hash;
}

Cursor cursor_at(const LogReader& reader, Lsn lsn, std::uint64_t filter) {
  return {reader.log_id(), lsn, reader.running_hash(lsn), filter};
}

std::string encode_cursor(const Cursor& cursor) {
  ByteWriter out;
  out.number(cursor_version, 1);
  out.node(cursor.log_id);
  out.number(cursor.lsn, 8);
  out.number(cursor.running_hash, 8);
  out.number(cursor.filter, 8);
  return to_base64url(out.sealed());
}

Result<Cursor> decode_cursor(std::string_view text) {
  const Result<std::string> bytes = from_base64url(text);
  ByteReader in(bytes ? std::string_view(*bytes) : std::string_view());
  const bool intact = in.unseal();
  const std::uint64_t version = in.number(1);
  Cursor cursor;
  cursor.log_id = in.node();
  cursor.lsn = in.number(8);
  cursor.running_hash = in.number(8);
  cursor.filter = in.number(8);
  if (!intact || version != cursor_version || !in.at_end()) {
    return Error{ErrorCode::bad_request, "not a cursor: expected one as an answer gave it"};
  }
  return cursor;
}

Result<Lsn> check_cursor(const Cursor& cursor, const LogReader& reader, std::uint64_t filter) {
  const bool any_log = mutated(Mutation::cursor_is_a_number);
  if (any_log && cursor.lsn + 1 >= reader.first_lsn() && cursor.lsn <= reader.last_lsn()) {
    return cursor.lsn;
  }
  const bool same_log = cursor.log_id == reader.log_id() && cursor.lsn <= reader.last_lsn();
  if (same_log && cursor.lsn + 1 < reader.first_lsn()) {
    return Error{ErrorCode::cursor_trimmed, "the log begins behind the cursor: take a snapshot"}
        .with("oldest_lsn", reader.first_lsn());
  }
  if (!same_log || cursor.running_hash != reader.running_hash(cursor.lsn)) {
    return Error{ErrorCode::log_reset,
                 "the cursor is from another log: take a snapshot, or begin "
                 "without a cursor"}
        .with("log_id", reader.log_id().to_string());
  }
  if (cursor.filter != filter) {
    return Error{ErrorCode::bad_request, "the cursor was read by another table filter"};
  }
  return cursor.lsn;
}

Result<Lsn> parse_since(std::string_view text, const LogReader& reader) {
  if (text.empty() || text == "beginning") return reader.first_lsn() - 1;
  if (text == "now") return reader.last_lsn();
  if (text.starts_with("time:")) {
    const Result<std::uint64_t> time = parse_rfc3339(text.substr(5));
    if (!time) return time.error();
    return reader.first_received_since(*time) - 1;
  }
  if (text.starts_with("lsn:")) {
    const std::string_view digits = text.substr(4);
    Lsn lsn = 0;
    const auto [stop, problem] = std::from_chars(digits.begin(), digits.end(), lsn);
    if (problem != std::errc{} || stop != digits.end() || lsn > reader.last_lsn()) {
      return Error{ErrorCode::bad_request,
                   "since=lsn:N needs a number from 0 to " + std::to_string(reader.last_lsn())};
    }
    if (lsn + 1 < reader.first_lsn()) {
      return Error{ErrorCode::cursor_trimmed, "the log begins behind that LSN"}.with(
          "oldest_lsn", reader.first_lsn());
    }
    return lsn;
  }
  const Result<Cursor> cursor = decode_cursor(text);
  if (!cursor) {
    return Error{ErrorCode::bad_request,
                 "since is none of: beginning, now, lsn:N, time:RFC3339, a cursor"};
  }
  return check_cursor(*cursor, reader);
}

std::string to_base64url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

Result<std::string> from_base64url(std::string_view text) {
  std::string standard(text);
  if (standard.find_first_of("+/=") != std::string::npos) {
    return Error{ErrorCode::bad_request, "not base64url without padding"};
  }
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  standard.append((4 - standard.size() % 4) % 4, '=');
  return from_base64(standard);
}

}  // namespace syncline
