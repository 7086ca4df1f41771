// Who is reading a snapshot, and from which place it will go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "syncline/change_log.hpp"
#include "syncline/node_id.hpp"

namespace syncline {

/// How long after its last page a reader still holds the log, in microseconds: time for the next
/// page, or to merge all of them and to pull on from the snapshot's place.
inline constexpr std::uint64_t snapshot_hold_us = 60'000'000;
/// Readers whose places are held at a time; of more, the oldest is let go and begins anew.
inline constexpr std::size_t max_snapshot_readers = 1000;

struct SnapshotReader {
  NodeId node_id;  ///< nil: it did not say
  Lsn lsn = 0;     ///< the snapshot's place: what comes after it is needed
  std::uint64_t last_seen_us = 0;
};

/// The snapshots of one tenant that are being read. In memory only: whoever goes on after a restart
/// is noted with its next page. Thread-safe.
class SnapshotReaders {
 public:
  SnapshotReaders();
  /// A number for a new reader, which goes into its pages.
  std::uint64_t begin();
  void note(std::uint64_t reader, const SnapshotReader& state);
  std::vector<SnapshotReader> list(std::uint64_t now_us) const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t next_ = 0;
  mutable std::map<std::uint64_t, SnapshotReader> readers_;
};

}  // namespace syncline
