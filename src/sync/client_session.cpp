#include "sync/client_session.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sync/durable.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// How often a round opens the session anew: for the first time, when the settings changed, and
/// when the server has forgotten this replica. More often would be a server that never agrees.
constexpr unsigned max_registrations = 4;

PushPlanner::Options planner_options(const ClientSession::Options& options) {
  return {options.batch_changes, options.batch_bytes, !options.tables.empty()};
}

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

ClientSession::ClientSession(Replica& replica, Options options)
    : replica_(replica),
      options_(std::move(options)),
      messages_(options_.tenant, options_.format),
      planner_(replica, planner_options(options_)) {}

void ClientSession::begin_round() {
  stage_ = Stage::exchange;
  bootstrap_only_ = false;
  pulled_all_ = false;
  registrations_ = 0;
  bootstraps_ = 0;
  collector_ = SnapshotCollector();
  report_ = SyncReport();
  noted_.clear();
  planner_.begin_round();
}

void ClientSession::begin_bootstrap() {
  begin_round();
  stage_ = Stage::snapshot;
  bootstrap_only_ = true;
}

std::optional<HttpRequest> ClientSession::next_request() {
  if (stage_ == Stage::exchange) return next_exchange();
  if (stage_ == Stage::idle) return std::nullopt;
  SnapshotRequest request;
  request.node_id = replica_.node();
  request.page = collector_.next_page();
  request.tables = options_.tables;
  if (max_changes_ != 0) {
    request.limit = std::min<std::uint64_t>(options_.batch_changes, max_changes_);
    request.max_bytes = std::min<std::uint64_t>(options_.batch_bytes, max_body_bytes_);
  }
  return messages_.snapshot(request);
}

std::optional<HttpRequest> ClientSession::next_exchange() {
  std::optional<PushRequest> push = planner_.next();
  if (registered_ && !push && pulled_all_) {
    stage_ = Stage::idle;
    return std::nullopt;
  }
  // Should the body be more than the server takes, as JSON may be, its answer says so: see
  // `recover`.
  return messages_.exchange(build_exchange(std::move(push)));
}

ExchangeRequest ClientSession::build_exchange(std::optional<PushRequest> push) const {
  ExchangeRequest request;
  request.node_id = replica_.node();
  if (!registered_) request.registration = build_registration();
  request.push = std::move(push);
  const WireClock summary(durable_summary(replica_));
  request.heartbeat.emplace().clock = summary;
  request.heartbeat->cursor = cursor_;
  PullRequest& pull = request.pull.emplace();
  pull.cursor = cursor_;
  pull.limit = options_.batch_changes;
  pull.max_bytes = options_.batch_bytes;
  pull.have = summary;
  return request;
}

RegisterRequest ClientSession::build_registration() const {
  RegisterRequest request;
  request.protocol = {protocol_version};
  request.node_id = replica_.node();
  request.name = options_.name;
  request.clock = wire_clock(replica_, durable_summary(replica_));
  if (!options_.tables.empty()) request.tables = options_.tables;
  request.time = HybridTime::from_us(replica_.wall_time_us());
  return request;
}

void ClientSession::on_connection_lost() {
  registered_ = false;
  planner_.forget_server();
  stage_ = Stage::idle;
}

Result<void> ClientSession::on_response(const HttpResponse& response) {
  const Result<void> done =
      stage_ == Stage::snapshot ? on_snapshot(response) : on_exchange(response);
  if (!done) stage_ = Stage::idle;
  return done;
}

Result<void> ClientSession::on_exchange(const HttpResponse& response) {
  Result<nlohmann::json> body = read_answer(response);
  if (!body) return recover(body.error());
  const Result<ExchangeResponse> answer = ExchangeResponse::from_body(std::move(*body));
  if (!answer) {
    return Error{ErrorCode::internal, "the server's answer: " + answer.error().detail};
  }
  return on_parts(*answer);
}

Result<void> ClientSession::on_parts(const ExchangeResponse& answer) {
  if (answer.registration) {
    if (!*answer.registration) {
      registered_ = false;
      return answer.registration->error();
    }
    if (const auto done = on_registration(**answer.registration); !done) return done;
  }
  if (const auto same = check_header(answer.header); !same) return same;
  // What came with the round stays, whatever else went wrong: so all parts are looked at first.
  std::optional<Error> problem;
  const auto note = [&](const Result<void>& done) {
    if (!done && !problem) problem = done.error();
  };
  if (answer.push) {
    if (*answer.push) on_push(**answer.push);
    note(*answer.push ? Result<void>() : recover(answer.push->error()));
  }
  if (answer.pull) note(*answer.pull ? on_pull(**answer.pull) : recover(answer.pull->error()));
  if (answer.heartbeat && !*answer.heartbeat) note(recover(answer.heartbeat->error()));
  if (problem) return *problem;
  return {};
}

