// What others see of a session: how it stands, and how far it has come.

#include <algorithm>
#include <utility>

#include "sync/client_session.hpp"
#include "sync/lag.hpp"

namespace syncline {

VectorClock ClientSession::server_clock() const {
  if (planner_.knows_server()) return planner_.server_clock();
  VectorClock clock = replica_.summary();
  const NodeId self = replica_.node();
  clock.set(self, delivered_.origin == self ? delivered_.seq : 0);
  return clock;
}

Result<void> ClientSession::go_on_from(std::string cursor, const VectorClock& server) {
  cursor_ = std::move(cursor);
  cursor_of_ = replica_.node();
  planner_.raise_server_clock(server);
  return remember();
}

SyncProgress ClientSession::progress() const {
  SyncProgress progress;
  if (stage_ == Stage::snapshot) {
    progress.phase = SyncPhase::snapshot;
    progress.changes_done = collector_.records();
    progress.bytes_done = collector_.bytes();
    return progress;
  }
  const Lag unsent = lag_behind(replica_, server_clock(), !tables_.empty());
  if (unsent.changes != 0) {
    progress.phase = SyncPhase::push;
    progress.changes_done = report_.pushed;
    progress.changes_total = report_.pushed + unsent.changes;
    progress.bytes_done = pushed_bytes_;
    progress.bytes_total = pushed_bytes_ + unsent.bytes;
    return progress;
  }
  progress.changes_done = report_.pulled;
  progress.changes_total = report_.pulled + lag_.changes;
  progress.bytes_done = pulled_bytes_;
  progress.bytes_total = pulled_bytes_ + lag_.bytes;
  return progress;
}

}  // namespace syncline
