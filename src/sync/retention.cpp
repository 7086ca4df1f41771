#include "sync/retention.hpp"

#include <algorithm>
#include <optional>

namespace syncline {
namespace {

/// The peer that lacks the most, and from which LSN on.
struct Holder {
  Peer peer;
  Lsn needed = 0;
};

/// Who was silent for longer than its lease holds nothing back any more: it takes a snapshot when
/// it comes.
std::optional<Holder> first_holder(const Replica& replica, const PeerTable& peers,
                                   std::uint64_t now_us) {
  constexpr std::uint64_t lease_us = default_lease_s * 1'000'000;
  std::optional<Holder> holder;
  for (Peer& peer : peers.list()) {
    if (now_us > peer.last_seen_us && now_us - peer.last_seen_us > lease_us) continue;
    const Lsn needed = replica.first_lsn_not_covered(peer.acknowledged);
    if (!holder || needed < holder->needed) holder = Holder{std::move(peer), needed};
  }
  return holder;
}

}  // namespace

Result<TrimResult> trim_log(Replica& replica, const PeerTable& peers, Lsn before, bool force,
                            std::uint64_t now_us) {
  const LogReader log = replica.log();
  if (before > log.last_lsn() + 1) {
    return Error{ErrorCode::bad_request, "the log ends at LSN " + std::to_string(log.last_lsn()) +
                                             ", so it cannot begin behind LSN " +
                                             std::to_string(log.last_lsn() + 1)};
  }
  const std::optional<Holder> holder = first_holder(replica, peers, now_us);
  if (holder && holder->needed < before && !force) {
    const std::string name = holder->peer.name.empty() ? "" : " ('" + holder->peer.name + "')";
    return Error{ErrorCode::precondition_failed,
                 "replica " + holder->peer.node_id.to_string() + name +
                     " has not acknowledged what comes from LSN " + std::to_string(holder->needed) +
                     " on: trim before that, or force it to take a snapshot"}
        .with("needed_lsn", holder->needed);
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

Result<void> enforce_retention(Tenant& tenant, const PeerTable& peers, std::uint64_t now_us) {
  Replica& replica = tenant.replica();
  const Lsn first = replica.log().first_lsn();
  Lsn begin = retention_begin(replica, tenant.settings().retention, now_us);
  if (const auto holder = first_holder(replica, peers, now_us))
    begin = std::min(begin, holder->needed);
  if (begin <= first) return {};
  const Result<TrimResult> trimmed = replica.trim(begin);
  return trimmed ? Result<void>() : trimmed.error();
}

}  // namespace syncline
