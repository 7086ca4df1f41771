// Errors of the library: a stable code, a sentence, and the members that make it actionable.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/system/result.hpp>

namespace syncline {

/// What went wrong, in the words of the wire protocol. The names (see `to_string`) are stable; the
/// numbers are not stored anywhere.
enum class ErrorCode : std::uint8_t {
  bad_request,          ///< the request as a whole cannot be understood
  invalid_change,       ///< one change is malformed; members `index`, `field`
  unauthorized,         ///< no valid token
  forbidden,            ///< the token does not allow this
  change_log_disabled,  ///< the tenant's plan has no change log; member `plan`
  tenant_not_found,
  row_not_found,
  conflict_not_found,
  not_found,
  method_not_allowed,
  protocol_unsupported,  ///< member `supported`
  tenant_exists,
  sequence_gap,       ///< member `expected_seq`
  depends,            ///< the change saw one that was refused or is not held here
  dot_mismatch,       ///< other bytes are held under the same dot
  replica_rewound,    ///< the caller is older than what is known of it
  conflict_open,      ///< the row has siblings that the write did not claim to have seen
  conflict_resolved,  ///< there is nothing left to resolve
  cursor_trimmed,     ///< member `oldest_lsn`
  log_reset,          ///< the cursor belongs to another log; member `log_id`
  peer_stale,
  precondition_failed,  ///< the row is not in the state that the write asked for
  too_large,            ///< member `limit`
  unsupported_media_type,
  clock_drift,   ///< member `time`
  rate_limited,  ///< member `retry_after_s`
  internal,
  unavailable,  ///< the other side cannot be reached, or is stopping; a disk fails (member `disk`)
  quota_exceeded,  ///< members `quota`, `limit`
};

/// The name of `code` on the wire, e.g. "sequence_gap".
std::string_view to_string(ErrorCode code) noexcept;

/// The code whose wire name is `name`; `ErrorCode::internal` when there is none.
ErrorCode error_code_from_string(std::string_view name) noexcept;

/// One named fact beside an error's text, e.g. `expected_seq` = 7.
struct ErrorMember {
  std::string name;
  std::variant<std::uint64_t, std::string> value;
  bool operator==(const ErrorMember&) const = default;
};

/// A value: what failed and, in `detail`, what would be right.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string detail;
  std::vector<ErrorMember> members;

  Error() = default;
  Error(ErrorCode error_code, std::string text) : code(error_code), detail(std::move(text)) {}

  /// Adds a member and returns the error, so that one can be built in one expression.
  Error with(std::string name, std::uint64_t value) && {
    members.push_back({std::move(name), value});
    return std::move(*this);
  }
  Error with(std::string name, std::string value) && {
    members.push_back({std::move(name), std::move(value)});
    return std::move(*this);
  }

  /// The member called `name` as a number; 0 when absent or text.
  std::uint64_t number(std::string_view name) const noexcept;
  /// The member called `name` as text; empty when absent or a number.
  std::string text(std::string_view name) const;

  bool operator==(const Error&) const = default;
};

/// "code: detail", for logs and messages.
std::string to_string(const Error& error);

/// Thrown by `Result::value()` when there is none: a mistake of the program that did not look.
class BadResultAccess : public std::logic_error {
 public:
  explicit BadResultAccess(Error error);
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

/// What can fail from input or I/O returns this: a value or an `Error`.
template <typename T>
using Result = boost::system::result<T, Error>;

}  // namespace syncline
