// Taking a snapshot of the caller: who has trimmed what this replica lacks cannot push it.

#include <limits>
#include <optional>
#include <utility>

#include "sync/hub.hpp"
#include "sync/upload_check.hpp"

namespace syncline {

Result<UploadResponse> Hub::take_snapshot(const TenantPointer& tenant, SnapshotUpload upload) {
  Replica& replica = tenant->replica();
  const auto exchange = exchange_of(tenant);
  const std::uint64_t now_us = clock_.now_us();
  const Result<Peer> peer = exchange->peers.seen(upload.node_id, now_us);
  if (!peer) return peer.error();
  if (peer->tables) {
    return Error{ErrorCode::bad_request,
                 "a replica of some tables only cannot give a snapshot of the whole"};
  }
  if (const auto writable = replica.writable(); !writable) return writable.error();

  UploadResponse response;
  response.header = answer_header(*tenant, upload.node_id);
  // Perhaps another replica has given it meanwhile. A merge lays the log anew, so that all have to
  // look for their places again: not without need.
  response.complete = replica.summary().covers(upload.page.clock.clock());
  if (response.complete) return response;
  const std::uint64_t limit = tenant->plan().storage_bytes;
  const Result<bool> whole =
      exchange->uploads.add(upload.node_id, upload.first, std::move(upload.page),
                            limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit, now_us);
  if (!whole) return whole.error();
  if (!*whole) return response;
  const std::optional<Snapshot> snapshot = exchange->uploads.take(upload.node_id);
  if (!snapshot) {
    return Error{ErrorCode::log_reset, "the upload was begun anew by another call"};
  }
  if (const auto checked = check_upload(replica, *snapshot, *peer); !checked) {
    return checked.error();
  }
  if (const auto merged = replica.merge(*snapshot); !merged) return merged.error();
  response.header = answer_header(*tenant, upload.node_id);
  response.complete = true;
  return response;
}

}  // namespace syncline
