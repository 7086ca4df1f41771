#include "sync/push_planner.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "changelog/mutation.hpp"
#include "sync/durable.hpp"
#include "sync/own_lines.hpp"
#include "syncline/record.hpp"

namespace syncline {

PushPlanner::PushPlanner(const Replica& replica, const Options& options)
    : replica_(replica),
      options_(options),
      max_changes_(options.batch_changes),
      max_bytes_(options.batch_bytes) {}

void PushPlanner::begin_round() {
  heard_ = false;
  blocked_.clear();
  gone_back_.clear();
  shrunk_changes_ = std::numeric_limits<std::size_t>::max();
  least_refused_ = std::numeric_limits<std::size_t>::max();
  sent_.clear();
}

void PushPlanner::set_server_clock(VectorClock clock) {
  server_clock_ = std::move(clock);
  knows_server_ = true;
  heard_ = true;
}

void PushPlanner::set_server_limits(std::size_t max_changes, std::size_t max_body_bytes) {
  // The body has more in it than records: clocks, and the lengths of the lists.
  const std::size_t for_records = max_body_bytes - max_body_bytes / 8;
  max_changes_ = std::max<std::size_t>(1, std::min(options_.batch_changes, max_changes));
  max_bytes_ = std::max<std::size_t>(1, std::min(options_.batch_bytes, for_records));
}

VectorClock PushPlanner::passed_over() const {
  VectorClock passed_over = server_clock_;
  passed_over.merge(blocked_);
  return passed_over;
}

Lsn PushPlanner::first_to_send(const VectorClock& passed_over) const {
  if (!options_.only_own) return replica_.first_lsn_not_covered(passed_over);
  return replica_.first_lsn_not_covered(all_but_own(replica_, passed_over));
}

Result<void> PushPlanner::check_held() const {
  const Lsn first = replica_.log().first_lsn();
  if (!knows_server_ || first_to_send(passed_over()) >= first) return {};
  return Error{ErrorCode::cursor_trimmed,
               "the server lacks changes that the log here has no more, since it was trimmed: it "
               "has to take a snapshot of this replica"}
      .with("oldest_lsn", first);
}

std::optional<PushRequest> PushPlanner::next() {
  sent_.clear();
  if (!knows_server_ || !check_held()) return std::nullopt;
  const VectorClock passed_over = this->passed_over();
  ReadOptions options;
  options.after = first_to_send(passed_over) - 1;
  options.limit = std::min(max_changes_, shrunk_changes_);
  options.max_bytes = max_bytes_;
  options.not_covered_by = &passed_over;
  const VectorClock own = options_.only_own ? own_lines(replica_) : VectorClock();
  for (const VectorClock::Entry& line : own.entries()) {
    if (passed_over.get(line.node) < line.seq) options.origins.push_back(line.node);
  }
  if (options_.only_own && options.origins.empty()) return std::nullopt;
  if (mutated(Mutation::push_only_own)) options.origins = {replica_.node()};
  Result<ReadPage> page = read_durable(replica_, options, server_name_);
  if (!page) return std::nullopt;
  if (options_.only_own) {
    std::erase_if(page->entries,
                  [&](const LogEntry& entry) { return !own.covers(entry.change.dot); });
  }
  if (page->entries.empty()) return std::nullopt;
  if (const std::optional<NodeId> home = overtaken_by(*page)) {
    block(*home);
    return next();
  }
  const bool passes_on = std::any_of(
      page->entries.begin(), page->entries.end(),
      [&](const LogEntry& entry) { return entry.change.dot.origin != replica_.node(); });
  if (passes_on && !heard_) return std::nullopt;

  PushRequest request;
  request.changes.records.reserve(page->entries.size());
  for (const LogEntry& entry : page->entries) {
    if (stubs_.contains(entry.change.dot)) {
      const std::string stub = make_stub(entry.change);
      request.changes.records.emplace_back(stub.begin(), stub.end());
    } else {
      request.changes.records.emplace_back(entry.change.record.begin(), entry.change.record.end());
    }
    sent_.push_back(entry.change.dot);
  }
  return request;
}

std::optional<NodeId> PushPlanner::overtaken_by(const ReadPage& page) const {
  const LogReader log = replica_.log();
  for (const LogEntry& entry : page.entries) {
    if (entry.change.operation != Operation::stable) continue;
    for (const VectorClock::Entry& blocked : blocked_.entries()) {
      const Lsn held_back = log.find({blocked.node, server_clock_.get(blocked.node) + 1});
      if (held_back != 0 && held_back < entry.lsn) return entry.change.dot.origin;
    }
  }
  return std::nullopt;
}

PushPlanner::Outcome PushPlanner::on_answer(const PushResponse& response) {
  server_clock_.merge(response.acked);
  least_refused_ = std::numeric_limits<std::size_t>::max();
  Outcome outcome;
  std::set<NodeId> behind;  // origins of which something was sent and is not held
  for (const Dot& dot : sent_) {
    if (server_clock_.covers(dot)) {
      ++outcome.accepted;
    } else {
      behind.insert(dot.origin);
    }
  }
  const std::set<NodeId> going_back = go_back_over_gaps(response.rejected);
  for (const NodeId& origin : behind) {
    if (going_back.contains(origin)) continue;
    // What depends on changes that are sent again now may be taken then.
    const Rejection* first = first_of(origin, response.rejected);
    const bool depends = first != nullptr && first->error.code == ErrorCode::depends;
    if (depends && !going_back.empty()) continue;
    block(origin);
    std::copy_if(response.rejected.begin(), response.rejected.end(),
                 std::back_inserter(outcome.rejected),
                 [&](const Rejection& rejection) { return rejection.dot.origin == origin; });
  }
  return outcome;
}

std::set<NodeId> PushPlanner::go_back_over_gaps(const std::vector<Rejection>& rejected) {
  std::set<NodeId> going_back;
  std::set<NodeId> looked_at;
  for (const Rejection& rejection : rejected) {
    const NodeId& origin = rejection.dot.origin;
    if (!looked_at.insert(origin).second) continue;
    const Sequence expected = rejection.error.number("expected_seq");
    const bool gap = rejection.error.code == ErrorCode::sequence_gap && expected > 0 &&
                     expected < rejection.dot.seq;
    // Once a round: a hole that is still there then is one that this replica has, too.
    if (!gap || !gone_back_.insert(origin).second) continue;
    server_clock_.set(origin, expected - 1);
    going_back.insert(origin);
  }
  return going_back;
}

std::vector<Rejection> PushPlanner::on_too_large(const Error& error) {
  if (sent_.size() > 1 && sent_.size() < least_refused_) {
    least_refused_ = sent_.size();
    shrunk_changes_ = sent_.size() / 2;
    return {};
  }
  std::vector<Rejection> given_up;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    block(sent_[i].origin);
    given_up.push_back({sent_[i], i, error});
  }
  return given_up;
}

const Rejection* PushPlanner::first_of(const NodeId& origin,
                                       const std::vector<Rejection>& rejected) {
  const auto found =
      std::find_if(rejected.begin(), rejected.end(),
                   [&](const Rejection& rejection) { return rejection.dot.origin == origin; });
  return found == rejected.end() ? nullptr : &*found;
}

void PushPlanner::block(const NodeId& origin) {
  blocked_.set(origin, std::numeric_limits<Sequence>::max());
}

}  // namespace syncline
