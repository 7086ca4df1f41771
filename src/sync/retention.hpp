// How much of its log a tenant keeps, and who holds back what could go.
#pragma once

#include <cstdint>

#include "sync/peers.hpp"
#include "syncline/tenant.hpp"

namespace syncline {

/// Drops changes from before `before`, as far as every peer whose lease has not run out has
/// acknowledged them; with `force`
/// also those that some have not, who then take a snapshot when they come. Errors:
/// `precondition_failed` (a peer needs them: the detail names it; member `needed_lsn`),
/// `bad_request` (beyond the log's end), those of `Replica::trim`.
Result<TrimResult> trim_log(Replica& replica, const PeerTable& peers, Lsn before, bool force,
                            std::uint64_t now_us);

/// The LSN from which on a log of this retention would keep changes; its first one if all may stay.
/// Age is that of arrival. What bytes amount to is told from the mean size of the log's records.
Lsn retention_begin(const Replica& replica, const Retention& retention, std::uint64_t now_us);

/// Drops what the tenant's retention does not keep, except what a peer has not acknowledged. Does
/// nothing if there is too little to drop. Errors: those of `Replica::trim`.
Result<void> enforce_retention(Tenant& tenant, const PeerTable& peers, std::uint64_t now_us);

}  // namespace syncline
