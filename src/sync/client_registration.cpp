// The session's part on making itself known to a server, and on what that says of itself.

#include "changelog/mutation.hpp"
#include "sync/client_session.hpp"
#include "sync/durable.hpp"
#include "sync/newcomers.hpp"
#include "sync/standing.hpp"

namespace syncline {
namespace {

/// How often a round opens the session anew: for the first time, when the settings changed, and
/// when the server has forgotten this replica. More often would be a server that never agrees.
constexpr unsigned max_registrations = 4;

}  // namespace

RegisterRequest ClientSession::build_registration() const {
  RegisterRequest request;
  request.protocol = {protocol_version};
  request.node_id = asked_as_;
  request.name = options_.name;
  request.clock = wire_clock(replica_, durable_summary(replica_));
  if (!tables_.empty()) request.tables = tables_;
  request.time = HybridTime::from_us(replica_.wall_time_us());
  request.replaces = replaced_id(replica_);
  request.home = joined_home(replica_);
  return request;
}

Result<void> ClientSession::on_registration(const RegisterResponse& response) {
  const bool first_time = !home_of(replica_);
  registered_ = true;
  ++registrations_;
  const bool knew_server = server_node_ == response.node_id && !cursor_.empty();
  const bool renamed = server_node_ != response.node_id && response.home == response.node_id;
  if (renamed && home_of(replica_) == server_node_) former_homes_.insert(server_node_);
  server_node_ = response.node_id;
  server_session_ = response.session;
  server_log_ = response.header.log_id;
  server_home_ = response.home;
  server_marker_ = response.stable.number;
  planner_.set_server_name(server_node_.to_string());
  planner_.set_server_clock(response.clock.clock());
  planner_.set_server_limits(response.max_batch_changes, response.max_body_bytes);
  max_changes_ = response.max_batch_changes;
  max_body_bytes_ = response.max_body_bytes;
  if (const auto valid = response.policies.validate(); !valid) {
    registered_ = false;
    return valid.error();
  }
  settings_version_ = response.header.settings_version;
  const TenantTerms terms{response.policies, settings_version_, response.max_clock_drift_ms,
                          response.home, response.retention};
  if (is_newer_word(replica_, server_node_, terms)) {
    if (const auto kept = keep_terms(replica_, terms); !kept) return kept;
  }
  if (const auto kept = forget_replaced_id(replica_); !kept) return kept;
  if (const auto kept = note_told_given_up(replica_, response.given_up); !kept) return kept;
  compare(response.clock);
  const VectorClock server = response.clock.clock();
  contest_what_home_lost(server);
  // If this is the first time and the server knows it, it is a copy of one that had come before.
  const bool came_back = response.newcomer && comes_back(knew_server);
  if (response.newcomer || first_time) contest_early(response.stable.number, server, came_back);
  if (came_back) return note_came_back(replica_, response.stable.number);
  const bool home_says = server_home_ == server_node_;
  return home_says ? limit_came_back(replica_, response.stable.number) : Result<void>();
}

/// To a home it comes back if that gave it up, or has forgotten it. Another server knows by the
/// home's id who joined, and takes one for a newcomer only if nobody waited for it here.
bool ClientSession::comes_back(bool knew_server) const {
  if (joined_home(replica_).is_nil()) return false;
  return server_home_ != server_node_ || was_given_up(replica_) || knew_server;
}

/// Who comes for the first time, and not to the home itself, ends with a request that tells what it
/// holds now. Until the server knows that, it has to take what is written next for early.
bool ClientSession::has_to_tell() {
  const bool joins = server_home_ && server_home_ != server_node_ && !told_ &&
                     report_.pulled != 0 && joined_home(replica_) != *server_home_;
  told_ = told_ || joins;
  return joins;
}

/// With everything there and here, nodes that pass changes on to the server's home need not look
/// at what was written before. Should it not be kept, they do.
void ClientSession::note_joined() {
  const NodeId self = replica_.node();
  const bool all_there = planner_.server_clock().get(self) >= replica_.origin(self).seq;
  if (server_home_ && all_there) static_cast<void>(note_joined_home(replica_, *server_home_));
}

/// The server says in every answer what it knows of this replica, and of which settings.
void ClientSession::check_header(const AnswerHeader& header) {
  note_time(header.time);
  const bool other =
      header.settings_version != settings_version_ && !mutated(Mutation::settings_change_unnoticed);
  if (other && registrations_ < most_registrations()) registered_ = false;
  if (!header.known) return;
  WireClock known;
  known.entries.emplace(asked_as_, *header.known);
  compare(known);
}

/// After a rebase the session is opened anew, too.
unsigned ClientSession::most_registrations() const noexcept { return max_registrations + rebases_; }

}  // namespace syncline
