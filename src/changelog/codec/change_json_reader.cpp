#include <array>
#include <charconv>
#include <limits>
#include <map>

#include "changelog/codec/json_text.hpp"
#include "changelog/codec/record_format.hpp"
#include "changelog/codec/text_check.hpp"
#include "syncline/change_json.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

using codec::json_unquoted;
using codec::JsonItems;

Error wrong(std::string_view field, std::string what_is_right) {
  return Error(ErrorCode::invalid_change, std::move(what_is_right))
      .with("field", std::string(field));
}

bool is_string(std::string_view value) noexcept { return value.starts_with('"'); }
bool is_object(std::string_view value) noexcept { return value.starts_with('{'); }
bool is_null(std::string_view value) noexcept { return value == "null"; }

bool read_integer(std::string_view value, std::uint64_t& number) noexcept {
  const char* const end = value.data() + value.size();
  const auto result = std::from_chars(value.data(), end, number);
  return result.ec == std::errc{} && result.ptr == end && number < codec::end_of_integers;
}

bool read_uint32(std::string_view value, std::uint32_t& number) noexcept {
  std::uint64_t wide = 0;
  if (!read_integer(value, wide) || wide > std::numeric_limits<std::uint32_t>::max()) return false;
  number = static_cast<std::uint32_t>(wide);
  return true;
}

// The name of a member as it is meant; `buffer` holds it if it was written with escapes.
std::string_view name_of(std::string_view key, std::string& buffer) {
  if (key.find('\\') == std::string_view::npos) return key.substr(1, key.size() - 2);
  return buffer = json_unquoted(key);
}

// The texts of the members that a change may have on input; empty where there is none.
struct Members {
  std::string_view origin, seq, hlc, operation, table, row_id, context, stable;
  std::string_view data, data_base64, format, transaction, metadata;
};

struct MemberName {
  std::string_view name;
  std::string_view Members::* member;
};

constexpr std::array<MemberName, 13> member_names = {{
    {"origin", &Members::origin},
    {"seq", &Members::seq},
    {"hlc", &Members::hlc},
    {"operation", &Members::operation},
    {"table", &Members::table},
    {"row_id", &Members::row_id},
    {"context", &Members::context},
    {"stable", &Members::stable},
    {"data", &Members::data},
    {"data_base64", &Members::data_base64},
    {"format", &Members::format},
    {"transaction", &Members::transaction},
    {"metadata", &Members::metadata},
}};

Members find_members(std::string_view text) {
  Members members;
  std::string buffer;
  for (JsonItems items(text); items.next();) {
    const std::string_view name = name_of(items.key(), buffer);
    for (const MemberName& known : member_names) {
      if (known.name == name) members.*known.member = items.value();
    }
  }
  return members;
}

Result<void> read_dot(const Members& members, Change& change) {
  const auto origin = is_string(members.origin) ? NodeId::parse(json_unquoted(members.origin))
                                                : Result<NodeId>(Error{});
  if (!origin) return wrong("origin", "a UUID as a string");
  change.dot.origin = *origin;
  if (!read_integer(members.seq, change.dot.seq)) {
    return wrong("seq", "a whole number from 1, below 2^53");
  }
  const auto hlc = is_string(members.hlc) ? HybridTime::parse(json_unquoted(members.hlc))
                                          : Result<HybridTime>(Error{});
  if (!hlc) return wrong("hlc", "a string of the form 2026-11-20T12:00:00.123456Z-000");
  change.hlc = *hlc;
  return {};
}

Result<void> read_row(const Members& members, Change& change) {
  const auto operation = is_string(members.operation)
                             ? operation_from_string(json_unquoted(members.operation))
                             : Result<Operation>(Error{});
  if (!operation) return wrong("operation", "insert, update, delete, void or stable");
  change.operation = *operation;
  if (!members.table.empty()) {
    if (!is_string(members.table)) return wrong("table", "a string");
    change.table = json_unquoted(members.table);
  }
  if (!members.row_id.empty()) {
    if (!is_string(members.row_id)) return wrong("row_id", "a string");
    change.row_id = json_unquoted(members.row_id);
  }
  return {};
}

