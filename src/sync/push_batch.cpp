#include "sync/push_batch.hpp"

#include <algorithm>
#include <utility>

namespace syncline {
namespace {

/// Says in `rejection` where its change stood in the batch as it was sent.
void set_index(Rejection& rejection, std::size_t index) {
  rejection.index = index;
  for (ErrorMember& member : rejection.error.members) {
    if (member.name == "index") member.value = static_cast<std::uint64_t>(index);
  }
}

}  // namespace

Result<void> check_batch_size(const PushRequest& request, const Replica& replica) {
  const std::size_t changes = request.changes.records.size() + request.malformed.size();
  if (changes > replica.max_batch_changes()) {
    return Error{ErrorCode::too_large, "too many changes in one push"}.with(
        "limit", replica.max_batch_changes());
  }
  std::size_t bytes = 0;
  for (const RecordBytes& record : request.changes.records) bytes += record.size();
  if (bytes > replica.max_body_bytes()) {
    return Error{ErrorCode::too_large, "too many bytes in one push"}.with("limit",
                                                                          replica.max_body_bytes());
  }
  return {};
}

Result<PushResponse> integrate_batch(Replica& replica, const PushRequest& request,
                                     const IntegrateOptions& options) {
  const std::vector<std::string_view> records = request.changes.views();
  IntegrateResult result = replica.integrate(records, options);
  PushResponse response;
  response.rejected = request.malformed;
  for (Rejection& rejection : result.rejected) {
    // Without a change of its own it says that the batch as a whole could not be kept.
    if (rejection.index >= records.size()) return rejection.error;
    if (rejection.index < request.indexes.size()) {
      set_index(rejection, request.indexes[rejection.index]);
    }
    response.rejected.push_back(std::move(rejection));
  }
  std::sort(response.rejected.begin(), response.rejected.end(),
            [](const Rejection& left, const Rejection& right) { return left.index < right.index; });
  response.received = records.size() + request.malformed.size();
  response.applied = result.applied;
  response.superseded = result.superseded;
  response.duplicates = result.duplicates;
  response.convergent = result.convergent;
  response.conflicts = std::move(result.conflicts);
  response.acked = std::move(result.acked);
  // Of an origin with nothing but malformed changes the replica saw none.
  for (const Rejection& rejection : request.malformed) {
    const Sequence held = replica.origin(rejection.dot.origin).seq;
    if (rejection.dot.seq != 0 && held > 0) response.acked.raise(rejection.dot.origin, held);
  }
  response.lsn = result.lsn;
  return response;
}

}  // namespace syncline
