// Values as text: ids, times, names. Every reader gets the whole input.
#include <optional>

#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/change.hpp"
#include "syncline/conflict.hpp"
#include "syncline/file_journal.hpp"
#include "syncline/hybrid_clock.hpp"
#include "syncline/node_id.hpp"
#include "syncline/tenant.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

// What was read, unless it was refused for a reason that a person can read.
template <typename T>
std::optional<T> read(const Result<T>& result, std::string_view text) {
  if (result) return *result;
  check_echo(result.error(), text);
  FUZZ_CHECK(result.error().code == ErrorCode::bad_request);
  return std::nullopt;
}

void check_ids(std::string_view text) {
  if (const auto node = read(NodeId::parse(text), text)) {
    FUZZ_CHECK(node->to_string().size() == text.size());
    FUZZ_CHECK(NodeId::parse(node->to_string()).value() == *node);
    FUZZ_CHECK(NodeId(node->uuid()) == *node);
  }
  if (const auto id = read(conflict_id_from_string(text), text)) {
    FUZZ_CHECK(conflict_id_from_string(to_string(*id)).value() == *id);
  }
}

void check_times(std::string_view text) {
  if (const auto time = read(HybridTime::parse(text), text)) {
    // One text for each time, in the same order.
    FUZZ_CHECK(time->to_string() == text);
    const HybridTime later{time->value + 1};
    if (later > *time) FUZZ_CHECK(later.to_string() > text);
  }
  if (const auto us = read(parse_rfc3339(text), text)) {
    const std::string written = format_rfc3339(*us);
    FUZZ_CHECK(parse_rfc3339(written).value() == *us);
    FUZZ_CHECK(format_rfc3339(parse_rfc3339(written).value()) == written);
  }
}

template <typename Value>
void check_name(const Result<Value>& result, std::string_view text) {
  if (const auto value = read(result, text)) FUZZ_CHECK(to_string(*value) == text);
}

}  // namespace

void values(Bytes bytes) {
  const std::string_view text = text_of(bytes);
  check_ids(text);
  check_times(text);
  check_name(operation_from_string(text), text);
  check_name(payload_format_from_string(text), text);
  check_name(durability_from_string(text), text);
  check_name(conflict_kind_from_string(text), text);
  check_name(conflict_status_from_string(text), text);
  const ErrorCode code = error_code_from_string(text);
  FUZZ_CHECK(code == ErrorCode::internal || to_string(code) == text);
  if (const auto valid = validate_tenant_id(text); !valid) check_echo(valid.error(), text);
  if (const ConflictPolicy* policy = find_policy(text)) FUZZ_CHECK(policy->name() == text);
  if (bytes.size() == sizeof(std::uint64_t)) {
    Input input(bytes);
    const HybridTime time{input.number(8)};
    FUZZ_CHECK(HybridTime::parse(time.to_string()).value() == time);
  }
}

}  // namespace syncline::fuzz
