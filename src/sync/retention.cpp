#include "sync/retention.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "sync/stability.hpp"
#include "sync/standing.hpp"

namespace syncline {
namespace {

/// How many holders an error names; the rest are counted.
constexpr std::size_t most_named = 10;

/// True if who holds `clock` lacks changes from before the log's beginning.
bool lacks_trimmed(const LogReader& log, const VectorClock& clock) {
  return log.first_lsn() > 1 && !clock.covers(log.clock_at(log.first_lsn() - 1));
}

std::string described(const LogHolder& holder) {
  const std::string from = " needs what comes from LSN " + std::to_string(holder.needed) + " on";
  switch (holder.kind) {
    case LogHolder::Kind::peer:
      return "replica " + holder.id + (holder.name.empty() ? "" : " ('" + holder.name + "')") +
             from;
    case LogHolder::Kind::consumer:
      return "consumer '" + holder.id + "'" + from;
    case LogHolder::Kind::snapshot_reader:
      break;
  }
  return "a snapshot that " + (holder.id.empty() ? "somebody" : "replica " + holder.id) +
         " is reading" + from;
}

Error held_back(const std::vector<LogHolder>& holders, Lsn before) {
  std::string detail;
  std::size_t count = 0;
  for (const LogHolder& holder : holders) {
    if (holder.needed >= before) break;
    if (++count > most_named) continue;
    detail += (detail.empty() ? "" : "; ") + described(holder);
  }
  if (count > most_named) {
    detail += "; and " + std::to_string(count - most_named) + " more";
  }
  return Error{ErrorCode::precondition_failed,
               detail + ": trim before that, or force them to take snapshots"}
      .with("needed_lsn", holders.front().needed);
}

}  // namespace

std::string_view to_string(PeerState state) noexcept {
  switch (state) {
    case PeerState::live:
      return "live";
    case PeerState::joining:
      return "joining";
    case PeerState::stale:
      return "stale";
    case PeerState::expired:
      break;
  }
  return "expired";
}

PeerState state_of(const Peer& peer, const Tenant& tenant, const PeerTable& peers,
                   std::uint64_t now_us) {
  const Replica& replica = tenant.replica();
  if (peer.expired()) return PeerState::expired;
  if (peer.joined_at_marker != 0 && !peer.acknowledged.covers(stable_state(replica).clock)) {
    return PeerState::joining;
  }
  if (peer.joined_at && !peer.acknowledged.covers(*peer.joined_at)) return PeerState::joining;
  const bool silent = now_us > peers.lease_end_us(peer, tenant.settings().lease_s);
  const bool stale = silent || lacks_trimmed(replica.log(), peer.acknowledged);
  return stale ? PeerState::stale : PeerState::live;
}

bool is_stale(const Consumer& consumer, const Tenant& tenant, std::uint64_t now_us) {
  const LogReader log = tenant.replica().log();
  const TenantSettings settings = tenant.settings();
  if (consumer.log_id != log.log_id() || consumer.lsn + 1 < log.first_lsn()) return true;
  if (now_us > consumer.last_seen_us + settings.lease_s * 1'000'000) return true;
  const std::uint64_t most = settings.consumer_max_lag;
  return most != 0 && log.last_lsn() > consumer.lsn && log.last_lsn() - consumer.lsn > most;
}

std::optional<Lsn> held_by(const Peer& peer, const Tenant& tenant, const PeerTable& peers,
                           std::uint64_t now_us) {
  const Replica& replica = tenant.replica();
  const bool silent = now_us > peers.lease_end_us(peer, tenant.settings().lease_s);
  // Who lacks what is gone takes a snapshot in any case, so nothing need be kept for it.
  if (peer.expired() || silent || lacks_trimmed(replica.log(), peer.acknowledged)) {
    return std::nullopt;
  }
  if (!known_home(tenant) || stable_state(replica).number != 0 || !peer.counts()) {
    return replica.first_lsn_not_covered(peer.acknowledged);
  }
  // Once there is a marker the replica itself keeps what is not stable. Before it a change may
  // still come that was written without having seen what its writer, or who passes it on, has
  // acknowledged since: its conflict would be with another change here than elsewhere.
  return replica.first_lsn_not_covered(least_of(peer.acknowledged, peer.vouched));
}

std::vector<LogHolder> log_holders(const Tenant& tenant, const TenantExchange& exchange,
                                   std::uint64_t now_us) {
  std::vector<LogHolder> holders;
  for (Peer& peer : exchange.peers.list()) {
    const std::optional<Lsn> needed = held_by(peer, tenant, exchange.peers, now_us);
    if (!needed) continue;
    holders.push_back(
        {LogHolder::Kind::peer, peer.node_id.to_string(), std::move(peer.name), *needed});
  }
  for (const Consumer& consumer : exchange.consumers.list()) {
    if (is_stale(consumer, tenant, now_us)) continue;
    holders.push_back({LogHolder::Kind::consumer, consumer.name, {}, consumer.lsn + 1});
  }
  for (const SnapshotReader& reader : exchange.readers.list(now_us)) {
    std::string id = reader.node_id.is_nil() ? std::string() : reader.node_id.to_string();
    holders.push_back({LogHolder::Kind::snapshot_reader, std::move(id), {}, reader.lsn + 1});
  }
  std::sort(holders.begin(), holders.end(), [](const LogHolder& left, const LogHolder& right) {
    return std::tie(left.needed, left.kind, left.id) < std::tie(right.needed, right.kind, right.id);
  });
  return holders;
}

Result<TrimResult> trim_log(Tenant& tenant, const TenantExchange& exchange, Lsn before, bool force,
                            std::uint64_t now_us) {
  Replica& replica = tenant.replica();
  const LogReader log = replica.log();
  if (before > log.last_lsn() + 1) {
    return Error{ErrorCode::bad_request, "the log ends at LSN " + std::to_string(log.last_lsn()) +
                                             ", so it cannot begin behind LSN " +
                                             std::to_string(log.last_lsn() + 1)};
  }
  if (!force) {
    const std::vector<LogHolder> holders = log_holders(tenant, exchange, now_us);
    if (!holders.empty() && holders.front().needed < before) return held_back(holders, before);
  }
  return replica.trim(before);
}

Lsn retention_begin(const Replica& replica, const Retention& retention, std::uint64_t now_us) {
  constexpr std::uint64_t us_per_s = 1'000'000;
  const LogReader log = replica.log();
  const Lsn first = log.first_lsn();
  const Lsn end = log.last_lsn() + 1;
  Lsn begin = first;
  if (retention.max_age_s != 0 && retention.max_age_s < now_us / us_per_s) {
    begin = std::max(begin, log.first_received_since(now_us - retention.max_age_s * us_per_s));
  }
  if (retention.max_changes != 0 && end - first > retention.max_changes) {
    begin = std::max(begin, end - retention.max_changes);
  }
  if (retention.max_bytes != 0) {
    const LogStatistics statistics = replica.statistics();
    if (statistics.bytes > retention.max_bytes && statistics.changes != 0) {
      const std::uint64_t mean = std::max<std::uint64_t>(1, statistics.bytes / statistics.changes);
      const std::uint64_t excess = (statistics.bytes - retention.max_bytes) / mean;
      begin = std::max(begin, std::min(end, first + excess));
    }
  }
  return begin;
}

Result<void> enforce_retention(Tenant& tenant, const TenantExchange& exchange,
                               std::uint64_t now_us) {
  Replica& replica = tenant.replica();
  const Lsn first = replica.log().first_lsn();
  Lsn begin = retention_begin(replica, terms_of(tenant).retention, now_us);
  if (goes_by_another(tenant)) {
    begin = std::min(begin, replica.first_lsn_not_covered(stable_state(replica).clock));
  }
  if (begin <= first) return {};
  const std::vector<LogHolder> holders = log_holders(tenant, exchange, now_us);
  if (!holders.empty()) begin = std::min(begin, holders.front().needed);
  if (begin <= first) return {};
  const Result<TrimResult> trimmed = replica.trim(begin);
  return trimmed ? Result<void>() : trimmed.error();
}

Result<void> enforce_edge_retention(Replica& replica, const Retention& retention,
                                    std::uint64_t now_us) {
  const Lsn begin = std::min(retention_begin(replica, retention, now_us),
                             replica.first_lsn_not_covered(stable_state(replica).clock));
  if (begin <= replica.log().first_lsn()) return {};
  const Result<TrimResult> trimmed = replica.trim(begin);
  return trimmed ? Result<void>() : trimmed.error();
}

}  // namespace syncline
