#include "syncline/record.hpp"

#include "changelog/codec/front_view.hpp"
#include "changelog/codec/msgpack_reader.hpp"
#include "changelog/codec/record_tail.hpp"
#include "changelog/codec/record_writer.hpp"
#include "syncline/limits.hpp"

namespace syncline {
namespace {

using codec::MsgpackReader;

constexpr std::uint64_t last_operation = static_cast<std::uint64_t>(Operation::stable);
constexpr std::uint64_t last_format = static_cast<std::uint64_t>(PayloadFormat::bytes);

Error malformed(std::string field) {
  std::string detail = field == "record" ? "not a canonical record of version 1"
                                         : "the record's " + field + " is not in canonical form";
  return Error(ErrorCode::invalid_change, std::move(detail)).with("field", std::move(field));
}

bool read_node(MsgpackReader& reader, const std::uint8_t*& node) noexcept {
  std::string_view bytes;
  if (!reader.read_binary(bytes) || bytes.size() != NodeId::size_bytes) return false;
  node = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return true;
}

NodeId to_node_id(const std::uint8_t* bytes) noexcept {
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes, NodeId::size_bytes));
}

bool read_context(MsgpackReader& reader, ContextView& context) noexcept {
  std::uint32_t count = 0;
  if (!reader.read_array(count) || count % 2 != 0) return false;
  count /= 2;
  if (count > limits::max_context_entries) return false;
  const std::uint8_t* const begin = reader.position();
  const std::uint8_t* previous = nullptr;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t* node = nullptr;
    Sequence seq = 0;
    if (!read_node(reader, node) || !reader.read_uint(seq) || seq == 0) return false;
    if (previous && std::memcmp(previous, node, NodeId::size_bytes) >= 0) return false;
    previous = node;
  }
  context = ContextView(begin, static_cast<std::uint32_t>(reader.position() - begin), count);
  return true;
}

bool check_transaction(MsgpackReader& reader) noexcept {
  if (reader.read_nil()) return true;
  constexpr std::uint64_t max_uint32 = 0xFFFF'FFFF;
  std::uint32_t size = 0;
  std::uint64_t number = 0;
  std::uint64_t index = 0;
  std::uint64_t count = 0;
  return reader.read_array(size) && size == 3 && reader.read_uint(number) &&
         reader.read_uint(index) && index <= max_uint32 && reader.read_uint(count) &&
         count <= max_uint32;
}

bool check_metadata(MsgpackReader& reader) noexcept {
  if (reader.read_nil()) return true;
  std::uint32_t count = 0;
  if (!reader.read_map(count) || count == 0) return false;
  std::string_view previous;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string_view key;
    std::string_view value;
    if (!reader.read_string(key) || !reader.read_string(value)) return false;
    if (i > 0 && key <= previous) return false;
    previous = key;
  }
  return true;
}

bool read_head(MsgpackReader& reader) noexcept {
  std::uint32_t fields = 0;
  std::uint64_t version = 0;
  return reader.read_array(fields) && fields == codec::record_fields && reader.read_uint(version) &&
         version == codec::record_version;
}

// The name of the first field that is not as it has to be; null if all are.
const char* read_fields(MsgpackReader& reader, ChangeView& change) noexcept {
  const std::uint8_t* origin = nullptr;
  std::uint64_t number = 0;
  if (!read_head(reader)) return "record";
  if (!read_node(reader, origin)) return "origin";
  change.dot.origin = to_node_id(origin);
  if (!reader.read_uint(change.dot.seq)) return "seq";
  if (!reader.read_uint(change.hlc.value)) return "hlc";
  if (!reader.read_uint(number) || number > last_operation) return "operation";
  change.operation = static_cast<Operation>(number);
  if (!reader.read_string(change.table)) return "table";
  if (!reader.read_string(change.row_id)) return "row_id";
  if (!read_context(reader, change.context)) return "context";
  if (!reader.read_uint(change.stable)) return "stable";
  if (!reader.read_uint(number) || number > last_format) return "format";
  change.format = static_cast<PayloadFormat>(number);
  if (!reader.read_binary(change.data)) return "data";
  const std::uint8_t* const tail = reader.position();
  if (!check_transaction(reader)) return "transaction";
  if (!check_metadata(reader)) return "metadata";
  change.tail = {tail, reader.position()};
  return nullptr;
}

