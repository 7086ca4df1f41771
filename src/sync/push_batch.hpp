// Taking in one pushed batch, of which single changes may be wrong.
#pragma once

#include "sync/messages.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// Errors: `too_large` with `limit`, in changes or in bytes of records.
Result<void> check_batch_size(const PushRequest& request, const Replica& replica);

/// Integrates what can be read of the batch; the rest is refused, and by the holes that it leaves
/// what comes after it. The answer has no header yet.
/// Errors: `unavailable` if the batch could not be kept.
Result<PushResponse> integrate_batch(Replica& replica, const PushRequest& request,
                                     const IntegrateOptions& options);

}  // namespace syncline
