// Everybody who exchanges with one tenant here or reads its log.
#pragma once

#include "sync/consumers.hpp"
#include "sync/expiry.hpp"
#include "sync/peers.hpp"
#include "sync/snapshot_readers.hpp"
#include "sync/snapshot_uploads.hpp"

namespace syncline {

/// Thread-safe, as its parts are.
struct TenantExchange {
  /// `replica` has to outlive it.
  TenantExchange(Replica& replica, std::uint64_t now_us)
      : peers(replica, now_us), consumers(replica) {}

  PeerTable peers;
  Consumers consumers;
  SnapshotReaders readers;
  ExpiryReader expiries;
  SnapshotUploads uploads;
};

}  // namespace syncline
