// The client's side of a live connection without a socket: messages in, messages out.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/expiry.hpp"
#include "sync/live_frames.hpp"
#include "sync/push_planner.hpp"
#include "syncline/replica.hpp"
#include "syncline/sync_client.hpp"

namespace syncline {

/// One replica's part in one live connection, which goes on from where a round ended. It sends what
/// is written here as it is written, one batch at a time, and takes what the server sends: applied
/// and durable first, then acknowledged and granted anew. It heals nothing: whatever goes wrong is
/// an error, and the next round finds out what helps. Not thread-safe (the replica is).
class LiveClient {
 public:
  struct Options {
    std::string name;
    BodyFormat format = BodyFormat::msgpack;
    std::size_t batch_changes = 0;
    std::size_t batch_bytes = 0;
    std::vector<std::string> tables;     ///< as in the round; empty: all
    std::string cursor;                  ///< the round's place in the server's log
    std::uint64_t settings_version = 0;  ///< that the round brought
    std::set<NodeId> refused;            ///< origins of which the server takes no more for now
    std::uint64_t heartbeat_interval_us = 0;
  };

  /// `replica` has to outlive the client. Times are those of any clock that does not go back.
  LiveClient(Replica& replica, Options options, std::uint64_t now_us);

  /// What to send now, in order.
  std::vector<LiveMessage> take_output();
  /// Errors: what the server said is wrong, or what it sent; the connection is of no more use.
  Result<void> on_message(const LiveMessage& message, std::uint64_t now_us);
  /// Something may have been written here.
  void on_commit();
  /// Nothing more has arrived for the moment: acknowledges what has, if it is time.
  void on_idle(std::uint64_t now_us);
  /// When `on_idle` has something to do, if nothing happens before.
  std::uint64_t next_due_us() const noexcept;
  /// Asks the server where it is; see `settled`.
  void ask(std::uint64_t now_us);

  /// The server has taken this replica in.
  bool begun() const noexcept { return begun_; }
  /// The server refused something: a round has to see to that.
  bool wants_round() const noexcept { return wants_round_; }
  /// Everything that the server had when it answered the last `ask` is here.
  bool settled() const noexcept { return settled_; }
  const std::string& cursor() const noexcept { return options_.cursor; }
  const VectorClock& server_clock() const noexcept { return planner_.server_clock(); }
  std::uint64_t lag_changes() const noexcept { return lag_changes_; }
  std::uint64_t lag_bytes() const noexcept { return lag_bytes_; }
  /// Since the last call.
  std::vector<ConflictSummary> take_conflicts();

 private:
  Result<void> on_body(const RegisterResponse& answer, std::uint64_t now_us);
  Result<void> on_body(const PushResponse& answer);
  Result<void> on_body(const PullResponse& changes);
  Result<void> on_body(const HeartbeatResponse& answer, std::uint64_t id);
  Result<void> on_error(const Error& error, std::uint64_t id, std::uint64_t now_us);
  Result<void> check_header(const AnswerHeader& header) const;
  Result<void> compare(const WireClock& server) const;
  void send(LiveBody body);
  void push_more();
  void send_heartbeat(std::uint64_t now_us);

  Replica& replica_;
  Options options_;
  const NodeId self_;
  NodeId server_;
  GivenUp given_up_;
  PushPlanner planner_;
  std::vector<LiveMessage> output_;
  std::vector<ConflictSummary> conflicts_;
  std::uint64_t last_id_ = 0;
  std::uint64_t heartbeat_at_us_ = 0;
  std::uint64_t heartbeat_sent_us_ = 0;
  std::uint64_t pause_until_us_ = 0;  // as the server said
  std::uint64_t pull_id_ = 0;
  std::uint64_t push_id_ = 0;
  std::uint64_t asked_id_ = 0;     // of the heartbeat that `ask` sent, or less
  std::optional<Lsn> wanted_lsn_;  // that the server had when it answered that
  std::uint64_t lag_changes_ = 0;
  std::uint64_t lag_bytes_ = 0;
  bool begun_ = false;
  bool pushing_ = false;
  bool push_paused_ = false;
  bool unacknowledged_ = false;
  bool wants_round_ = false;
  bool settled_ = false;
};

}  // namespace syncline
