// The JSON forms of conflicts and errors, and the HTTP status of an error.
#pragma once

#include <nlohmann/json.hpp>

#include "sync/body.hpp"
#include "syncline/conflict.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// The one mapping from codes to HTTP.
unsigned http_status(ErrorCode code) noexcept;

/// The problem object (RFC 9457): `type`, `title`, `status`, `detail`, `code` and the error's
/// members.
nlohmann::json problem_to_body(const Error& error);
/// Reads a problem object; `internal` if it is none.
Error error_from_problem(const nlohmann::json& body);

/// A conflict as pages of the API show it. In JSON the tips carry their LSNs and times of arrival,
/// in MessagePack they are records.
nlohmann::json report_to_body(const ConflictReport& report, BodyFormat format,
                              JsonPayload payload = JsonPayload::text);

/// `{id, kind, status, table, row_id, winner_dot}`, as the answer to a push names conflicts.
nlohmann::json summary_to_body(const ConflictSummary& summary);
/// Errors: `bad_request`.
Result<ConflictSummary> summary_from_body(const nlohmann::json& body);

/// `{origin, seq, index, code, detail, …}`, as the answer to a push names refused changes.
nlohmann::json rejection_to_body(const Rejection& rejection);
/// Errors: `bad_request`.
Result<Rejection> rejection_from_body(const nlohmann::json& body);

/// `{origin, seq}`.
nlohmann::json dot_to_body(const Dot& dot);
/// Errors: `bad_request` naming `member`.
Result<Dot> dot_from_body(const nlohmann::json& body, std::string_view member);

/// Sets `data` of `object` to the payload: JSON as its exact text, other formats as `data_base64`
/// and `format`; null for none. In MessagePack always `data` as bin, and `format`.
void set_payload(nlohmann::json& object, const Payload& payload, BodyFormat format,
                 JsonPayload style = JsonPayload::text);

}  // namespace syncline
