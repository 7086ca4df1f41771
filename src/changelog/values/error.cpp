#include "syncline/error.hpp"

#include <array>
#include <cstddef>

namespace syncline {
namespace {

// In the order of ErrorCode, so that a code is an index.
constexpr std::array<std::string_view, 29> names = {
    "bad_request",
    "invalid_change",
    "unauthorized",
    "forbidden",
    "change_log_disabled",
    "tenant_not_found",
    "row_not_found",
    "conflict_not_found",
    "not_found",
    "method_not_allowed",
    "protocol_unsupported",
    "tenant_exists",
    "sequence_gap",
    "depends",
    "dot_mismatch",
    "replica_rewound",
    "conflict_open",
    "conflict_resolved",
    "cursor_trimmed",
    "log_reset",
    "peer_stale",
    "precondition_failed",
    "too_large",
    "unsupported_media_type",
    "clock_drift",
    "rate_limited",
    "internal",
    "unavailable",
    "quota_exceeded",
};
static_assert(static_cast<std::size_t>(ErrorCode::quota_exceeded) + 1 == names.size());

const ErrorMember* find_member(const Error& error, std::string_view name) noexcept {
  for (const ErrorMember& member : error.members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : "internal";
}

ErrorCode error_code_from_string(std::string_view name) noexcept {
  for (std::size_t index = 0; index < names.size(); ++index) {
    if (names[index] == name) return static_cast<ErrorCode>(index);
  }
  return ErrorCode::internal;
}

std::uint64_t Error::number(std::string_view name) const noexcept {
  const ErrorMember* member = find_member(*this, name);
  const auto* value = member ? std::get_if<std::uint64_t>(&member->value) : nullptr;
  return value ? *value : 0;
}

std::string Error::text(std::string_view name) const {
  const ErrorMember* member = find_member(*this, name);
  const auto* value = member ? std::get_if<std::string>(&member->value) : nullptr;
  return value ? *value : std::string{};
}

std::string to_string(const Error& error) {
  std::string text{to_string(error.code)};
  if (!error.detail.empty()) text.append(": ").append(error.detail);
  return text;
}

BadResultAccess::BadResultAccess(Error error)
    : std::logic_error(to_string(error)), error_(std::move(error)) {}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw BadResultAccess(error);
}

}  // namespace syncline
