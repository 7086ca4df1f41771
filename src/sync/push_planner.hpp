// Which changes to send next, and what their answers mean.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sync/messages.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// Sends a server, in log order and in batches, everything that it lacks of every origin. Keeps
/// what the server holds, as far as the server told. What it refuses is not sent again within the
/// round, nor what comes after it of the same origin; the changes of other origins go on.
class PushPlanner {
 public:
  struct Options {
    std::size_t batch_changes = 0;
    std::size_t batch_bytes = 0;
    /// A replica with a table filter passes nothing on. What it wrote under an id that it gave up
    /// is its own as well.
    bool only_own = false;
  };
  /// What became of a batch.
  struct Outcome {
    std::size_t accepted = 0;
    std::vector<Rejection> rejected;
  };

  /// `replica` has to outlive the planner.
  PushPlanner(const Replica& replica, const Options& options);

  /// Forgets what was refused. Others may have sent the server something since the last round.
  void begin_round();
  /// The server holds exactly this.
  void set_server_clock(VectorClock clock);
  /// The server holds this, too; `all`: and nothing else, or only what came in a moment ago.
  void raise_server_clock(const VectorClock& clock, bool all = false) {
    server_clock_.merge(clock);
    heard_ = heard_ || all;
  }
  /// Under which name is noted what went to the server: see `Replica::mark_sent`.
  void set_server_name(std::string name) { server_name_ = std::move(name); }
  void set_server_limits(std::size_t max_changes, std::size_t max_body_bytes);
  /// Sends nothing of this origin in this round.
  void pass_over(const NodeId& origin) { block(origin); }
  bool knows_server() const noexcept { return knows_server_; }
  /// What the server holds, as far as it told last.
  const VectorClock& server_clock() const noexcept { return server_clock_; }
  /// See the option of this name.
  void set_only_own(bool only_own) noexcept { options_.only_own = only_own; }
  void forget_server() noexcept { knows_server_ = false; }

  /// That the log has everything that the server lacks. Errors: `cursor_trimmed`; then nothing is
  /// sent, since it would have a hole.
  Result<void> check_held() const;
  /// The next batch; nullopt if the server lacks nothing, or what it holds is not known. What
  /// others wrote may have reached the server by another path: it is not sent before the server was
  /// heard in this round. A replica that only writes needs not ask first.
  std::optional<PushRequest> next();
  /// The answer to the batch that `next` gave last.
  Outcome on_answer(const PushResponse& response);
  /// That batch is more than the server takes: the next one will be smaller. If it cannot be, its
  /// changes are given up for this round and named in the answer.
  std::vector<Rejection> on_too_large(const Error& error);
  /// What was refused of this origin has another form now: it goes on.
  void unblock(const NodeId& origin) { blocked_.set(origin, 0); }
  /// From now on this change is sent without its data. False if it was before.
  bool send_as_stub(const Dot& dot) { return stubs_.insert(dot).second; }
  std::size_t sent() const noexcept { return sent_.size(); }

 private:
  static const Rejection* first_of(const NodeId& origin, const std::vector<Rejection>& rejected);
  std::set<NodeId> go_back_over_gaps(const std::vector<Rejection>& rejected);
  void block(const NodeId& origin);
  VectorClock passed_over() const;
  /// A stable marker takes effect in log order: it stays here while something before it does. The
  /// origin of one on `page` that would come too early.
  std::optional<NodeId> overtaken_by(const ReadPage& page) const;
  Lsn first_to_send(const VectorClock& passed_over) const;

  const Replica& replica_;
  Options options_;
  std::string server_name_;
  std::set<Dot> stubs_;
  VectorClock server_clock_;
  bool knows_server_ = false;
  std::size_t max_changes_;
  std::size_t max_bytes_;

  // Of this round.
  bool heard_ = false;          // the server told what it holds
  VectorClock blocked_;         // origins of refused changes, with the greatest number there is
  std::set<NodeId> gone_back_;  // origins whose holes were filled once
  std::size_t shrunk_changes_ = std::numeric_limits<std::size_t>::max();
  std::size_t least_refused_ = std::numeric_limits<std::size_t>::max();
  std::vector<Dot> sent_;
};

}  // namespace syncline
