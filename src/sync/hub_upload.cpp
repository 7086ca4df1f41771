// Taking a snapshot of the caller: who has trimmed what this replica lacks cannot push it.

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "sync/hub.hpp"
#include "sync/newcomers.hpp"
#include "sync/stable_state.hpp"
#include "sync/standing.hpp"
#include "sync/upload_check.hpp"
#include "syncline/record.hpp"

namespace syncline {

namespace {

/// Who gives the snapshot. A home that came back older than stable markers of its tenant takes it
/// also from a caller that could not register, because the two hold different changes.
Result<Peer> giver_of(const SnapshotUpload& upload, PeerTable& peers, bool knows_better,
                      std::uint64_t marker, std::uint64_t now_us) {
  Result<Peer> seen = peers.seen(upload.node_id, now_us);
  if (seen || !knows_better) return seen;
  std::optional<Peer> known = peers.find(upload.node_id);
  if (known && known->expired()) return seen;
  if (known) return std::move(*known);
  Peer peer;
  peer.node_id = upload.node_id;
  peer.joined_at_marker = marker;
  return peer;
}

/// That the plan allows what is there after a merge: all that is given, and what the giver has not
/// seen. Errors: `quota_exceeded`.
Result<void> check_room(const Replica& replica, const Snapshot& snapshot) {
  const std::uint64_t limit = replica.max_log_bytes();
  const std::uint64_t used = replica.statistics().bytes;
  if (limit == std::numeric_limits<std::uint64_t>::max()) return {};
  std::uint64_t after = 0;
  for (const auto* records : {&snapshot.rows, &snapshot.history}) {
    for (const SnapshotRecord& record : *records) after += record.record.size();
  }
  const LogReader log = replica.log();
  for (Lsn lsn = 1; lsn <= log.last_lsn(); ++lsn) {
    if (!log.holds(lsn)) continue;
    const ChangeView change = log.at(lsn).change;
    if (!snapshot.clock.covers(change.dot)) after += change.record.size();
  }
  if (after <= std::max(limit, used)) return {};
  return Error{ErrorCode::quota_exceeded,
               "with the snapshot the tenant would have " + std::to_string(after) +
                   " bytes of changes, and its plan allows " + std::to_string(limit)}
      .with("quota", "storage_bytes")
      .with("limit", limit);
}

/// Up to where both hold the same of `origin`: as far as the last marker here goes, if the giver
/// has that one, too.
Sequence same_up_to(const NodeId& origin, const Replica& replica, const Snapshot& snapshot) {
  const std::optional<StableMarker> marker = replica.stable_marker();
  if (!marker) return 0;
  const LogReader log = replica.log();
  const Lsn lsn = log.find(marker->dot);
  if (!log.holds(lsn)) return 0;
  const auto record = log.at(lsn).change.record;
  const bool given = std::any_of(
      snapshot.history.begin(), snapshot.history.end(), [&](const SnapshotRecord& entry) {
        return std::equal(
            entry.record.begin(), entry.record.end(), record.begin(), record.end(),
            [](char left, std::uint8_t right) { return static_cast<std::uint8_t>(left) == right; });
      });
  return given ? marker->vector.get(origin) : 0;
}

/// Origins of which `replica` is known not to hold the same, by the hashes of their chains or by
/// bytes.
void add_differing(std::set<NodeId>& contested, const Replica& replica, const Snapshot& snapshot) {
  for (const auto& [origin, chain] : snapshot.chains) {
    const auto here = replica.chain_at(origin, snapshot.clock.get(origin));
    if (here && *here != chain) contested.insert(origin);
  }
  const LogReader log = replica.log();
  for (const auto* records : {&snapshot.rows, &snapshot.history}) {
    for (const SnapshotRecord& record : *records) {
      const auto change = decode_record(
          {reinterpret_cast<const std::uint8_t*>(record.record.data()), record.record.size()});
      const Lsn lsn = change ? log.find(change->dot) : 0;
      if (log.holds(lsn) && !same_change(log.at(lsn).change, *change)) {
        contested.insert(change->dot.origin);
      }
    }
  }
}

/// What this home wrote behind its last marker before it came back, if the giver knows changes with
/// the same numbers, may be these or others that it wrote since: neither bytes nor hashes tell
/// where the giver needs them no more. With each origin, the seq up to which they are the same.
std::map<NodeId, Sequence> unsure_origins(const Replica& replica, const Snapshot& snapshot) {
  const std::optional<StableMarker> marker = replica.stable_marker();
  std::set<NodeId> own = left_ids(replica);
  own.insert(replica.node());
  std::map<NodeId, Sequence> unsure;
  for (const NodeId& origin : own) {
    const Sequence same = marker ? marker->vector.get(origin) : 0;
    const Sequence there = snapshot.clock.get(origin);
    const auto chain = snapshot.chains.find(origin);
    const bool agree = chain != snapshot.chains.end() &&
                       replica.chain_at(origin, there) == std::optional(chain->second);
    if (!agree && there > same && replica.origin(origin).seq > same) unsure[origin] = same;
    // Since it came back it has not seen what was called stable without it.
    const bool early =
        origin == replica.node() &&
        has_changes_before_marker(replica, origin, snapshot.stable_number, snapshot.clock);
    if (early) unsure[origin] = agree ? std::max(same, there) : same;
  }
  return unsure;
}

/// The tenant's markers were counted on without this home, by one who knows better: where the two
/// differ, what is held here is written anew.
Result<void> go_by(const Snapshot& snapshot, const std::set<NodeId>& contested,
                   std::map<NodeId, Sequence> unsure, Replica& replica, PeerTable& peers) {
  RebaseOptions options{std::move(unsure), {}};
  for (const NodeId& origin : contested) {
    options.contested.try_emplace(origin, same_up_to(origin, replica, snapshot));
  }
  const Result<RebaseResult> rebased = replica.rebase(snapshot, {}, options);
  if (!rebased) return rebased.error();
  peers.begin_anew();
  return {};
}

}  // namespace

Result<UploadResponse> Hub::take_snapshot(const TenantPointer& tenant, SnapshotUpload upload) {
  Replica& replica = tenant->replica();
  const auto exchange = exchange_of(tenant);
  const std::uint64_t now_us = clock_.now_us();
  const std::uint64_t marker = stable_state(replica).number;
  const bool knows_better = tenant->is_home() && upload.page.stable.number > marker;
  const Result<Peer> peer = giver_of(upload, exchange->peers, knows_better, marker, now_us);
  if (!peer) return peer.error();
  if (peer->tables) {
    return Error{ErrorCode::bad_request,
                 "a replica of some tables only cannot give a snapshot of the whole"};
  }
  if (const auto writable = replica.writable(); !writable) return writable.error();

  UploadResponse response;
  response.header = answer_header(*tenant, upload.node_id);
  // Perhaps another replica has given it meanwhile. A merge lays the log anew, so that all have to
  // look for their places again: not without need.
  response.complete = !knows_better && replica.summary().covers(upload.page.clock.clock());
  if (response.complete) return response;
  std::set<NodeId> contested(upload.contested.begin(), upload.contested.end());
  const Result<bool> whole = exchange->uploads.add(
      upload.node_id, upload.first, std::move(upload.page), replica.max_log_bytes(), now_us);
  if (!whole) return whole.error();
  if (!*whole) return response;
  const std::optional<Snapshot> snapshot = exchange->uploads.take(upload.node_id);
  if (!snapshot) {
    return Error{ErrorCode::log_reset, "the upload was begun anew by another call"};
  }
  if (const auto room = check_room(replica, *snapshot); !room) return room.error();
  std::map<NodeId, Sequence> unsure;
  if (knows_better) {
    add_differing(contested, replica, *snapshot);
    unsure = unsure_origins(replica, *snapshot);
    std::erase_if(unsure, [&](const auto& entry) { return contested.contains(entry.first); });
    for (const auto& [origin, same] : unsure) contested.insert(origin);
  }
  const auto checked = check_upload(replica, *snapshot, *peer, knows_better ? &contested : nullptr);
  if (!checked) return checked.error();
  const auto taken = knows_better && !contested.empty()
                         ? go_by(*snapshot, contested, std::move(unsure), replica, exchange->peers)
                         : replica.merge(*snapshot);
  if (!taken) return taken.error();
  response.header = answer_header(*tenant, upload.node_id);
  response.complete = true;
  return response;
}

}  // namespace syncline
