// Keeping a replica in sync with a server in the background.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/clock.hpp"
#include "syncline/live_channel.hpp"
#include "syncline/random.hpp"
#include "syncline/replica.hpp"
#include "syncline/sync_client.hpp"
#include "syncline/sync_progress.hpp"
#include "syncline/transport.hpp"

namespace syncline {

/// What a replicator is at.
enum class ReplicatorState : std::uint8_t {
  stopped,
  connecting,  ///< asking a server that did not answer yet, or not the last time
  syncing,     ///< exchanging
  live,        ///< connected; changes go either way as they are made
  waiting,     ///< both sides were equal; the next round has its time
  offline,     ///< the server cannot be reached; tried again at `next_attempt_us`
  failed,      ///< the server refuses; tried again, but somebody has to change something
};
/// "stopped", "live", …
std::string_view to_string(ReplicatorState state) noexcept;

/// How it stands. A value.
struct ReplicatorStatus {
  ReplicatorState state = ReplicatorState::stopped;
  /// What the server is not known to hold: changes made here, or brought here by others.
  std::uint64_t pending_changes = 0;
  std::uint64_t pending_bytes = 0;  ///< of their records; an estimate where there are many
  /// What the server was known to have at the last answer and this replica lacks.
  std::uint64_t lag_changes = 0;
  std::uint64_t lag_bytes = 0;
  std::uint64_t last_success_us = 0;  ///< since 1970, when both sides were equal last; 0: never yet
  std::optional<Error> last_error;    ///< since then
  NodeId server;                      ///< nil before the first contact
  std::uint64_t next_attempt_us = 0;  ///< since 1970; 0: one is under way, or none is planned
};

/// Keeps one replica in sync with one server, on a thread of its own, for as long as it is started.
///
/// Whatever is written to the replica goes over by itself, at once while there is a live
/// connection, and what others write comes in. While the server is away the replica is the queue;
/// nothing else is kept. All members are thread-safe.
///
/// Callbacks go through `Options::executor`, one after the other and without a lock held; they may
/// call any member but `start`, `stop` and the destructor. They must not throw. None runs, or is
/// run later, once `stop` has returned.
class Replicator {
 public:
  enum class Mode : std::uint8_t {
    live,      ///< a live connection; long polls where the server or a proxy has none
    interval,  ///< a round of requests now and then
  };
  /// How long to wait after failures: any time up to one that grows with each of them.
  struct Backoff {
    std::uint64_t first_ms = 500;
    double factor = 2;
    std::uint64_t max_ms = 60'000;
  };
  /// Where connections come from. Each is called on the replicator's threads with the token of the
  /// moment, empty if there is none.
  struct Ports {
    std::function<Result<std::unique_ptr<Transport>>(const std::string& token)> transport;
    /// Empty: the other side has no live connections.
    std::function<Result<std::unique_ptr<LiveChannel>>(const std::string& token)> live;
  };
  struct Options {
    Replica* replica = nullptr;  ///< has to outlive the replicator
    Ports ports;
    std::string tenant = "default";
    std::string remote = "default";  ///< see `SyncClient::Options`
    std::string name;                ///< shown in the server's list of peers
    std::vector<std::string> tables;
    std::vector<std::string> priority_tables;
    std::size_t batch_changes = 5000;
    std::size_t batch_bytes = std::size_t{4} << 20;
    Mode mode = Mode::live;
    std::uint64_t interval_ms = 30'000;            ///< with Mode::interval
    std::uint64_t heartbeat_interval_ms = 30'000;  ///< of signs of life while nothing happens
    Backoff backoff;
    /// Asked for every new connection, and once more when the server takes a token no more; what
    /// was transferred so far stays. Empty: no token.
    std::function<std::string()> token;
    /// Runs callbacks, e.g. by posting them to the program's own loop, in order. Empty: the
    /// replicator's thread, which waits for them.
    std::function<void(std::function<void()>)> executor;
    std::function<void(const ReplicatorStatus&)> on_status;  ///< the state is another one
    std::function<void(const SyncProgress&)> on_progress;    ///< after each request of a round
    std::function<void(const ConflictSummary&)> on_conflict;
    /// A change that did not get to the server: refused, and taken back if it was private (see
    /// `SyncReport::taken_back`; each of a transaction is told), or left to the app with the code
    /// `conflict_open` (`SyncReport::handed_to_app`). Once each while the reason is the same. What
    /// goes over in another form, dated anew or without its data, is not told.
    std::function<void(const Rejection&)> on_rejected;
    std::function<void(const IdentityChange&)> on_identity_changed;
    /// A round ended well. Names also the changes that rounds took back, or left to the app, which
    /// failed since the last one.
    std::function<void(const SyncReport&)> on_round;
    Clock* clock = nullptr;  ///< for times in the status; null: the system's
    /// Measures pauses, and has to go forward only; null: the system's monotonic one. One that is
    /// given is looked at every few milliseconds, since nobody says when it is set.
    Clock* steady_clock = nullptr;
    Random* random = nullptr;  ///< null: the system's
  };

  /// Does nothing before `start`. Errors: `bad_request` for options that make no sense.
  static Result<std::unique_ptr<Replicator>> make(Options options);
  /// As `stop`.
  ~Replicator();
  Replicator(const Replicator&) = delete;
  Replicator& operator=(const Replicator&) = delete;

  /// Idempotent; after `stop` it goes on from where it was.
  void start();
  /// Ends what is under way, wherever it waits, and returns when the thread has ended. Idempotent.
  /// Throws std::logic_error when called from a callback, which it would wait for.
  void stop();

  ReplicatorStatus status() const;
  /// Exchanges now instead of at its time, e.g. when the program hears that there is a network
  /// again. Does not wait for it. Does nothing while stopped.
  void sync_now();
  /// Returns once everything that the replica held at the call is held by the server, and what the
  /// server had at some contact after the call is here. Errors: `unavailable` at `deadline`, or
  /// when stopped, saying what is missing; `bad_request` from a callback on the replicator's own
  /// thread, which would wait for itself.
  Result<void> wait_until_synced(std::chrono::steady_clock::time_point deadline);

 private:
  struct Impl;
  explicit Replicator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Where a replicator finds its server over the network.
struct ReplicatorServer {
  std::string url;                            ///< "http://host:port", a path before /v1 is allowed
  std::string tenant = "default";             ///< as in `Replicator::Options`
  std::chrono::milliseconds timeout{75'000};  ///< of one request; longer than the longest long poll
};

/// Ports to a server by its URL. Part of `syncline::http`.
/// Errors: `bad_request` for a URL that is none.
Result<Replicator::Ports> make_http_ports(ReplicatorServer server);

}  // namespace syncline
