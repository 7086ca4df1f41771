// Answers to writes.
#pragma once

#include <span>

#include "api/call.hpp"

namespace syncline::api {

/// What a failed write of a row is answered with: for `precondition_failed` with the present row
/// and its token, for `conflict_open` with the heads and theirs.
HttpResponse write_problem(const Call& call, const Error& error, std::string_view table,
                           std::string_view row_id);

/// The change that was written, with the row's new token: 201 for a row that was not there before.
HttpResponse written_change(const Call& call, const WriteResult& written, JsonPayload payload);

/// Does `work` once for each Idempotency-Key.
HandlerResult once(Services& services, const Call& call, const std::function<HttpResponse()>& work);

}  // namespace syncline::api
