#include <string>

#include "changelog/codec/msgpack_reader.hpp"
#include "changelog/codec/record_format.hpp"
#include "changelog/codec/record_tail.hpp"
#include "changelog/codec/text_check.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

// What is wrong with a change, if anything: a field's name and what would be right.
struct Fault {
  const char* field = nullptr;
  const char* what_is_right = nullptr;
  explicit operator bool() const noexcept { return field != nullptr; }
};

struct MetadataFacts {
  bool stub = false;
  bool rebased = false;
};

Fault check_dot(const ChangeView& change) noexcept {
  if (change.dot.origin.is_nil()) return {"origin", "the nil id names no replica"};
  if (change.dot.seq == 0) return {"seq", "changes are counted from 1"};
  if (change.hlc.value == 0) return {"hlc", "a change has a time"};
  if (change.context.get(change.dot.origin) >= change.dot.seq) {
    return {"context", "a change has seen neither itself nor what its origin wrote after it"};
  }
  return {};
}

// What has no JSON form that every reader takes would stop all who are served in JSON.
Fault check_numbers(const ChangeView& change) noexcept {
  constexpr std::uint64_t end = codec::end_of_integers;
  if (change.dot.seq >= end) return {"seq", "a whole number below 2^53"};
  if (change.stable >= end) return {"stable", "a whole number below 2^53"};
  bool good = true;
  change.context.for_each([&good](const std::uint8_t*, Sequence seq) { good = good && seq < end; });
  if (!good) return {"context", "whole numbers below 2^53"};
  return {};
}

Fault check_row(const ChangeView& change) noexcept {
  if (change.operation == Operation::stable) {
    if (!change.table.empty()) return {"table", "a stable marker concerns no table"};
    if (!change.row_id.empty()) return {"row_id", "a stable marker concerns no row"};
    if (change.stable == 0) return {"stable", "stable markers are counted from 1"};
    return {};
  }
  // A number that was used up need not have been meant for a row.
  if (change.operation == Operation::void_ && change.table.empty() && change.row_id.empty()) {
    return {};
  }
  if (change.table.empty() || change.table.size() > limits::max_table_bytes ||
      !codec::is_utf8(change.table)) {
    return {"table", "a table's name is 1 to 255 bytes of UTF-8"};
  }
  if (change.row_id.empty() || change.row_id.size() > limits::max_row_id_bytes ||
      !codec::is_utf8(change.row_id)) {
    return {"row_id", "a row's id is 1 to 1024 bytes of UTF-8"};
  }
  return {};
}

Fault check_transaction(const ChangeView& change) {
  if (codec::is_plain_tail(change.tail)) return {};
  const std::optional<TransactionPart> part = change.transaction();
  if (!part) return {};
  if (part->number >= codec::end_of_integers) {
    return {"transaction", "a transaction's number is below 2^53"};
  }
  if (part->count == 0 || part->index >= part->count) {
    return {"transaction", "the index of a transaction's change is below the count"};
  }
  return {};
}

Fault check_metadata(const ChangeView& change, MetadataFacts& facts) {
  if (codec::is_plain_tail(change.tail)) return {};
  std::size_t entries = 0;
  bool good = true;
  const std::uint8_t* position = codec::metadata_of_tail(change.tail);
  codec::read_trusted_metadata(position, [&](std::string_view key, std::string_view value) {
    ++entries;
    good = good && !key.empty() && key.size() <= limits::max_metadata_key_bytes &&
           value.size() <= limits::max_metadata_value_bytes && codec::is_utf8(key) &&
           codec::is_utf8(value);
    facts.stub = facts.stub || key == codec::stub_key;
    facts.rebased = facts.rebased || key == codec::rebased_key;
  });
  // What makes a stub was added to a change that may have had as many as there can be.
  if (facts.stub && entries > 0) --entries;
  if (good && entries <= limits::max_metadata_entries) return {};
  return {"metadata",
          "at most 32 entries of UTF-8, keys of 1 to 255 bytes, values of at most 4096 bytes"};
}

// Which formats go with the operation.
Fault check_format(const ChangeView& change, const MetadataFacts& facts) noexcept {
  const bool none = change.format == PayloadFormat::none;
  switch (change.operation) {
    case Operation::insert:
    case Operation::update:
      if (none) return {"format", "an insert or update has a payload: json, msgpack or bytes"};
      break;
    case Operation::erase:
      if (!none) return {"format", "a delete has no payload"};
      break;
    case Operation::void_:
      if (!none && !facts.rebased) return {"format", "a void has no payload unless it was rebased"};
      break;
    case Operation::stable:
      if (!none) return {"format", "a stable marker has no payload"};
      break;
  }
  return {};
}

Fault check_data(const ChangeView& change, const MetadataFacts& facts) {
  if (facts.stub) {
    if (change.data.size() == codec::hash_bytes_size) return {};
    return {"data", "a stub carries the 8 bytes of its data's hash"};
  }
  if (change.data.size() > limits::max_change_bytes) return {"data", "at most 64 MiB"};
  switch (change.format) {
    case PayloadFormat::none:
      if (!change.data.empty()) return {"data", "no data without a format"};
      break;
    case PayloadFormat::json:
      if (!codec::is_json(change.data)) {
        return {"data", "data is one JSON text in UTF-8, nested at most 64 deep"};
      }
      break;
    case PayloadFormat::msgpack:
      if (!codec::is_msgpack_value(change.data)) {
        return {"data", "data is exactly one MessagePack value, nested at most 64 deep"};
      }
      break;
    case PayloadFormat::bytes:
      break;
  }
  return {};
}

Fault find_fault(const ChangeView& change) {
  MetadataFacts facts;
  if (const Fault fault = check_dot(change)) return fault;
  if (const Fault fault = check_numbers(change)) return fault;
  if (const Fault fault = check_row(change)) return fault;
  if (const Fault fault = check_transaction(change)) return fault;
  if (const Fault fault = check_metadata(change, facts)) return fault;
  if (const Fault fault = check_format(change, facts)) return fault;
  return check_data(change, facts);
}

}  // namespace

Result<void> validate(const ChangeView& change) {
  const Fault fault = find_fault(change);
  if (!fault) return {};
  return Error(ErrorCode::invalid_change, fault.what_is_right).with("field", fault.field);
}

}  // namespace syncline
