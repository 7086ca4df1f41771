// What a replicator does next, and when. Events and the time go in, the next step comes out.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "syncline/error.hpp"
#include "syncline/random.hpp"
#include "syncline/replicator.hpp"

namespace syncline {

/// A moment that does not come.
inline constexpr std::uint64_t never_us = std::numeric_limits<std::uint64_t>::max();

/// Decides between rounds, a live connection and waiting. Times are those of one clock that does
/// not go back, in microseconds. Rounds do all healing: whatever goes wrong with a live connection
/// leads to one. Not thread-safe.
class ReplicatorPlan {
 public:
  struct Options {
    bool live = true;
    std::uint64_t interval_ms = 0;  ///< between rounds, unless `live`
    std::uint64_t heartbeat_interval_ms = 0;
    Replicator::Backoff backoff;
  };
  enum class Act : std::uint8_t {
    wait,   ///< until `until_us`, or until something happens
    round,  ///< a round of requests
    live,   ///< a live connection, to be left at `until_us` for a round
  };
  struct Step {
    Act act = Act::wait;
    std::uint64_t until_us = never_us;
    /// While waiting: a long poll has to tell of what is new at the server.
    bool listen = false;
  };

  /// `random` has to outlive the plan.
  ReplicatorPlan(const Options& options, Random& random) : options_(options), random_(&random) {}

  Step next(std::uint64_t now_us) const;
  ReplicatorState state() const noexcept { return state_; }
  /// When the server is asked next without a cause; nullopt while it is being asked.
  std::optional<std::uint64_t> next_attempt_us() const noexcept;

  /// Something was written here.
  void on_commit(std::uint64_t now_us);
  /// The long poll says that there is something.
  void on_bell(std::uint64_t now_us);
  /// Somebody wants a round now. Only the server's own word on when to come back is waited for.
  void on_wanted(std::uint64_t now_us);

  void on_round_begun();
  /// Both sides are equal; `refused`: but for changes that the server did not take.
  void on_round_ended(std::uint64_t now_us, bool refused);
  void on_round_failed(std::uint64_t now_us, const Error& error);

  void on_live_begun(std::uint64_t now_us);
  /// It could not be opened.
  void on_live_not_opened(std::uint64_t now_us, const Error& error);
  /// It was left for a round, or ended with `error`.
  void on_live_ended(std::uint64_t now_us, const std::optional<Error>& error);

 private:
  std::uint64_t backoff_us(unsigned failures);
  void honour_retry_after(std::uint64_t now_us, const Error& error);
  bool listens(std::uint64_t now_us) const noexcept;

  Options options_;
  Random* random_;
  ReplicatorState state_ = ReplicatorState::connecting;
  std::uint64_t round_at_us_ = 0;
  std::uint64_t not_before_us_ = 0;         ///< as the server said
  std::uint64_t live_at_us_ = 0;            ///< not tried before
  std::uint64_t refused_at_us_ = never_us;  ///< when what was refused is offered again
  std::uint64_t live_since_us_ = 0;
  unsigned failures_ = 0;
  unsigned live_failures_ = 0;
  bool equal_ = false;        ///< the last round ended well
  bool unspoken_ = false;     ///< live is not spoken there, until `live_at_us_`
  bool more_wanted_ = false;  ///< since the round under way began
};

/// True for what does not get better by trying again: somebody has to change something first.
bool needs_somebody(const Error& error) noexcept;

}  // namespace syncline
