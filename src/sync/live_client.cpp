#include "sync/live_client.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "sync/durable.hpp"
#include "sync/standing.hpp"
#include "sync/vouched.hpp"

namespace syncline {
namespace {

/// Between two heartbeats, in microseconds: each counts as a request of the tenant's plan, and what
/// came in the meantime is acknowledged by one.
constexpr std::uint64_t acknowledge_every_us = 1'000'000;
constexpr std::uint64_t us_per_s = 1'000'000;
/// What a server may ask for, in seconds: a faulty answer shall not keep changes back for long.
constexpr std::uint64_t most_pause_s = 60;

Error unexpected(std::string_view what) {
  return {ErrorCode::bad_request,
          "the server sent a frame '" + std::string(what) + "', which is for a server to receive"};
}

}  // namespace

LiveClient::LiveClient(Replica& replica, Options options, std::uint64_t now_us)
    : replica_(replica),
      options_(std::move(options)),
      self_(replica.node()),
      planner_(replica, {options_.batch_changes, options_.batch_bytes, !options_.tables.empty()}),
      heartbeat_at_us_(now_us + options_.heartbeat_interval_us) {
  RegisterRequest request;
  request.protocol = {protocol_version};
  request.node_id = self_;
  request.name = options_.name;
  request.clock = wire_clock(replica, durable_summary(replica));
  if (!options_.tables.empty()) request.tables = options_.tables;
  request.time = HybridTime::from_us(replica.wall_time_us());
  // A server that was started anew without its peers takes this for the first registration.
  request.replaces = replaced_id(replica);
  request.home = joined_home(replica);
  send(std::move(request));
}

void LiveClient::send(LiveBody body) {
  output_.push_back(write_live_message({++last_id_, std::move(body)}, options_.format));
}

std::vector<LiveMessage> LiveClient::take_output() { return std::exchange(output_, {}); }

std::vector<ConflictSummary> LiveClient::take_conflicts() { return std::exchange(conflicts_, {}); }

Result<void> LiveClient::on_message(const LiveMessage& message, std::uint64_t now_us) {
  Result<LiveFrame> frame = read_live_message(message);
  if (!frame) {
    return Error{ErrorCode::internal, "the server's frame: " + frame.error().detail};
  }
  if (replica_.node() != self_) {
    return Error{ErrorCode::replica_rewound, "this replica goes on under another id"};
  }
  LiveBody& body = frame->body;
  if (const auto* error = std::get_if<LiveError>(&body)) {
    return on_error(error->error, frame->id, now_us);
  }
  if (const auto* answer = std::get_if<RegisterResponse>(&body)) return on_body(*answer, now_us);
  if (!begun_) return unexpected(live_type(body));
  if (const auto* answer = std::get_if<PushResponse>(&body)) return on_body(*answer);
  if (const auto* changes = std::get_if<PullResponse>(&body)) return on_body(*changes);
  if (const auto* answer = std::get_if<HeartbeatResponse>(&body)) {
    return on_body(*answer, frame->id);
  }
  return unexpected(live_type(body));
}

/// What the server says to hold cannot be otherwise here.
Result<void> LiveClient::compare(const WireClock& server) const {
  for (const auto& [node, entry] : server.entries) {
    const std::optional<std::uint64_t> here = replica_.chain_at(node, entry.seq);
    const bool differs = here && entry.chain && *here != *entry.chain;
    if (!differs && (node != self_ || entry.seq <= replica_.origin(self_).seq)) continue;
    return Error{ErrorCode::replica_rewound,
                 "the server holds other changes of " + node.to_string() + " than this replica"};
  }
  return {};
}

Result<void> LiveClient::check_header(const AnswerHeader& header) const {
  if (header.settings_version != options_.settings_version) {
    return Error{ErrorCode::peer_stale, "the tenant's settings have changed: register again"};
  }
  if (!header.known) return {};
  WireClock known;
  known.entries.emplace(self_, *header.known);
  return compare(known);
}

Result<void> LiveClient::on_body(const RegisterResponse& answer, std::uint64_t now_us) {
  if (begun_) return unexpected("registered");
  if (auto checked = check_header(answer.header); !checked) return checked;
  if (auto same = compare(answer.clock); !same) return same;
  begun_ = true;
  server_ = answer.node_id;
  planner_.begin_round();
  planner_.set_server_name(answer.node_id.to_string());
  planner_.set_server_clock(answer.clock.clock());
  planner_.set_server_limits(answer.max_batch_changes, answer.max_body_bytes);
  for (const NodeId& origin : options_.refused) planner_.pass_over(origin);
  PullRequest pull;
  pull.node_id = self_;
  pull.cursor = options_.cursor;
  pull.have = WireClock(durable_summary(replica_));
  send(std::move(pull));
  pull_id_ = last_id_;
  send(LiveCredit{options_.batch_changes, options_.batch_bytes});
  send_heartbeat(now_us);
  push_more();
  return {};
}

void LiveClient::on_commit() {
  if (begun_ && !pushing_ && !push_paused_) push_more();
}

void LiveClient::push_more() {
  std::optional<PushRequest> push = planner_.next();
  pushing_ = push.has_value();
  if (!push) return;
  push->node_id = self_;
  send(std::move(*push));
  push_id_ = last_id_;
}

Result<void> LiveClient::on_body(const PushResponse& answer) {
  if (!pushing_) return unexpected("pushed");
  if (auto checked = check_header(answer.header); !checked) return checked;
  const PushPlanner::Outcome outcome = planner_.on_answer(answer);
  std::copy(answer.conflicts.begin(), answer.conflicts.end(), std::back_inserter(conflicts_));
  wants_round_ = wants_round_ || !answer.rejected.empty() || !outcome.rejected.empty();
  push_more();
  return {};
}

Result<void> LiveClient::on_body(const PullResponse& changes) {
  if (auto checked = check_header(changes.header); !checked) return checked;
  if (given_up_.contains(replica_, server_)) {
    return Error{ErrorCode::unavailable, "the tenant's home has given this server up"};
  }
  IntegrateOptions options;
  options.allow_gaps = !options_.tables.empty();
  const std::vector<std::string_view> records = changes.changes.views();
  IntegrateResult result = replica_.integrate(records, options);
  std::move(result.conflicts.begin(), result.conflicts.end(), std::back_inserter(conflicts_));
  if (!result.rejected.empty()) return result.rejected.front().error;
  if (options.allow_gaps) {
    if (auto covered = replica_.cover(changes.covers); !covered) return covered;
  }
  planner_.raise_server_clock(changes.covers);
  options_.cursor = changes.cursor;
  // Only now, so that a server never has more under way than there is room for.
  std::uint64_t bytes = 0;
  for (const std::string_view record : records) bytes += record.size();
  if (!records.empty()) send(LiveCredit{records.size(), bytes});
  lag_changes_ -= std::min<std::uint64_t>(lag_changes_, records.size());
  lag_bytes_ -= std::min(lag_bytes_, bytes);
  const std::vector<Lsn>& lsns = changes.changes.lsns;
  if (wanted_lsn_ && !lsns.empty() && lsns.back() >= *wanted_lsn_) settled_ = true;
  unacknowledged_ = true;
  return {};
}

void LiveClient::send_heartbeat(std::uint64_t now_us) {
  HeartbeatRequest request;
  request.node_id = self_;
  request.clock = WireClock(durable_summary(replica_));
  if (const auto vouched = vouched_clock(replica_)) request.vouched.emplace(*vouched);
  request.cursor = options_.cursor;
  send(std::move(request));
  unacknowledged_ = false;
  heartbeat_sent_us_ = now_us;
  heartbeat_at_us_ = now_us + options_.heartbeat_interval_us;
}

std::uint64_t LiveClient::next_due_us() const noexcept {
  std::uint64_t due = heartbeat_at_us_;
  if (unacknowledged_) due = std::min(due, heartbeat_sent_us_ + acknowledge_every_us);
  due = std::max(due, pause_until_us_);
  return push_paused_ ? std::min(due, pause_until_us_) : due;
}

void LiveClient::on_idle(std::uint64_t now_us) {
  if (!begun_ || now_us < next_due_us()) return;
  if (std::exchange(push_paused_, false)) push_more();
  if (unacknowledged_ || now_us >= heartbeat_at_us_) send_heartbeat(now_us);
}

/// What the plan has no room for was not done, and the connection stays. Anything else ends it.
Result<void> LiveClient::on_error(const Error& error, std::uint64_t id, std::uint64_t now_us) {
  const bool later = error.code == ErrorCode::rate_limited && begun_ && id > pull_id_;
  if (!later) return error;
  const std::uint64_t wait_s =
      std::clamp<std::uint64_t>(error.number("retry_after_s"), 1, most_pause_s);
  pause_until_us_ = now_us + wait_s * us_per_s;
  if (pushing_ && id == push_id_) {
    pushing_ = false;
    push_paused_ = true;
  } else {
    heartbeat_at_us_ = pause_until_us_;
  }
  return {};
}

void LiveClient::ask(std::uint64_t now_us) {
  settled_ = false;
  wanted_lsn_.reset();
  if (!begun_) return;
  asked_id_ = last_id_ + 1;
  if (now_us >= pause_until_us_) {
    send_heartbeat(now_us);
  } else {
    heartbeat_at_us_ = pause_until_us_;
  }
}

Result<void> LiveClient::on_body(const HeartbeatResponse& answer, std::uint64_t id) {
  if (auto checked = check_header(answer.header); !checked) return checked;
  lag_changes_ = answer.lag_changes;
  lag_bytes_ = answer.lag_bytes;
  if (asked_id_ == 0 || id < asked_id_) return {};
  if (!wanted_lsn_) wanted_lsn_ = answer.lsn;
  if (lag_changes_ == 0) settled_ = true;
  return {};
}

}  // namespace syncline
