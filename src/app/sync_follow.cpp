#include "app/sync_follow.hpp"

#include <atomic>
#include <mutex>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/edge_directory.hpp"
#include "app/output.hpp"
#include "app/round_output.hpp"
#include "app/stop_signals.hpp"
#include "app/text_width.hpp"
#include "syncline/replicator.hpp"

namespace syncline::app {
namespace {

/// How often it is looked whether the reader of the output is still there.
constexpr std::chrono::milliseconds look_pause{200};

/// Prints what the replicator tells, on its thread, and keeps what has to be kept.
class Follower {
 public:
  Follower(Session& session, EdgeDirectory& edge) : session_(session), edge_(edge) {}

  void on_round(const SyncReport& report) {
    // The server's word on policies is part of what an edge has to know offline.
    if (const auto kept = edge_.keep_settings(); !kept) fail(kept.error());
    EdgeRound round;
    round.report = report;
    round.was_copy = edge_.was_copy && first_;
    round.node = edge_.replica().node();
    if (first_ || !is_idle(round)) print_round(session_, round);
    first_ = false;
    flush();
  }
  void on_rejected(const Rejection& rejection) {
    SyncReport report;
    report.rejected = {rejection};
    print_rejections(session_, report);
    flush();
  }
  void on_status(const ReplicatorStatus& status) {
    if (status.state == ReplicatorState::failed && status.last_error) fail(*status.last_error);
    const bool away = status.state == ReplicatorState::offline;
    const bool live = status.state == ReplicatorState::live;
    if (away && !away_ && status.last_error) {
      session_.err << "syncline: " << printable(to_string(*status.last_error))
                   << "; it is tried again\n";
    } else if (away_ && (live || status.state == ReplicatorState::waiting)) {
      session_.err << "syncline: it goes on\n";
    }
    if (live || status.state == ReplicatorState::waiting) away_ = false;
    away_ = away_ || away;
    if (live && !live_) session_.err << "syncline: live\n";
    live_ = live;
    flush();
  }

  bool over() const { return over_; }
  std::optional<Error> failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  void fail(const Error& error) {
    const std::lock_guard lock(mutex_);
    failure_ = error;
    over_ = true;
  }
  void flush() {
    session_.out.flush();
    session_.err.flush();
    if (!session_.out.good()) over_ = true;
  }

  Session& session_;
  EdgeDirectory& edge_;
  bool first_ = true;
  bool away_ = false;
  bool live_ = false;
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::optional<Error> failure_;
};

}  // namespace

Result<ExitCode> follow_server(Session& session, const std::string& directory,
                               const std::string& token,
                               const std::optional<std::uint64_t>& interval_ms) {
  const StopSignals signals;  // before any thread starts
  auto edge = EdgeDirectory::open(directory);
  if (!edge) return edge.error();
  ReplicatorServer server;
  server.url = edge->home().server;
  server.tenant = edge->home().tenant;
  auto ports = make_http_ports(std::move(server));
  if (!ports) return ports.error();
  Follower follower(session, *edge);
  Replicator::Options options;
  options.replica = &edge->replica();
  options.ports = std::move(*ports);
  options.tenant = edge->home().tenant;
  options.name = edge->home().name;
  options.tables = edge->home().tables;
  options.token = [token] { return token; };
  if (interval_ms) {
    options.mode = Replicator::Mode::interval;
    options.interval_ms = *interval_ms;
  }
  options.on_round = [&](const SyncReport& report) { follower.on_round(report); };
  options.on_rejected = [&](const Rejection& rejection) { follower.on_rejected(rejection); };
  options.on_status = [&](const ReplicatorStatus& status) { follower.on_status(status); };
  const auto replicator = Replicator::make(std::move(options));
  if (!replicator) return replicator.error();
  (*replicator)->start();
  while (!follower.over() && !signals.wait_for(look_pause)) {
  }
  (*replicator)->stop();
  if (const auto failure = follower.failure()) return *failure;
  return ExitCode::ok;
}

}  // namespace syncline::app
