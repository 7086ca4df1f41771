#include <array>
#include <charconv>

#include <boost/uuid/uuid_io.hpp>

#include "changelog/codec/json_text.hpp"
#include "changelog/codec/record_format.hpp"
#include "changelog/codec/record_tail.hpp"
#include "syncline/change_json.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

using codec::append_json_string;

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

void append_node(std::string& out, const NodeId& node) {
  std::array<char, 36> text;
  boost::uuids::to_chars(node.uuid(), text.begin(), text.end());
  out += '"';
  out.append(text.data(), text.size());
  out += '"';
}

NodeId to_node_id(const std::uint8_t* bytes) noexcept {
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes, NodeId::size_bytes));
}

// Opens the object, or goes on in it, with the member's name and the colon.
void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += key;
  out += "\":";
}

void append_clock_entry(std::string& out, const NodeId& node, Sequence seq) {
  if (out.back() != '{') out += ',';
  append_node(out, node);
  out += ':';
  append_number(out, seq);
}

void append_clocks(std::string& out, const ChangeView& change) {
  append_key(out, "context");
  out += '{';
  change.context.for_each([&out](const std::uint8_t* node, Sequence seq) {
    append_clock_entry(out, to_node_id(node), seq);
  });
  out += '}';
  append_key(out, "stable");
  append_number(out, change.stable);

  // The context with the own dot in its place, without building a clock.
  append_key(out, "vector_clock");
  out += '{';
  bool written = false;
  change.context.for_each([&](const std::uint8_t* bytes, Sequence seq) {
    const NodeId node = to_node_id(bytes);
    if (!written && node >= change.dot.origin) {
      append_clock_entry(out, change.dot.origin, change.dot.seq);
      written = true;
    }
    if (node != change.dot.origin) append_clock_entry(out, node, seq);
  });
  if (!written) append_clock_entry(out, change.dot.origin, change.dot.seq);
  out += '}';
}

void append_base64(std::string& out, std::string_view prefix, const Payload& payload) {
  append_key(out, std::string(prefix) += "_base64");
  out += '"';
  out += to_base64(payload.bytes);
  out += '"';
}

/// Whether the payload can stand as a value in a larger text, and be read from there as it is.
bool can_stand_as_text(const Payload& payload) {
  return payload.format == PayloadFormat::json &&
         codec::json_value(payload.bytes).size() == payload.bytes.size();
}

void append_data(std::string& out, const ChangeView& change, JsonPayload payload) {
  const bool stub = is_stub(change);  // what it carries is a hash, whatever the format says
  if (change.format == PayloadFormat::none && !stub) return;
  if (payload == JsonPayload::text && !stub && can_stand_as_text(change.payload())) {
    append_key(out, "data");
    out += change.data;
    return;
  }
  append_base64(out, "data", change.payload());
  append_key(out, "format");
  append_json_string(out, to_string(change.format));
}

void append_before(std::string& out, const Payload& before, JsonPayload payload) {
  const bool none = before.format == PayloadFormat::none;
  if (none || (payload == JsonPayload::text && can_stand_as_text(before))) {
    append_key(out, "before");
    out += none ? "null" : before.bytes;
    return;
  }
  append_base64(out, "before", before);
  append_key(out, "before_format");
  append_json_string(out, to_string(before.format));
}

void append_tail(std::string& out, const ChangeView& change) {
  if (codec::is_plain_tail(change.tail)) return;
  const std::uint8_t* position = change.tail.data();
  if (const auto part = codec::read_trusted_transaction(position)) {
    append_key(out, "transaction");
    out += "{\"number\":";
    append_number(out, part->number);
    out += ",\"index\":";
    append_number(out, part->index);
    out += ",\"count\":";
    append_number(out, part->count);
    out += '}';
  }
  if (*position == codec::lead_nil) return;
  append_key(out, "metadata");
  out += '{';
  codec::read_trusted_metadata(position, [&out](std::string_view key, std::string_view value) {
    if (out.back() != '{') out += ',';
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
  });
  out += '}';
}

void append_extras(std::string& out, const ChangeExtras& extras, JsonPayload payload) {
  if (extras.received_at_us) {
    append_key(out, "received_at");
    append_json_string(out, format_rfc3339(*extras.received_at_us));
  }
  if (extras.skewed) {
    append_key(out, "skewed");
    out += "true";
  }
  if (extras.before) append_before(out, *extras.before, payload);
}

}  // namespace

void append_change_json(std::string& out, const ChangeView& change, const ChangeExtras& extras,
                        JsonPayload payload) {
  out += '{';
  if (extras.lsn) {
    append_key(out, "lsn");
    append_number(out, *extras.lsn);
    if (is_stub(change)) {  // for readers; the metadata tell replicas
      append_key(out, "stub");
      out += "true";
    }
  }
  append_key(out, "origin");
  append_node(out, change.dot.origin);
  append_key(out, "seq");
  append_number(out, change.dot.seq);
  append_key(out, "hlc");
  append_json_string(out, change.hlc.to_string());
  append_key(out, "operation");
  append_json_string(out, to_string(change.operation));
  append_key(out, "table");
  append_json_string(out, change.table);
  append_key(out, "row_id");
  append_json_string(out, change.row_id);
  append_clocks(out, change);
  append_data(out, change, payload);
  append_tail(out, change);
  append_extras(out, extras, payload);
  out += '}';
}

std::string change_to_json(const ChangeView& change, const ChangeExtras& extras,
                           JsonPayload payload) {
  std::string out;
  append_change_json(out, change, extras, payload);
  return out;
}

}  // namespace syncline
