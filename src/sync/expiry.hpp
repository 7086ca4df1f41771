// Replicas that are given up: the home says so in its log, and all others keep to it.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>

#include "sync/peers.hpp"
#include "syncline/tenant.hpp"

namespace syncline {

/// Finds the home's entries about replicas that were given up in the log, and tells the table of
/// peers. Thread-safe.
class ExpiryReader {
 public:
  /// Reads what the log has beyond the place where it read last. Costs next to nothing if there is
  /// nothing new.
  void read(Tenant& tenant, PeerTable& peers);

 private:
  std::mutex mutex_;
  std::optional<LogId> log_id_;  ///< nullopt: nothing was read since the start
  Lsn examined_ = 0;
};

/// Who was given up, as one who asks others knows it from its log. Not thread-safe.
class GivenUp {
 public:
  /// True if the home gave `node` up: nobody exchanges with it any more under that id. Costs next
  /// to nothing if there is nothing new in the log.
  bool contains(const Replica& replica, const NodeId& node);

 private:
  std::optional<LogId> log_id_;
  Lsn examined_ = 0;
  std::set<NodeId> nodes_;
};

/// Gives `node` up. Where the home is, by an entry in the log, so that nobody exchanges with it any
/// more before it has come back under another id; elsewhere, and if it has not joined and nothing
/// of it was ever taken, it is only forgotten, and comes back as one who was never seen. Errors:
/// `not_found`, those of `Replica::append_note`.
Result<void> give_up(Tenant& tenant, PeerTable& peers, ExpiryReader& expiries, const NodeId& node);

/// Gives up all whose leases have run out. Nobody, if nobody decides what is stable. Errors: as
/// `give_up`; then it is tried again the next time.
Result<void> expire_leases(Tenant& tenant, PeerTable& peers, ExpiryReader& expiries,
                           std::uint64_t now_us);

}  // namespace syncline
