#include "syncline/change.hpp"

#include <array>

#include "changelog/codec/record_tail.hpp"

namespace syncline {
namespace {

// In the order of the stored numbers, so that a number is an index.
constexpr std::array<std::string_view, 5> operation_names = {"void", "insert", "update", "delete",
                                                             "stable"};
constexpr std::array<std::string_view, 4> format_names = {"none", "json", "msgpack", "bytes"};

template <typename Enum, std::size_t Count>
Result<Enum> from_name(const std::array<std::string_view, Count>& names, std::string_view name,
                       const char* what_is_right) {
  for (std::size_t i = 0; i < Count; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return Error(ErrorCode::bad_request, what_is_right);
}

}  // namespace

std::string_view to_string(Operation operation) noexcept {
  return operation_names[static_cast<std::size_t>(operation) % operation_names.size()];
}

Result<Operation> operation_from_string(std::string_view name) {
  return from_name<Operation>(operation_names, name,
                              "an operation is void, insert, update, delete or stable");
}

std::string_view to_string(PayloadFormat format) noexcept {
  return format_names[static_cast<std::size_t>(format) % format_names.size()];
}

Result<PayloadFormat> payload_format_from_string(std::string_view name) {
  return from_name<PayloadFormat>(format_names, name, "a format is none, json, msgpack or bytes");
}

VectorClock Change::vector_clock() const {
  VectorClock clock = context;
  clock.raise(dot);
  return clock;
}

VectorClock ContextView::to_clock() const {
  VectorClock clock;
  for_each([&clock](const std::uint8_t* node, Sequence seq) {
    clock.raise(NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(node, NodeId::size_bytes)),
                seq);
  });
  return clock;
}

std::optional<TransactionPart> ChangeView::transaction() const {
  const std::uint8_t* position = tail.data();
  return codec::read_trusted_transaction(position);
}

Metadata ChangeView::metadata() const {
  Metadata metadata;
  const std::uint8_t* position = codec::metadata_of_tail(tail);
  codec::read_trusted_metadata(position, [&metadata](std::string_view key, std::string_view value) {
    metadata.emplace_hint(metadata.end(), key, value);
  });
  return metadata;
}

Change ChangeView::to_change() const {
  Change change;
  change.dot = dot;
  change.hlc = hlc;
  change.operation = operation;
  change.table = table;
  change.row_id = row_id;
  change.context = context.to_clock();
  change.stable = stable;
  change.format = format;
  change.data = data;
  change.transaction = transaction();
  change.metadata = metadata();
  return change;
}

}  // namespace syncline