Result<void> read_context(const Members& members, Change& change) {
  if (!members.stable.empty() && !read_integer(members.stable, change.stable)) {
    return wrong("stable", "a whole number below 2^53");
  }
  if (members.context.empty()) return {};
  const auto malformed = [] { return wrong("context", "an object of UUIDs and whole numbers"); };
  if (!is_object(members.context)) return malformed();
  // Sorted first: in order each lands at the clock's end, in any other each would move the rest.
  std::map<NodeId, Sequence> entries;
  for (JsonItems items(members.context); items.next();) {
    const auto node = NodeId::parse(json_unquoted(items.key()));
    Sequence seq = 0;
    if (!node || !read_integer(items.value(), seq)) return malformed();
    entries[*node] = seq;
  }
  if (entries.size() > limits::max_context_entries) return malformed();
  for (const auto& [node, seq] : entries) change.context.set(node, seq);
  return {};
}

Result<void> read_payload(const Members& members, Change& change) {
  // Clients that write all members of a structure send null for what a delete does not have.
  const bool absent = change.operation == Operation::erase && is_null(members.data);
  if (!members.data.empty() && !absent) {
    if (!members.data_base64.empty()) return wrong("data", "either data or data_base64");
    change.format = PayloadFormat::json;
    change.data = members.data;
    return {};
  }
  if (members.data_base64.empty()) return {};
  const auto data = is_string(members.data_base64) ? from_base64(json_unquoted(members.data_base64))
                                                   : Result<std::string>(Error{});
  if (!data) return wrong("data", "data_base64 is a string in standard base64 with padding");
  const auto format = is_string(members.format)
                          ? payload_format_from_string(json_unquoted(members.format))
                          : Result<PayloadFormat>(Error{});
  if (!format) return wrong("format", "json, msgpack or bytes, beside data_base64");
  change.data = *data;
  change.format = *format;
  return {};
}

Result<void> read_transaction(const Members& members, Change& change) {
  if (members.transaction.empty() || is_null(members.transaction)) return {};
  TransactionPart part;
  bool number = false;
  bool index = false;
  bool count = false;
  std::string buffer;
  for (JsonItems items(members.transaction); items.next();) {
    if (items.key().empty()) break;
    const std::string_view name = name_of(items.key(), buffer);
    if (name == "number") number = read_integer(items.value(), part.number);
    if (name == "index") index = read_uint32(items.value(), part.index);
    if (name == "count") count = read_uint32(items.value(), part.count);
  }
  if (!number || !index || !count) {
    return wrong("transaction", "an object with the whole numbers number, index and count");
  }
  change.transaction = part;
  return {};
}

Result<void> read_metadata(const Members& members, Change& change) {
  if (members.metadata.empty() || is_null(members.metadata)) return {};
  const auto malformed = [] { return wrong("metadata", "an object of at most 32 strings"); };
  if (!is_object(members.metadata)) return malformed();
  for (JsonItems items(members.metadata); items.next();) {
    if (!is_string(items.value())) return malformed();
    change.metadata.insert_or_assign(json_unquoted(items.key()), json_unquoted(items.value()));
    // What makes a stub comes on top.
    const std::size_t stub = change.metadata.contains(codec::stub_key) ? 1 : 0;
    if (change.metadata.size() > limits::max_metadata_entries + stub) return malformed();
  }
  return {};
}

}  // namespace

Result<Change> change_from_json(std::string_view text) {
  if (!is_object(codec::json_value(text)) || !codec::is_json(text, limits::max_nesting + 1)) {
    return wrong("record", "a change is one JSON object in UTF-8");
  }
  const Members members = find_members(text);
  Change change;
  for (const auto read :
       {read_dot, read_row, read_context, read_payload, read_transaction, read_metadata}) {
    const Result<void> result = read(members, change);
    if (!result) return result.error();
  }
  // What holds for a record holds for this form; checking the record keeps it one set of rules.
  const std::string record = encode_record(change);
  const auto view =
      decode_record({reinterpret_cast<const std::uint8_t*>(record.data()), record.size()});
  if (!view) return view.error();
  const Result<void> valid = validate(*view);
  if (!valid) return valid.error();
  return change;
}

}  // namespace syncline
