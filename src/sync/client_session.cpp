#include "sync/client_session.hpp"

#include <algorithm>
#include <utility>

#include "changelog/mutation.hpp"
#include "sync/durable.hpp"
#include "sync/newcomers.hpp"
#include "sync/remote_state.hpp"
#include "sync/standing.hpp"
#include "sync/vouched.hpp"

namespace syncline {
namespace {

/// Why a round rebases if no error said so.
Error found_out() {
  return {ErrorCode::replica_rewound,
          "the server holds other changes than this replica under the same dots, also after this "
          "replica took over the server's"};
}

PushPlanner::Options planner_options(const ClientSession::Options& options) {
  return {options.batch_changes, options.batch_bytes, !options.tables.empty()};
}

ClientSession::Options in_order(ClientSession::Options options) {
  std::vector<std::string>& tables = options.tables;
  std::sort(tables.begin(), tables.end());
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  return options;
}

Error server_given_up() {
  return {
      ErrorCode::unavailable,
      "the tenant's home has given this server up, because it was away for longer than its "
      "lease: nothing is exchanged with it before it has come back to the home, under a new id"};
}

/// Of a first answer, before it is known whether the log or a snapshot is shorter: a small log is
/// all there, of a long one little is sent for nothing.
constexpr std::uint64_t first_page_changes = 200;
constexpr std::uint64_t first_page_bytes = std::uint64_t{64} << 10;

}  // namespace

ClientSession::ClientSession(Replica& replica, Options options)
    : replica_(replica),
      options_(in_order(std::move(options))),
      messages_(options_.tenant, options_.format),
      planner_(replica, planner_options(options_)),
      tables_(options_.tables) {
  recall_policies(replica);
  recall();
}

/// Where the last round that was kept has left off.
void ClientSession::recall() {
  registered_ = false;
  planner_.forget_server();
  tables_ = options_.tables;
  switching_ = false;
  const auto kept = load_remote(replica_, options_.remote);
  if (kept) {
    server_node_ = kept->server_node;
    settings_version_ = kept->settings_version;
    cursor_of_ = kept->reader.is_nil() ? replica_.node() : kept->reader;
    delivered_ = kept->delivered;
  }
  cursor_ = kept ? kept->cursor : std::string();
  dropping_ = kept ? kept->dropping : std::vector<std::string>();
  // Without a place in the log there is nothing that other tables would have to be added to.
  if (!cursor_.empty() && kept->tables) {
    tables_ = *kept->tables;
  } else {
    note_unwanted();
  }
  planner_.set_only_own(!tables_.empty());
}

void ClientSession::begin_round() {
  stage_ = Stage::exchange;
  bootstrap_only_ = false;
  pulled_all_ = false;
  told_ = false;
  registrations_ = 0;
  bootstraps_ = 0;
  rebases_ = 0;
  uploads_ = 0;
  restamps_ = 0;
  rebase_options_ = {};
  pulled_bytes_ = 0;
  pushed_bytes_ = 0;
  report_ = SyncReport();
  noted_.clear();
  planner_.begin_round();
}

void ClientSession::begin_bootstrap() {
  begin_round();
  begin_snapshot();
  bootstrap_only_ = true;
}

std::optional<HttpRequest> ClientSession::next_request() {
  if (stage_ == Stage::exchange) return next_exchange();
  if (stage_ == Stage::upload) return next_upload();
  return stage_ == Stage::idle ? std::nullopt : next_snapshot();
}

std::optional<HttpRequest> ClientSession::next_exchange() {
  asked_as_ = replica_.node();
  if (cursor_of_ != asked_as_) {
    // Pages left out the changes of the id from before, of which not all need to be here any more.
    cursor_.clear();
    cursor_of_ = asked_as_;
  }
  std::optional<PushRequest> push = planner_.next();
  const bool at_end = registered_ && !push && pulled_all_ && !change_tables();
  if (at_end && !has_to_tell()) {
    note_joined();
    stage_ = Stage::idle;
    return std::nullopt;
  }
  if (stage_ == Stage::snapshot) return next_snapshot();
  if (push) {
    for (const RecordBytes& record : push->changes.records) pushed_bytes_ += record.size();
  }
  // Should the body be more than the server takes, as JSON may be, its answer says so: see
  // `recover`.
  return messages_.exchange(build_exchange(std::move(push)));
}

ExchangeRequest ClientSession::build_exchange(std::optional<PushRequest> push) const {
  ExchangeRequest request;
  request.node_id = asked_as_;
  if (registered_) {
    request.session = server_session_;
  } else {
    request.registration = build_registration();
  }
  request.push = std::move(push);
  const WireClock summary(durable_summary(replica_));
  request.heartbeat.emplace().clock = summary;
  if (const auto vouched = vouched_clock(replica_)) request.heartbeat->vouched.emplace(*vouched);
  request.heartbeat->cursor = cursor_;
  PullRequest& pull = request.pull.emplace();
  pull.cursor = cursor_;
  pull.limit = options_.batch_changes;
  pull.max_bytes = options_.batch_bytes;
  if (!registered_ && cursor_.empty()) {
    pull.limit = std::min<std::uint64_t>(options_.batch_changes, first_page_changes);
    pull.max_bytes = std::min<std::uint64_t>(options_.batch_bytes, first_page_bytes);
  }
  pull.have = summary;
  return request;
}

void ClientSession::on_connection_lost() {
  registered_ = false;
  planner_.forget_server();
  end_early();
}

/// Of a round that was cut short nobody knows whether the server goes by the wanted tables yet, and
/// it may have forgotten by which ones the place in its log was read.
void ClientSession::end_early() {
  stage_ = Stage::idle;
  if (switching_) recall();
}

Result<void> ClientSession::on_response(const HttpResponse& response) {
  const Result<void> done = stage_ == Stage::snapshot ? on_snapshot(response)
                            : stage_ == Stage::upload ? on_upload(response)
                                                      : on_exchange(response);
  if (!done) end_early();
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
      return recover(answer.registration->error());
    }
    if (const auto done = on_registration(**answer.registration); !done) return done;
  }
  if (given_up_.contains(replica_, server_node_)) {
    // Unless it goes by another id since this session was opened.
    registered_ = false;
    planner_.forget_server();
    if (answer.registration || registrations_ >= most_registrations()) return server_given_up();
    return {};
  }
  if (answer.heartbeat && *answer.heartbeat) {
    server_marker_ = (**answer.heartbeat).stable.number;
  }
  check_header(answer.header);
  // What came with it was for a replica that holds what the server believes: it is not taken.
  if (!rebase_options_.contested.empty()) {
    if (answer.registration) return begin_rebase(found_out());
    // Within a session only this replica's own changes are compared: who registers is told of all.
    registered_ = false;
    planner_.forget_server();
    return {};
  }
  // What came with the round stays, whatever else went wrong: so all parts are looked at first.
  std::optional<Error> problem;
  const auto note = [&](const Result<void>& done) {
    if (!done && !problem) problem = done.error();
  };
  if (answer.push) {
    note(*answer.push ? on_push(**answer.push) : recover(answer.push->error()));
  }
  if (answer.heartbeat && *answer.heartbeat) {
    lag_ = {(**answer.heartbeat).lag_changes, (**answer.heartbeat).lag_bytes};
  }
  const bool just_registered = answer.registration && registered_ && stage_ == Stage::exchange;
  if (just_registered && wants_snapshot(**answer.registration)) begin_first_snapshot();
  if (answer.pull && stage_ == Stage::exchange) {
    note(*answer.pull ? on_pull(**answer.pull) : recover(answer.pull->error()));
  }
  if (answer.heartbeat && !*answer.heartbeat) note(recover(answer.heartbeat->error()));
  // What goes wrong with sending does not keep from receiving.
  const bool all_but_push = stage_ == Stage::exchange && registered_ && pulled_all_;
  if (all_but_push && !problem) {
    if (const auto dropped = drop_unwanted(); !dropped) return dropped;
    const Result<void> held = planner_.check_held();
    return held || !tables_.empty() ? held : begin_upload(held.error());
  }
  if (problem) return *problem;
  return {};
}

