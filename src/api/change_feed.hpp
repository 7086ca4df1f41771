// The changes of a tenant as a stream: server-sent events, or a JSON object a line.
#pragma once

#include "api/change_query.hpp"

namespace syncline::api {

/// Delivers what `wanted` asks for, and then what comes, until the client goes away, the log that
/// it reads ends or is trimmed past its place, or the tenant is removed. `tenants` has to outlive
/// the stream. Requires that `wanted.feed` is a stream.
///
/// Every piece ends between two transactions. A line break within a payload becomes a space,
/// because lines mean something here. See docs/reference/http-api.md for the form.
Stream stream_changes(const TenantManager& tenants, ChangeQuery wanted);

}  // namespace syncline::api
