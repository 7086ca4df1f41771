// How much of its log a tenant keeps, and who holds back what could go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/tenant_exchange.hpp"
#include "syncline/tenant.hpp"

namespace syncline {

/// How a peer stands.
enum class PeerState : std::uint8_t {
  live,
  joining,  ///< it came for the first time and does not hold yet what is stable
  stale,    ///< it lacks changes that the log has no more: it takes a snapshot when it comes
  expired,  ///< it was given up: it comes back under another id
};
std::string_view to_string(PeerState state) noexcept;
PeerState state_of(const Peer& peer, const Tenant& tenant, const PeerTable& peers,
                   std::uint64_t now_us);

/// True if the consumer holds nothing back: its place is no more in the log, or it has been silent
/// or behind for more than the tenant's settings allow.
bool is_stale(const Consumer& consumer, const Tenant& tenant, std::uint64_t now_us);

/// Somebody who needs the log from an LSN on.
struct LogHolder {
  enum class Kind : std::uint8_t { peer, consumer, snapshot_reader };
  Kind kind = Kind::peer;
  std::string id;    ///< the peer's or reader's node id, or the consumer's name
  std::string name;  ///< the peer's; may be empty
  Lsn needed = 0;
};

/// From which LSN on `peer` holds the log; nullopt: it does not. Before the home's first marker it
/// holds what it has not vouched for, as its stable clock counts it.
std::optional<Lsn> held_by(const Peer& peer, const Tenant& tenant, const PeerTable& peers,
                           std::uint64_t now_us);
/// All who hold something of the log, those with the oldest place first.
std::vector<LogHolder> log_holders(const Tenant& tenant, const TenantExchange& exchange,
                                   std::uint64_t now_us);

/// Drops changes from before `before`, as far as nobody holds them; with `force` also the others:
/// peers and consumers are stale then, and go on with a snapshot. Errors: `precondition_failed`
/// (somebody needs them: the detail names all who do and their places; member `needed_lsn`),
/// `bad_request` (beyond the log's end), those of `Replica::trim`.
Result<TrimResult> trim_log(Tenant& tenant, const TenantExchange& exchange, Lsn before, bool force,
                            std::uint64_t now_us);

/// The LSN from which on a log of this retention would keep changes; its first one if all may stay.
/// Age is that of arrival. What bytes amount to is told from the mean size of the log's records.
Lsn retention_begin(const Replica& replica, const Retention& retention, std::uint64_t now_us);

/// Drops what the tenant's retention does not keep, except what somebody holds and, where the
/// tenant's home is another replica, what is not stable. Does nothing if there is too little to
/// drop. Errors: those of `Replica::trim`.
Result<void> enforce_retention(Tenant& tenant, const TenantExchange& exchange,
                               std::uint64_t now_us);

/// The same for a replica that exchanges with a server and has no peers of its own: it keeps
/// everything that is not stable, for that is what a server that was brought back from a backup
/// may need again. Errors: those of `Replica::trim`.
Result<void> enforce_edge_retention(Replica& replica, const Retention& retention,
                                    std::uint64_t now_us);

}  // namespace syncline
