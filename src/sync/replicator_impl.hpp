// The inside of a replicator, shared by its files.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "sync/callback_gate.hpp"
#include "sync/client_session.hpp"
#include "sync/lag.hpp"
#include "sync/live_client.hpp"
#include "sync/poll_listener.hpp"
#include "sync/replicator_plan.hpp"
#include "syncline/replicator.hpp"

namespace syncline {

/// One thread does everything that changes something: rounds, live connections, waiting in between.
/// Others leave notes for it under `mutex`, and read what it shows.
struct Replicator::Impl {
  explicit Impl(Options given);

  // For everybody (replicator.cpp).
  void start();
  void stop();
  ReplicatorStatus status();
  void wake(bool wanted);
  Result<void> wait_until_synced(std::chrono::steady_clock::time_point deadline);

  // For the thread (replicator_worker.cpp).
  void run();
  void take_notes();
  void wait(const ReplicatorPlan::Step& step);
  void round();
  void count(const HttpRequest& request, const Result<HttpResponse>& response);
  void tell(const SyncReport& report);
  void end_round(std::uint64_t ticket, const Result<void>& ended);
  void listen(bool wanted);
  void take_poll();
  Result<HttpResponse> send(const HttpRequest& request);
  Result<void> connect();
  bool renew_token();
  void show();
  bool stopping();
  /// True on the replicator's thread.
  bool here() const noexcept;
  std::uint64_t now_us() const;

  // For the thread, while a live connection lasts (replicator_live.cpp).
  void live(const ReplicatorPlan::Step& step);
  Result<std::unique_ptr<LiveChannel>> open_channel();
  Result<void> drive(LiveChannel& channel, LiveClient& client, const ReplicatorPlan::Step& step);
  Result<bool> receive(LiveChannel& channel, LiveClient& client, std::uint64_t until_us);
  Result<void> send_all(LiveChannel& channel, LiveClient& client);
  Result<void> keep_place(LiveClient& client);
  void heed(LiveClient& client);
  bool has_notes();
  void show_live(LiveClient& client);

  const Options options;
  Replica& replica;
  Clock& clock;
  Random& random;
  CallbackGate gate;

  std::mutex lifecycle;  ///< of `start` and `stop`; taken before `mutex`
  std::thread worker;

  // What others may look at, and leave notes in.
  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;
  bool stop_wanted = false;
  bool committed = false;        ///< something was written to the replica
  bool wanted = false;           ///< somebody wants a round
  bool rung = false;             ///< the long poll has come to an end
  std::uint64_t calls = 0;       ///< of those who wait until all is in sync
  std::uint64_t answered = 0;    ///< calls up to this one: the server was heard since
  Transport* sending = nullptr;  ///< to be cancelled when stopping
  LiveChannel* channel = nullptr;
  struct View {
    ReplicatorState state = ReplicatorState::stopped;
    VectorClock server_clock;
    bool only_own = false;
    Lag lag;
    std::uint64_t last_success_us = 0;
    std::optional<Error> last_error;
    NodeId server;
    std::uint64_t next_attempt_us = 0;
  } view;

  // The thread's own.
  ClientSession session;
  HttpMessages messages;
  ReplicatorPlan plan;
  std::unique_ptr<Transport> transport;
  std::unique_ptr<PollListener> listener;
  std::string token;
  bool not_durable_yet = false;  ///< what was written has to be looked for again soon
  std::uint64_t poll_at_us = 0;
  std::uint64_t asked = 0;  ///< calls that the live connection was asked for
  std::uint64_t live_begun_by_us = 0;
  std::string kept_cursor;
  std::set<NodeId> refused;                ///< of which the last round left something refused
  std::map<Dot, ErrorCode> told_refusals;  ///< to the program
  SyncReport unreported;                   ///< only the changes that are the app's now
  SyncReport traffic;                      ///< only requests and bytes, of the round
};

}  // namespace syncline
