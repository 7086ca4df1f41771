// Snapshots that callers give to the answering side, page by page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "sync/messages.hpp"
#include "sync/snapshot_collector.hpp"

namespace syncline {

/// Puts uploaded pages together: one upload a tenant at a time, because it is kept in memory until
/// it is whole. Thread-safe.
class SnapshotUploads {
 public:
  /// Who says nothing for so long makes room for others, in microseconds.
  static constexpr std::uint64_t idle_limit_us = 60'000'000;

  /// Takes the next page of `node`. A first page begins anew. True: that was the last one.
  /// Errors: `unavailable` with `retry_after_s` while somebody else's upload is under way,
  /// `log_reset` for a page that goes on with nothing (begin anew), `quota_exceeded` beyond
  /// `max_bytes` of records, those of `SnapshotCollector::add`.
  Result<bool> add(const NodeId& node, bool first, SnapshotResponse page, std::uint64_t max_bytes,
                   std::uint64_t now_us);
  /// Frees what somebody began to give and did not go on with.
  void forget_idle(std::uint64_t now_us);
  /// The snapshot that `add` said to be whole, once; nullopt if it was begun anew since.
  std::optional<Snapshot> take(const NodeId& node);

 private:
  bool idle(std::uint64_t now_us) const;

  std::mutex mutex_;
  NodeId node_;  ///< whose upload is under way; nil: nobody's
  std::uint64_t last_page_us_ = 0;
  std::uint64_t bytes_ = 0;
  SnapshotCollector collector_;
};

}  // namespace syncline
