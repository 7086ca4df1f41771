#include "sync/newcomers.hpp"

#include <utility>

#include "syncline/record.hpp"

namespace syncline {

Error before_marker(std::uint64_t number) {
  return Error{
      ErrorCode::depends,
      "this replica is new here and wrote the change before it had applied stable marker " +
          std::to_string(number) + ": it takes everything first and writes its own changes anew"}
      .with("newcomer", number);
}

NewcomerPush withhold_of_newcomer(const PushRequest& request, const Peer& peer,
                                  const Replica& replica) {
  NewcomerPush push;
  push.request.node_id = request.node_id;
  push.request.clock = request.clock;
  push.request.malformed = request.malformed;
  const Sequence held = replica.origin(peer.node_id).seq;
  bool refused = false;
  for (std::size_t i = 0; i < request.changes.records.size(); ++i) {
    const RecordBytes& record = request.changes.records[i];
    const std::size_t index = i < request.indexes.size() ? request.indexes[i] : i;
    // What cannot be read is refused by who takes the rest in.
    const Result<ChangeView> change = decode_record(record);
    if (change && change->dot.origin == peer.node_id && change->dot.seq > held) {
      refused = refused || change->stable < peer.joined_at_marker;
      if (refused) {
        Error error = before_marker(peer.joined_at_marker);
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

bool has_changes_before_marker(const Replica& replica, std::uint64_t number,
                               const VectorClock& server) {
  const NodeId self = replica.node();
  const LogReader log = replica.log();
  // They lie in the order of their seqs, and a replica's marker is never taken back: if one was
  // written too early, the first was.
  const Sequence first = server.get(self) + 1;
  if (first > replica.origin(self).seq) return false;
  const Lsn lsn = log.find({self, first});
  return log.holds(lsn) && log.at(lsn).change.stable < number;
}

}  // namespace syncline
