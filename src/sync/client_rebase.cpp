// The session's part on identity: finding out that the two sides hold different changes under one
// dot, and what comes of it.

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "sync/client_session.hpp"
#include "sync/newcomers.hpp"
#include "sync/remote_state.hpp"
#include "sync/standing.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// How often a round rebases. Once is enough, and once more if another replica does so at the same
/// time; more often would be a server that never agrees.
constexpr unsigned max_rebases = 3;

}  // namespace

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

/// A home that came back older goes on under another id, and takes what it lacks of the former one
/// from those who have it. A replica of some tables passes nothing on and cannot tell whether
/// anybody does: what it has of that can only go over written anew. On a home that is behind a
/// marker it cannot rebase before somebody has brought that back, and maybe the rest with it.
void ClientSession::contest_what_home_lost(const VectorClock& server) {
  if (tables_.empty() || marker_is_ahead()) return;
  const VectorClock here = replica_.summary();
  for (const NodeId& home : former_homes_) {
    if (here.get(home) > server.get(home)) contest(home, server.get(home));
  }
}

void ClientSession::contest(const NodeId& origin, Sequence same) {
  Sequence& known = rebase_options_.contested[origin];
  known = std::max(known, same);
}

/// What a newcomer wrote before it had applied marker `number` has to be written anew.
void ClientSession::contest_early(std::uint64_t number, const VectorClock& server, bool came_back) {
  for (const NodeId& origin : early_origins(replica_, number, server, came_back)) {
    contest(origin, 0);
  }
}

void ClientSession::contest_by(const Error& error) {
  if (error.code == ErrorCode::replica_rewound) {
    contest(asked_as_, error.number("agreed_seq"));
  } else if (const Result<NodeId> origin = NodeId::parse(error.text("origin")); origin) {
    contest(*origin, 0);
  }
  std::istringstream differing(error.text(differing_member));
  for (std::string word; differing >> word;) {
    if (const Result<NodeId> origin = NodeId::parse(word)) contest(*origin, 0);
  }
}

/// A home that came back older than a stable marker that is applied here has no snapshot on which
/// this replica could rebase: it rebases on this one's.
bool ClientSession::knows_better(const Error& cause) const {
  const bool mismatch =
      cause.code == ErrorCode::dot_mismatch || cause.code == ErrorCode::replica_rewound;
  if (!mismatch || !tables_.empty() || uploads_ >= max_uploads) return false;
  const auto said = std::find_if(cause.members.begin(), cause.members.end(),
                                 [](const auto& each) { return each.name == home_marker_member; });
  if (said == cause.members.end()) {
    return registered_ && server_home_ == server_node_ && marker_is_ahead();
  }
  const std::optional<StableMarker> marker = replica_.stable_marker();
  return marker && marker->number > cause.number(home_marker_member);
}

Result<void> ClientSession::begin_rebase(const Error& cause) {
  if (knows_better(cause)) return begin_upload(cause);
  if (rebases_ >= max_rebases) return cause;
  ++rebases_;
  registered_ = false;
  planner_.forget_server();
  std::vector<std::string> tables = tables_;
  if (!tables.empty()) {
    // Whatever was written here has to be compared, also outside the tables that are pulled.
    for (std::string& table : replica_.tables()) tables.push_back(std::move(table));
    std::sort(tables.begin(), tables.end());
    tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  }
  begin_snapshot_of(std::move(tables), SnapshotUse::whole);
  return {};
}

void ClientSession::on_rebased(RebaseResult result) {
  rebase_options_ = {};
  former_homes_.clear();
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
  if (planner_.knows_server()) {
    const NodeId self = replica_.node();
    delivered_ = {self, planner_.server_clock().get(self)};
  }
  const auto saved = save_remote(
      replica_, options_.remote,
      {server_node_, settings_version_, cursor_, cursor_of_, tables_, dropping_, delivered_});
  if (saved) switching_ = false;
  return saved;
}

}  // namespace syncline
