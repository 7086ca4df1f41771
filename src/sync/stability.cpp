#include "sync/stability.hpp"

#include "changelog/mutation.hpp"
#include "sync/durable.hpp"

namespace syncline {
namespace {

/// True if `next` covers something beyond `last` that is not a marker of this replica: a marker for
/// markers would be followed by another one for ever.
bool says_more(const Replica& replica, const VectorClock& last, const VectorClock& next) {
  const NodeId self = replica.node();
  for (const VectorClock::Entry& entry : next.entries()) {
    if (entry.node != self && entry.seq > last.get(entry.node)) return true;
  }
  const LogReader log = replica.log();
  for (Sequence seq = last.get(self) + 1; seq <= next.get(self); ++seq) {
    const Lsn lsn = log.find({self, seq});
    if (!log.holds(lsn) || log.at(lsn).change.operation != Operation::stable) return true;
  }
  return false;
}

}  // namespace

VectorClock stable_clock(const Replica& replica, const PeerTable& peers) {
  VectorClock least = durable_summary(replica);
  for (const Peer& peer : peers.list()) {
    const bool passed_over = peer.vouched.empty() && mutated(Mutation::silent_not_waited_for);
    if (peer.counts() && !passed_over) least = least_of(least, peer.vouched);
  }
  return least;
}

Result<bool> advance_stability(Tenant& tenant, PeerTable& peers, std::uint64_t now_us,
                               std::uint64_t interval_us) {
  Replica& replica = tenant.replica();
  const VectorClock held = durable_summary(replica);
  peers.check_identity();
  peers.count_pending(held);
  const StableState last = stable_state(replica);
  peers.release(held, last.clock);
  if (!tenant.is_home()) return false;
  const std::uint64_t last_us = peers.last_marker_us();
  if (now_us < last_us + interval_us) return false;
  // What was stable once stays so, also where a replica has come since that holds less.
  VectorClock next = stable_clock(replica, peers);
  next.merge(last.clock);
  if (!says_more(replica, last.clock, next)) return false;
  peers.keep(now_us, true);
  const Result<WriteResult> marker = replica.append_stable_marker(next);
  if (!marker) return marker.error();
  peers.note_marker(now_us);
  return true;
}

}  // namespace syncline
