#include "app/follow_output.hpp"

#include <ostream>

#include "app/output.hpp"
#include "app/round_output.hpp"
#include "app/text_width.hpp"

namespace syncline::app {

void FollowOutput::listen_to(Replicator::Options& options, const std::string& url) {
  const std::lock_guard lock(mutex_);
  Remote& remote = *remotes_.emplace_back(std::make_unique<Remote>());
  if (serves_) remote.shown = url;
  options.on_round = [this, &remote](const SyncReport& report) { on_round(remote, report); };
  options.on_rejected = [this](const Rejection& rejection) { on_rejected(rejection); };
  options.on_status = [this, &remote](const ReplicatorStatus& status) {
    on_status(remote, status);
  };
}

std::optional<Error> FollowOutput::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void FollowOutput::on_round(Remote& remote, const SyncReport& report) {
  const std::lock_guard lock(mutex_);
  heard_ = true;
  keep_settings();
  EdgeRound round;
  round.report = report;
  round.was_copy = edge_.was_copy && !opening_told_;
  round.node = edge_.replica().node();
  round.with = remote.shown;
  opening_told_ = true;
  if (remote.first || !is_idle(round)) print_round(session_, round);
  remote.first = false;
  flush();
}

void FollowOutput::on_rejected(const Rejection& rejection) {
  const std::lock_guard lock(mutex_);
  SyncReport report;
  report.rejected = {rejection};
  print_rejections(session_, report);
  flush();
}

void FollowOutput::on_status(Remote& remote, const ReplicatorStatus& status) {
  const std::lock_guard lock(mutex_);
  const bool refused = status.state == ReplicatorState::failed;
  const bool away = status.state == ReplicatorState::offline || (refused && serves_);
  const bool live = status.state == ReplicatorState::live;
  const bool there = live || status.state == ReplicatorState::waiting;
  if (refused && !serves_ && status.last_error) fail(*status.last_error);
  if (away) heard_ = true;
  if (away && !remote.away && status.last_error) {
    say(remote, printable(to_string(*status.last_error)) + "; it is tried again");
  } else if (remote.away && there) {
    say(remote, "it goes on");
  }
  if (there) remote.away = false;
  remote.away = remote.away || away;
  if (live && !remote.live) say(remote, "live");
  remote.live = live;
  flush();
}

/// The server's word on policies is part of what an edge has to know offline.
void FollowOutput::keep_settings() {
  const auto kept = edge_.keep_settings();
  const bool news = settings_kept_;
  settings_kept_ = kept.has_value();
  if (kept) return;
  if (!serves_) return fail(kept.error());
  if (news) say({}, "the tenant's settings are not kept: " + printable(to_string(kept.error())));
}

void FollowOutput::fail(const Error& error) {
  failure_ = error;
  over_ = true;
}

void FollowOutput::say(const Remote& remote, std::string_view what) {
  session_.err << "syncline: ";
  if (!remote.shown.empty()) session_.err << printable(remote.shown) << ": ";
  session_.err << what << '\n';
}

void FollowOutput::flush() {
  session_.out.flush();
  session_.err.flush();
  if (!session_.out.good() && !serves_) over_ = true;
}

}  // namespace syncline::app