/// The server, brought back from a backup, lacks changes that this replica does not have either: it
/// took a snapshot behind them. What it has of that origin can only go over written anew.
bool ClientSession::cannot_fill(const Rejection& rejection) const {
  if (rejection.error.code != ErrorCode::sequence_gap) return false;
  const Sequence expected = rejection.error.number("expected_seq");
  return expected != 0 && expected < rejection.dot.seq &&
         replica_.log().find({rejection.dot.origin, expected}) == 0;
}

/// The server, brought back from a backup, has not applied all stable markers that are applied
/// here.
bool ClientSession::marker_is_ahead() const {
  const std::optional<StableMarker> marker = replica_.stable_marker();
  return marker && marker->number > server_marker_;
}

Result<void> ClientSession::on_push(const PushResponse& response) {
  report_.pushed += planner_.sent();
  PushPlanner::Outcome outcome = planner_.on_answer(response);
  report_.accepted += outcome.accepted;
  note_conflicts(response.conflicts);
  for (const Rejection& rejection : response.rejected) {
    const std::uint64_t marker = rejection.error.number("newcomer");
    const bool before_marker = marker != 0;
    const bool other_bytes = rejection.error.code == ErrorCode::dot_mismatch;
    const bool hole = cannot_fill(rejection);
    if (!before_marker && !other_bytes && !hole) continue;
    // Such a server has no snapshot to rebase on, but can take this replica's.
    if (hole && tables_.empty() && marker_is_ahead()) return begin_upload(rejection.error);
    // What depends on it is refused as well, and goes over in another form.
    contest(rejection.dot.origin, 0);
    if (before_marker && comes_back(false)) {
      contest_early(marker, planner_.server_clock(), true);
      if (const auto kept = note_came_back(replica_, marker); !kept) return kept;
    }
    return begin_rebase(rejection.error);
  }
  return mend(outcome.rejected);
}