Result<void> ClientSession::on_registration(const RegisterResponse& response) {
  registered_ = true;
  ++registrations_;
  server_node_ = response.node_id;
  planner_.set_server_clock(response.clock.clock());
  planner_.set_server_limits(response.max_batch_changes, response.max_body_bytes);
  max_changes_ = response.max_batch_changes;
  max_body_bytes_ = response.max_body_bytes;
  if (const auto valid = response.policies.validate(); !valid) {
    registered_ = false;
    return valid.error();
  }
  settings_version_ = response.header.settings_version;
  replica_.set_policies(response.policies, settings_version_);
  replica_.set_max_clock_drift_ms(response.max_clock_drift_ms);
  return {};
}

/// The server says in every answer what it knows of this replica, and of which settings.
Result<void> ClientSession::check_header(const AnswerHeader& header) {
  if (header.settings_version != settings_version_ && registrations_ < max_registrations) {
    registered_ = false;
  }
  if (!header.known) return {};
  const NodeId self = replica_.node();
  const std::optional<std::uint64_t> here = replica_.chain_at(self, header.known->seq);
  const bool unknown_here = header.known->seq > replica_.origin(self).seq;
  const bool differs = here && header.known->chain && *here != *header.known->chain;
  if (!unknown_here && !differs) return {};
  registered_ = false;
  return Error{ErrorCode::replica_rewound,
               "the server holds changes of this replica that it does not know: it is an older "
               "copy, or one of two"};
}

void ClientSession::on_push(const PushResponse& response) {
  report_.pushed += planner_.sent();
  PushPlanner::Outcome outcome = planner_.on_answer(response);
  report_.accepted += outcome.accepted;
  std::move(outcome.rejected.begin(), outcome.rejected.end(), std::back_inserter(report_.rejected));
  note_conflicts(response.conflicts);
}

Result<void> ClientSession::on_pull(const PullResponse& response) {
  IntegrateOptions options;
  options.allow_gaps = !options_.tables.empty();
  const std::vector<std::string_view> records = response.changes.views();
  const IntegrateResult result = replica_.integrate(records, options);
  report_.pulled += result.received;
  report_.applied += result.applied + result.superseded + result.convergent + result.conflicting;
  note_conflicts(result.conflicts);
  // The cursor stays before a page of which something was not taken, and nothing is covered.
  if (!result.rejected.empty()) return result.rejected.front().error;
  if (response.has_more && response.cursor == cursor_) {
    return Error{ErrorCode::internal, "the server has more, but its cursor does not move"};
  }
  if (options.allow_gaps) {
    if (const auto covered = replica_.cover(response.covers); !covered) return covered;
  }
  planner_.raise_server_clock(response.covers);
  cursor_ = response.cursor;
  pulled_all_ = !response.has_more;
  return {};
}

Result<void> ClientSession::on_snapshot(const HttpResponse& response) {
  Result<nlohmann::json> body = read_answer(response);
  if (!body) return body.error();
  Result<SnapshotResponse> page = SnapshotResponse::from_body(std::move(*body));
  if (!page) return Error{ErrorCode::internal, "the server's snapshot: " + page.error().detail};
  report_.pulled +=
      page->rows.records.size() + page->history.records.size() + page->markers.records.size();
  if (const auto added = collector_.add(std::move(*page)); !added) return added;
  if (!collector_.complete()) return {};

  cursor_ = collector_.cursor();
  const bool empty = collector_.records() == 0;
  const Snapshot snapshot = collector_.take();
  const std::size_t fresh = count_new(snapshot, replica_.summary());
  if (!empty) {
    if (const auto merged = replica_.merge(snapshot, options_.tables); !merged) {
      cursor_.clear();
      return merged;
    }
  }
  report_.applied += fresh;
  planner_.raise_server_clock(snapshot.clock);
  stage_ = bootstrap_only_ ? Stage::idle : Stage::exchange;
  return {};
}

Result<void> ClientSession::recover(const Error& error) {
  switch (error.code) {
    case ErrorCode::peer_stale:
      // The server knows this replica no more: it was started anew, or the tenant was.
      registered_ = false;
      planner_.forget_server();
      if (registrations_ >= max_registrations) return error;
      return {};
    case ErrorCode::log_reset:
    case ErrorCode::cursor_trimmed:
      if (bootstraps_ > 0) return error;
      ++bootstraps_;
      registered_ = false;
      planner_.forget_server();
      cursor_.clear();
      stage_ = Stage::snapshot;
      return {};
    case ErrorCode::too_large:
      if (planner_.sent() == 0) return error;
      give_up(error);
      return {};
    default:
      return error;
  }
}

void ClientSession::give_up(const Error& error) {
  for (Rejection& rejection : planner_.on_too_large(error)) {
    report_.rejected.push_back(std::move(rejection));
  }
}

void ClientSession::note_conflicts(const std::vector<ConflictSummary>& conflicts) {
  for (const ConflictSummary& conflict : conflicts) {
    if (noted_.insert(conflict.id).second) report_.conflicts.push_back(conflict);
  }
}

}  // namespace syncline
