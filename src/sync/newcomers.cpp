#include "sync/newcomers.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "changelog/former_ids.hpp"
#include "sync/durable.hpp"
#include "sync/stable_state.hpp"
#include "sync/standing.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

Error refusal(std::uint64_t number, std::string detail) {
  return Error{ErrorCode::depends,
               std::move(detail) + ": it takes everything first and writes its own changes anew"}
      .with("newcomer", number);
}

/// What is asked of one change of a newcomer, which came when `came` was held here.
class RowPast {
 public:
  RowPast(const ChangeView& change, const VectorClock& came, const Replica& replica)
      : change_(change), came_(came), log_(replica.log()), stable_(stable_state(replica)) {}

  /// True if the change had seen all of its row that was held then.
  bool seen_of(const Row& row) const {
    // What is not there may have been forgotten by a marker that its writer did not know.
    if (!row.winner) return change_.stable >= stable_.number;
    if (row.siblings.empty()) return seen_up_to(*row.winner);
    return std::all_of(row.siblings.begin(), row.siblings.end(),
                       [&](const ChangeView& head) { return seen_up_to(head); });
  }

 private:
  bool saw(const Dot& dot) const {
    const bool by_marker = change_.stable >= stable_.number && stable_.clock.covers(dot);
    return change_.saw(dot) || by_marker;
  }
  /// Of a head that came later, what that had seen counts, and so on.
  bool seen_up_to(const ChangeView& head) const {
    std::vector<ChangeView> open{head};
    std::set<Dot> looked_at;
    while (!open.empty()) {
      const ChangeView next = open.back();
      open.pop_back();
      if (next.dot == change_.dot || saw(next.dot)) continue;
      if (came_.covers(next.dot) || next.stable > change_.stable) return false;
      const VectorClock seen = next.context.to_clock();
      for (const VectorClock::Entry& entry : seen.entries()) {
        const Dot dot{entry.node, entry.seq};
        if (!looked_at.insert(dot).second) continue;
        const Lsn lsn = log_.find(dot);
        if (log_.holds(lsn)) {
          open.push_back(log_.at(lsn).change);
        } else if (!saw(dot)) {
          return false;
        }
      }
    }
    return true;
  }

  const ChangeView& change_;
  const VectorClock& came_;
  const LogReader log_;
  const StableState stable_;
};

/// The first of its own changes in the push that a newcomer may not hand over, and why. Of a
/// transaction none may be handed over then.
std::optional<std::pair<Sequence, Error>> first_too_early(const PushRequest& request,
                                                          const Peer& peer,
                                                          const Replica& replica) {
  const Sequence held = replica.origin(peer.node_id).seq;
  for (const RecordBytes& record : request.changes.records) {
    const Result<ChangeView> change = decode_record(record);
    if (!change || change->dot.origin != peer.node_id || change->dot.seq <= held) continue;
    const std::optional<Error> error = too_early(*change, peer, replica);
    if (!error) continue;
    const auto transaction = change->transaction();
    return std::pair(transaction ? transaction->number : change->dot.seq, *error);
  }
  return std::nullopt;
}

}  // namespace

Arrival arrival_of(const RegisterRequest& request, const Tenant& tenant, std::uint64_t marker) {
  const Replica& replica = tenant.replica();
  Arrival arrival{marker, {}};
  if (!goes_by_another(tenant) || home_of(replica) == request.node_id) return arrival;
  const VectorClock held = durable_summary(replica);
  const VectorClock there = request.clock.clock();
  const bool all_here = there.get(request.node_id) <= held.get(request.node_id);
  if (!all_here || !there.covers(held)) arrival.answered_for = held;
  return arrival;
}

bool is_newcomer(const Peer& peer) noexcept {
  return peer.joined_at_marker != 0 || peer.joined_at.has_value();
}

std::optional<Error> too_early(const ChangeView& change, const Peer& peer, const Replica& replica) {
  const std::uint64_t number = peer.joined_at_marker;
  if (change.stable < number) {
    return refusal(number,
                   "this replica is new here and wrote the change before it had applied "
                   "stable marker " +
                       std::to_string(number));
  }
  if (!peer.joined_at || !change.is_row_change()) return std::nullopt;
  const Row row = replica.get(change.table, change.row_id);
  if (RowPast(change, *peer.joined_at, replica).seen_of(row)) return std::nullopt;
  return refusal(stable_state(replica).number + 1,
                 "this replica is new here and wrote the change before it had seen what this node "
                 "has answered for of the row");
}

NewcomerPush withhold_of_newcomer(const PushRequest& request, const Peer& peer,
                                  const Replica& replica, const PeerTable& peers) {
  NewcomerPush push;
  const std::uint64_t number = stable_state(replica).number;
  const VectorClock all_held = replica.summary();
  push.request.node_id = request.node_id;
  push.request.malformed = request.malformed;
  const Sequence held = replica.origin(peer.node_id).seq;
  const auto first = first_too_early(request, peer, replica);
  for (std::size_t i = 0; i < request.changes.records.size(); ++i) {
    const RecordBytes& record = request.changes.records[i];
    const std::size_t index = i < request.indexes.size() ? request.indexes[i] : i;
    // What cannot be read is refused by who takes the rest in.
    const Result<ChangeView> change = decode_record(record);
    const bool own = change && change->dot.origin == peer.node_id;
    if (change && !own && number != 0 && !all_held.covers(change->dot) &&
        peers.has_given_up(change->dot.origin)) {
      Error error =
          refusal(number, "this replica is new here, and the writer of the change was given up");
      push.request.malformed.push_back(
          {change->dot, index, std::move(error).with("index", std::uint64_t{index})});
      continue;
    }
    if (own && change->dot.seq > held) {
      if (first && change->dot.seq >= first->first) {
        Error error = first->second;
        push.request.malformed.push_back(
            {change->dot, index, std::move(error).with("index", std::uint64_t{index})});
        continue;
      }
      if (push.applied == 0) push.applied = change->dot.seq;
    }
    push.request.changes.records.push_back(record);
    push.request.indexes.push_back(index);
  }
  return push;
}

bool has_changes_before_marker(const Replica& replica, const NodeId& origin, std::uint64_t number,
                               const VectorClock& server) {
  const LogReader log = replica.log();
  // They lie in the order of their seqs, and a replica's marker is never taken back: if one was
  // written too early, the first was.
  const Sequence first = server.get(origin) + 1;
  if (first > replica.origin(origin).seq) return false;
  const Lsn lsn = log.find({origin, first});
  return log.holds(lsn) && log.at(lsn).change.stable < number;
}

std::vector<NodeId> early_origins(const Replica& replica, std::uint64_t number,
                                  const VectorClock& server, bool came_back) {
  const auto former = former_ids(replica);
  std::vector<NodeId> early;
  const VectorClock held = replica.summary();
  for (const VectorClock::Entry& entry : held.entries()) {
    const bool own = entry.node == replica.node() || former.contains(entry.node);
    if (!own && !came_back) continue;
    if (has_changes_before_marker(replica, entry.node, number, server)) early.push_back(entry.node);
  }
  return early;
}

}  // namespace syncline
