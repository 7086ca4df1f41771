// The session's part on snapshots: asking for their pages, and going on from them.

#include <algorithm>
#include <utility>

#include "sync/client_session.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

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

void ClientSession::begin_snapshot() {
  collector_ = SnapshotCollector();
  snapshot_tables_ = options_.tables;
  stage_ = Stage::snapshot;
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

}  // namespace syncline
