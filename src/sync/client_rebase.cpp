// The session's part on identity: finding out that the two sides hold different changes under one
// dot, and going on from the server's snapshot.

#include <algorithm>
#include <utility>

#include "sync/client_session.hpp"
#include "sync/durable.hpp"
#include "sync/remote_state.hpp"
#include "sync/standing.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// How often a round rebases. Once is enough, and once more if another replica does so at the same
/// time; more often would be a server that never agrees.
constexpr unsigned max_rebases = 3;

/// How many of the snapshot's changes are new to who holds `held`.
std::size_t count_new(const Snapshot& snapshot, const VectorClock& held) {
  std::size_t count = 0;
  for (const auto* list : {&snapshot.rows, &snapshot.history}) {
    for (const SnapshotRecord& entry : *list) {
      // Not yet checked: a malformed one makes the merge fail as a whole.
      const Result<ChangeView> change = decode_record(
          {reinterpret_cast<const std::uint8_t*>(entry.record.data()), entry.record.size()});
      if (change && !held.covers(change->dot)) ++count;
    }
  }
  return count;
}

}  // namespace

std::optional<HttpRequest> ClientSession::next_snapshot() const {
  SnapshotRequest request;
  request.node_id = replica_.node();
  request.page = collector_.next_page();
  request.tables = snapshot_tables_;
  if (max_changes_ != 0) {
    request.limit = std::min<std::uint64_t>(options_.batch_changes, max_changes_);
    request.max_bytes = std::min<std::uint64_t>(options_.batch_bytes, max_body_bytes_);
  }
  return messages_.snapshot(request);
}

/// What the server says to hold cannot be otherwise here.
void ClientSession::compare(const WireClock& server) {
  const NodeId self = replica_.node();
  for (const auto& [node, entry] : server.entries) {
    const std::optional<std::uint64_t> here = replica_.chain_at(node, entry.seq);
    const bool differs = here && entry.chain && *here != *entry.chain;
    const bool unknown_here = node == self && entry.seq > replica_.origin(self).seq;
    if (differs || unknown_here) contest(node, 0);
  }
}

void ClientSession::contest(const NodeId& origin, Sequence same) {
  Sequence& known = rebase_options_.contested[origin];
  known = std::max(known, same);
}

void ClientSession::contest_by(const Error& error) {
  if (error.code == ErrorCode::replica_rewound) {
    contest(asked_as_, error.number("agreed_seq"));
  } else if (const Result<NodeId> origin = NodeId::parse(error.text("origin")); origin) {
    contest(*origin, 0);
  }
}

void ClientSession::begin_snapshot() {
  collector_ = SnapshotCollector();
  snapshot_tables_ = options_.tables;
  stage_ = Stage::snapshot;
}

Result<void> ClientSession::begin_rebase(const Error& cause) {
  if (rebases_ >= max_rebases) return cause;
  ++rebases_;
  registered_ = false;
  planner_.forget_server();
  begin_snapshot();
  if (snapshot_tables_.empty()) return {};
  // Whatever was written here has to be compared, also outside the tables that are pulled.
  for (std::string& table : replica_.tables()) snapshot_tables_.push_back(std::move(table));
  std::sort(snapshot_tables_.begin(), snapshot_tables_.end());
  snapshot_tables_.erase(std::unique(snapshot_tables_.begin(), snapshot_tables_.end()),
                         snapshot_tables_.end());
  return {};
}

Result<void> ClientSession::on_snapshot(const HttpResponse& response) {
  Result<nlohmann::json> body = read_answer(response);
  if (!body) {
    // Between two pages the server's log was cut off behind the snapshot, or became another one.
    const bool again = body.error().code == ErrorCode::log_reset && bootstraps_ < max_bootstraps;
    if (!again) return body.error();
    ++bootstraps_;
    collector_ = SnapshotCollector();
    return {};
  }
  Result<SnapshotResponse> page = SnapshotResponse::from_body(std::move(*body));
  if (!page) return Error{ErrorCode::internal, "the server's snapshot: " + page.error().detail};
  report_.pulled +=
      page->rows.records.size() + page->history.records.size() + page->markers.records.size();
  if (const auto added = collector_.add(std::move(*page)); !added) return added;
  if (!collector_.complete()) return {};

  // A snapshot of more tables than are pulled gives no place from which to pull these.
  std::string cursor;
  if (snapshot_tables_.size() == options_.tables.size()) cursor = collector_.cursor();
  const bool nothing = collector_.records() == 0 && rebase_options_.contested.empty();
  const Snapshot snapshot = collector_.take();
  const std::size_t fresh = count_new(snapshot, replica_.summary());
  if (!nothing) {
    Result<RebaseResult> done = replica_.rebase(snapshot, snapshot_tables_, rebase_options_);
    if (!done) return done.error();
    on_rebased(std::move(*done));
  }
  cursor_ = std::move(cursor);
  report_.applied += fresh;
  planner_.raise_server_clock(snapshot.clock);
  stage_ = bootstrap_only_ ? Stage::idle : Stage::exchange;
  return remember();
}

void ClientSession::on_rebased(RebaseResult result) {
  rebase_options_ = {};
  report_.rewritten += result.rewritten;
  report_.voided += result.voided;
  for (Change& change : result.handed_to_app) report_.handed_to_app.push_back(std::move(change));
  if (result.before == result.after) return;
  // Should it not be kept, the server finds out by the old one's lease.
  static_cast<void>(note_replaced_id(replica_, result.before));
  registered_ = false;
  planner_.forget_server();
  if (!report_.identity_changed) report_.identity_changed = {result.before, result.after};
  report_.identity_changed->after = result.after;
}

Result<void> ClientSession::remember() {
  return save_remote(replica_, options_.remote, {server_node_, settings_version_, cursor_});
}

}  // namespace syncline
