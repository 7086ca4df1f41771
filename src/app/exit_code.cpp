#include "app/exit_code.hpp"

namespace syncline::app {

ExitCode exit_code_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::unavailable:
      return ExitCode::unreachable;
    case ErrorCode::tenant_not_found:
    case ErrorCode::row_not_found:
    case ErrorCode::conflict_not_found:
    case ErrorCode::not_found:
      return ExitCode::not_found;
    case ErrorCode::tenant_exists:
    case ErrorCode::sequence_gap:
    case ErrorCode::depends:
    case ErrorCode::dot_mismatch:
    case ErrorCode::replica_rewound:
    case ErrorCode::conflict_open:
    case ErrorCode::conflict_resolved:
    case ErrorCode::cursor_trimmed:
    case ErrorCode::log_reset:
    case ErrorCode::peer_stale:
    case ErrorCode::precondition_failed:
      return ExitCode::conflict;
    case ErrorCode::invalid_change:
    case ErrorCode::unsupported_media_type:
      return ExitCode::bad_input;
    case ErrorCode::unauthorized:
    case ErrorCode::forbidden:
    case ErrorCode::change_log_disabled:
      return ExitCode::not_allowed;
    case ErrorCode::too_large:
    case ErrorCode::rate_limited:
    case ErrorCode::quota_exceeded:
      return ExitCode::over_limit;
    case ErrorCode::bad_request:
    case ErrorCode::method_not_allowed:
    case ErrorCode::protocol_unsupported:
    case ErrorCode::clock_drift:
    case ErrorCode::internal:
      break;
  }
  return ExitCode::failed;
}

}  // namespace syncline::app
