#include "sync/snapshot_uploads.hpp"

#include <utility>

namespace syncline {
namespace {

constexpr std::uint64_t retry_after_s = 5;

std::uint64_t bytes_of(const SnapshotResponse& page) {
  std::uint64_t bytes = 0;
  for (const ChangeList* list : {&page.rows, &page.history, &page.markers}) {
    for (const RecordBytes& record : list->records) bytes += record.size();
  }
  return bytes;
}

}  // namespace

bool SnapshotUploads::idle(std::uint64_t now_us) const {
  return now_us > last_page_us_ && now_us - last_page_us_ > idle_limit_us;
}

void SnapshotUploads::forget_idle(std::uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  if (node_.is_nil() || !idle(now_us)) return;
  node_ = {};
  collector_ = SnapshotCollector();
}

Result<bool> SnapshotUploads::add(const NodeId& node, bool first, SnapshotResponse page,
                                  std::uint64_t max_bytes, std::uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  if (!node_.is_nil() && node_ != node && !idle(now_us)) {
    return Error{ErrorCode::unavailable, "another replica gives its snapshot at the moment"}.with(
        "retry_after_s", retry_after_s);
  }
  if (first) {
    node_ = node;
    bytes_ = 0;
    collector_ = SnapshotCollector();
  } else if (node_ != node) {
    return Error{ErrorCode::log_reset,
                 "the pages before this one are not here any more: begin with the first"};
  }
  last_page_us_ = now_us;
  bytes_ += bytes_of(page);
  Result<void> added;
  if (bytes_ > max_bytes) {
    added = Error{ErrorCode::quota_exceeded, "the snapshot is larger than the tenant's plan allows"}
                .with("quota", "storage_bytes")
                .with("limit", max_bytes);
  } else {
    added = collector_.add(std::move(page));
  }
  if (added) return collector_.complete();
  node_ = {};
  collector_ = SnapshotCollector();
  return added.error();
}

std::optional<Snapshot> SnapshotUploads::take(const NodeId& node) {
  const std::lock_guard lock(mutex_);
  if (node_ != node || !collector_.complete()) return std::nullopt;
  node_ = {};
  return collector_.take();
}

}  // namespace syncline
