// The answering side of the sync protocol: takes a message, returns the answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "sync/messages.hpp"
#include "sync/stability.hpp"
#include "sync/tenant_exchange.hpp"
#include "syncline/clock.hpp"
#include "syncline/tenant.hpp"

namespace syncline {

/// Answers replicas on behalf of tenants. Knows no sockets and never waits: a pull that finds
/// nothing returns at once, and who serves it decides whether to wait and to ask again.
/// Thread-safe.
class Hub {
 public:
  /// `clock` null: the system's. Has to outlive the hub.
  explicit Hub(Clock* clock = nullptr,
               std::uint64_t marker_interval_us = default_marker_interval_us);

  using TenantPointer = std::shared_ptr<Tenant>;

  /// If the caller knows more of the answering replica than that does itself, or something else, it
  /// is the answering one that came back as an older copy: it goes on under a new id first, though
  /// not twice within a short time.
  /// Errors: `protocol_unsupported`, `replica_rewound` (with `agreed_seq`, if the caller's changes
  /// up to there are known to be the same), `dot_mismatch` (with `origin`), `bad_request`,
  /// `unavailable`.
  Result<RegisterResponse> register_peer(const TenantPointer& tenant,
                                         const RegisterRequest& request);
  /// Errors: `peer_stale` (not registered), `too_large`, `replica_rewound`, those of
  /// `Replica::writable`. Faults of single changes are in the answer.
  Result<PushResponse> push(const TenantPointer& tenant, const PushRequest& request);
  /// Errors: `peer_stale`, `bad_request`, `log_reset`, `cursor_trimmed`.
  Result<PullResponse> pull(const TenantPointer& tenant, const PullRequest& request);
  /// What this replica does not hold itself does not count as acknowledged. Where the home is, what
  /// is stable grows by it: see `advance_stability`.
  /// Errors: `peer_stale`, `bad_request`.
  Result<HeartbeatResponse> heartbeat(const TenantPointer& tenant, const HeartbeatRequest& request);
  /// All parts in order; their errors are in the answer.
  ExchangeResponse exchange(const TenantPointer& tenant, const ExchangeRequest& request);
  /// Errors: `bad_request`, `log_reset`.
  Result<SnapshotResponse> snapshot_page(const TenantPointer& tenant,
                                         const SnapshotRequest& request);

  /// Takes the caller's snapshot in pages and merges it when it is whole; then the log has a new
  /// id. Errors: `peer_stale`, `bad_request` (a filtered replica; its marker is older than the one
  /// here), those of `Replica::writable`, `SnapshotUploads::add` and `Replica::merge`.
  Result<UploadResponse> take_snapshot(const TenantPointer& tenant, SnapshotUpload upload);

  /// Who exchanges with this tenant. One that was removed and created again begins without anybody.
  std::shared_ptr<TenantExchange> exchange_of(const TenantPointer& tenant);
  /// The peers among these.
  std::shared_ptr<PeerTable> peers(const TenantPointer& tenant);

  /// What has to be done now and then: gives up those whose leases have run out, appends a stable
  /// marker if it is time, keeps what was acknowledged, enforces the tenant's retention. What fails
  /// is tried again the next time.
  void maintain(const TenantPointer& tenant);

  /// What every answer carries. `caller` nil: nobody was named.
  static AnswerHeader answer_header(const Tenant& tenant, const NodeId& caller);

 private:
  /// `clock`: what the caller says to hold; null if it does not.
  Result<PushResponse> push_of(const TenantPointer& tenant, const PushRequest& request,
                               const WireClock* clock);
  Result<void> check_self(const TenantPointer& tenant, const WireClock& caller);
  bool may_take_new_id(const TenantPointer& tenant);

  struct KnownTenant {
    std::weak_ptr<Tenant> tenant;
    std::shared_ptr<TenantExchange> exchange;
    std::uint64_t new_id_at_us = 0;  ///< when a caller made it take one; 0: none has
  };

  Clock& clock_;
  const std::uint64_t marker_interval_us_;
  std::mutex identity_mutex_;  ///< of two calls that find the same, one acts
  std::mutex mutex_;
  std::map<const Tenant*, KnownTenant> tenants_;
};

}  // namespace syncline
