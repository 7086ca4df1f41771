// The session's part on snapshots: asking for their pages, and going on from them.

#include <algorithm>
#include <utility>

#include "sync/client_session.hpp"
#include "sync/newcomers.hpp"
#include "sync/standing.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// A replica that holds less than this part of what the server does is brought up by rows.
constexpr std::uint64_t little_in_common = 10;

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

/// What helps a replica of some tables, which cannot give its own snapshot instead.
Error came_back_older(std::uint64_t there, std::uint64_t here) {
  return {ErrorCode::bad_request,
          "the server has stable marker " + std::to_string(there) +
              " and came back older: marker " + std::to_string(here) +
              " is applied here, so its snapshot may hold rows that were forgotten. A replica of "
              "all tables that has applied that marker has to exchange with the server first, or a "
              "newer backup of it has to be put back. Where there is neither, start this replica "
              "anew without its data"};
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

/// True if rows are worth more than history: a snapshot was begun and not finished, or this replica
/// has no place in a log that is longer than a page and has next to nothing in common with it.
bool ClientSession::wants_snapshot(const RegisterResponse& response) const {
  if (collector_.under_way()) return true;
  if (!cursor_.empty() || response.lsn <= options_.batch_changes) return false;
  std::uint64_t there = 0;
  std::uint64_t common = 0;
  const VectorClock here = replica_.summary();
  for (const auto& [node, entry] : response.clock.entries) {
    there += entry.seq;
    common += std::min(entry.seq, here.get(node));
  }
  return common < there / little_in_common;
}

void ClientSession::begin_first_snapshot() {
  if (collector_.under_way() && snapshot_use_ != SnapshotUse::priority) {
    stage_ = Stage::snapshot;
    return;
  }
  std::vector<std::string> first;
  for (const std::string& table : options_.priority_tables) {
    const bool wanted =
        tables_.empty() || std::binary_search(tables_.begin(), tables_.end(), table);
    if (wanted) first.push_back(table);
  }
  if (first.empty() || priority_merged_) return begin_snapshot();
  begin_snapshot_of(std::move(first), SnapshotUse::priority);
}

void ClientSession::begin_snapshot() { begin_snapshot_of(tables_, SnapshotUse::whole); }

/// Goes on with one for the same that was begun: the server says if it cannot.
void ClientSession::begin_snapshot_of(std::vector<std::string> tables, SnapshotUse use) {
  const bool same = snapshot_use_ == use && snapshot_tables_ == tables;
  if (!same || !collector_.under_way()) collector_ = SnapshotCollector();
  snapshot_tables_ = std::move(tables);
  snapshot_use_ = use;
  stage_ = Stage::snapshot;
}

Result<void> ClientSession::on_snapshot_error(const Error& error) {
  const bool log_reset = error.code == ErrorCode::log_reset;
  if (log_reset || error.code == ErrorCode::bad_request) collector_ = SnapshotCollector();
  // Between two pages the server's log was cut off behind the snapshot, or became another one.
  if (!log_reset || bootstraps_ >= max_bootstraps) return error;
  ++bootstraps_;
  return {};
}

Result<void> ClientSession::on_snapshot(const HttpResponse& response) {
  Result<nlohmann::json> body = read_answer(response);
  if (!body) return on_snapshot_error(body.error());
  Result<SnapshotResponse> page = SnapshotResponse::from_body(std::move(*body));
  if (!page) return Error{ErrorCode::internal, "the server's snapshot: " + page.error().detail};
  report_.pulled +=
      page->rows.records.size() + page->history.records.size() + page->markers.records.size();
  if (const auto added = collector_.add(std::move(*page)); !added) {
    return on_snapshot_error(added.error());
  }
  return collector_.complete() ? on_snapshot_complete() : Result<void>();
}

Result<void> ClientSession::on_snapshot_complete() {
  std::string cursor = cursor_;
  if (snapshot_use_ == SnapshotUse::whole) {
    // A snapshot of more tables than are pulled gives no place from which to pull these.
    cursor = snapshot_tables_.size() == tables_.size() ? collector_.cursor() : std::string();
  } else if (snapshot_use_ == SnapshotUse::added) {
    cursor = collector_.cursor();
  }
  const bool never_joined = !home_of(replica_);  // it did not register before it took a snapshot
  const bool nothing = collector_.records() == 0 && rebase_options_.contested.empty();
  const Snapshot snapshot = collector_.take();
  const std::size_t fresh = count_new(snapshot, replica_.summary());
  if (never_joined) contest_early(snapshot.stable_number, snapshot.clock);
  if (!nothing) {
    const std::optional<StableMarker> marker = replica_.stable_marker();
    if (!tables_.empty() && marker && marker->number > snapshot.stable_number) {
      return came_back_older(snapshot.stable_number, marker->number);
    }
    Result<RebaseResult> done = replica_.rebase(snapshot, snapshot_tables_, rebase_options_);
    if (!done) return done.error();
    on_rebased(std::move(*done));
  }
  cursor_ = std::move(cursor);
  cursor_of_ = replica_.node();
  report_.applied += fresh;
  if (snapshot.log_id != server_log_) {
    // The server's log was laid anew in this session, perhaps without changes that it had before.
    registered_ = false;
    planner_.forget_server();
  }
  planner_.raise_server_clock(snapshot.clock);
  if (snapshot_use_ == SnapshotUse::priority) {
    priority_merged_ = true;
    begin_snapshot();
    return {};
  }
  stage_ = bootstrap_only_ ? Stage::idle : Stage::exchange;
  if (snapshot_use_ == SnapshotUse::added) {
    switch_tables();
    return {};  // what is kept stays as it was until the server knows
  }
  return remember();
}

}  // namespace syncline