Result<void> ClientSession::on_pull(const PullResponse& response) {
  const bool stuck = response.has_more && response.cursor == cursor_;
  if (mutated(Mutation::cursor_before_page)) {
    cursor_ = response.cursor;
    static_cast<void>(remember());
  }
  IntegrateOptions options;
  options.allow_gaps = !tables_.empty();
  const IntegrateResult result = integrate(response.changes, options);
  report_.pulled += result.received;
  report_.applied += result.applied + result.superseded + result.convergent + result.conflicting;
  note_conflicts(result.conflicts);
  // The cursor stays before a page of which something was not taken, and nothing is covered.
  if (!result.rejected.empty()) {
    const Rejection& first = result.rejected.front();
    const bool other_bytes = first.error.code == ErrorCode::dot_mismatch;
    if (options.allow_gaps && first.error.code == ErrorCode::sequence_gap) {
      // A snapshot of some tables was laid here, and the place in the log that goes with it was
      // lost.
      return recover({ErrorCode::cursor_trimmed, first.error.detail});
    }
    if (!other_bytes && first.error.code != ErrorCode::replica_rewound) return first.error;
    contest(first.dot.origin, 0);  // also of a change that bears this replica's own id
    return begin_rebase(first.error);
  }
  if (stuck) {
    return Error{ErrorCode::internal, "the server has more, but its cursor does not move"};
  }
  if (options.allow_gaps && !mutated(Mutation::filter_without_covers)) {
    if (const auto covered = replica_.cover(response.covers); !covered) return covered;
  }
  planner_.raise_server_clock(response.covers, !response.has_more);
  cursor_ = response.cursor;
  cursor_of_ = asked_as_;
  pulled_all_ = !response.has_more;
  note_pulled(response);
  return remember();
}

/// How far behind the heartbeat found this replica to be was before the page.
void ClientSession::note_pulled(const PullResponse& response) {
  std::uint64_t bytes = 0;
  for (const RecordBytes& record : response.changes.records) bytes += record.size();
  pulled_bytes_ += bytes;
  if (pulled_all_) {
    lag_ = {};
    return;
  }
  lag_.changes -= std::min<std::uint64_t>(lag_.changes, response.changes.records.size());
  lag_.bytes -= std::min(lag_.bytes, bytes);
}

Result<void> ClientSession::recover(const Error& error) {
  switch (error.code) {
    case ErrorCode::peer_stale:
      if (error.number("expired") != 0) {  // given up while it was away: it comes back as another
        if (const auto kept = note_given_up(replica_); !kept) return kept;
        contest(asked_as_, 0);
        return begin_rebase(error);
      }
      // The server knows this replica no more: it was started anew, or the tenant was.
      registered_ = false;
      planner_.forget_server();
      if (registrations_ >= most_registrations()) return error;
      return {};
    case ErrorCode::log_reset:
    case ErrorCode::cursor_trimmed:
      // Its snapshot may hold rows that were forgotten here. It takes this replica's first.
      if (tables_.empty() && marker_is_ahead() && uploads_ < max_uploads)
        return begin_upload(error);
      if (bootstraps_ >= max_bootstraps) return error;
      ++bootstraps_;
      registered_ = false;
      planner_.forget_server();
      cursor_.clear();
      begin_snapshot();
      return {};
    case ErrorCode::too_large:
      return planner_.sent() == 0 ? error : give_up(error);
    case ErrorCode::replica_rewound:
    case ErrorCode::dot_mismatch:
      contest_by(error);
      return begin_rebase(error);
    default:
      return error;
  }
}

Result<void> ClientSession::give_up(const Error& error) {
  std::vector<Rejection> given_up = planner_.on_too_large(error);
  return mend(given_up);
}

void ClientSession::note_conflicts(const std::vector<ConflictSummary>& conflicts) {
  for (const ConflictSummary& conflict : conflicts) {
    if (noted_.insert(conflict.id).second) report_.conflicts.push_back(conflict);
  }
}

}  // namespace syncline