const std::uint8_t* end_of_trusted_tail(const std::uint8_t* position) noexcept {
  if (position[0] == codec::lead_nil && position[1] == codec::lead_nil) return position + 2;
  codec::read_trusted_transaction(position);
  codec::read_trusted_metadata(position, [](std::string_view, std::string_view) {});
  return position;
}

}  // namespace

std::string encode_record(const Change& change) {
  std::string context(change.context.size() * codec::max_context_entry_bytes, '\0');
  auto* const context_begin = reinterpret_cast<std::uint8_t*>(context.data());
  std::uint8_t* context_end = context_begin;
  for (const VectorClock::Entry& entry : change.context.entries()) {
    context_end = codec::write_context_entry(context_end, entry.node.data(), entry.seq);
  }
  codec::RecordFields fields;
  fields.origin = &change.dot.origin;
  fields.seq = change.dot.seq;
  fields.hlc = change.hlc;
  fields.operation = change.operation;
  fields.table = change.table;
  fields.row_id = change.row_id;
  fields.context =
      ContextView(context_begin, static_cast<std::uint32_t>(context_end - context_begin),
                  static_cast<std::uint32_t>(change.context.size()));
  fields.stable = change.stable;
  fields.format = change.format;
  fields.data = change.data;
  fields.transaction = change.transaction;
  fields.metadata = &change.metadata;

  std::string record(codec::max_record_bytes(fields), '\0');
  auto* const begin = reinterpret_cast<std::uint8_t*>(record.data());
  record.resize(static_cast<std::size_t>(codec::write_record(begin, fields) - begin));
  return record;
}

Result<ChangeView> decode_record(std::span<const std::uint8_t> bytes) {
  MsgpackReader reader(bytes);
  Result<ChangeView> change = ChangeView{};
  if (const char* field = read_fields(reader, *change)) return malformed(field);
  change->record = bytes.first(bytes.size() - reader.remaining());
  return change;
}

namespace {

/// Reads everything up to the data; `position` is behind them afterwards.
[[gnu::always_inline]] inline ChangeView read_front(const std::uint8_t* bytes,
                                                    const std::uint8_t*& position) noexcept {
  // Array header, version and the origin's header are always the same four bytes.
  constexpr std::size_t origin_offset = 4;
  ChangeView change;
  position = bytes + origin_offset;
  change.dot.origin = to_node_id(position);
  position += NodeId::size_bytes;
  change.dot.seq = codec::read_trusted_uint(position);
  change.hlc.value = codec::read_trusted_uint(position);
  change.operation = static_cast<Operation>(*position++);
  change.table = codec::read_trusted_string(position);
  change.row_id = codec::read_trusted_string(position);
  const std::uint32_t entries = codec::read_trusted_count(position, codec::lead_array16) / 2;
  const std::uint8_t* const context = position;
  for (std::uint32_t i = 0; i < entries; ++i) {
    position += 2 + NodeId::size_bytes;
    const std::uint8_t lead = *position++;
    if (lead >= 0x80) position += std::size_t{1} << (lead - codec::lead_uint8);
  }
  change.context = ContextView(context, static_cast<std::uint32_t>(position - context), entries);
  change.stable = codec::read_trusted_uint(position);
  change.format = static_cast<PayloadFormat>(*position++);
  change.data = codec::read_trusted_binary(position);
  return change;
}

}  // namespace

ChangeView view_trusted_record(const std::uint8_t* bytes) noexcept {
  const std::uint8_t* position = nullptr;
  ChangeView change = read_front(bytes, position);
  const std::uint8_t* const end = end_of_trusted_tail(position);
  change.tail = {position, end};
  change.record = {bytes, end};
  return change;
}

ChangeView codec::view_trusted_front(const std::uint8_t* bytes) noexcept {
  const std::uint8_t* position = nullptr;
  ChangeView change = read_front(bytes, position);
  change.record = {bytes, std::size_t{0}};
  return change;
}

Result<Change> change_from_record(std::span<const std::uint8_t> bytes) {
  const Result<ChangeView> change = decode_record(bytes);
  if (!change) return change.error();
  if (change->record.size() != bytes.size()) {
    return Error(ErrorCode::invalid_change, "there are bytes after the record")
        .with("field", "record");
  }
  const Result<void> valid = validate(*change);
  if (!valid) return valid.error();
  return change->to_change();
}

}  // namespace syncline
