// The client's side of the sync protocol without a socket: gives requests, takes answers.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/http_messages.hpp"
#include "sync/push_planner.hpp"
#include "sync/snapshot_collector.hpp"
#include "syncline/replica.hpp"
#include "syncline/sync_client.hpp"

namespace syncline {

/// One replica's exchange with one server, over any number of rounds. Whoever drives it sends what
/// `next_request` gives and hands the answer to `on_response`, until there is no next request.
/// Between rounds it keeps what the server is known to hold and the place in the server's log, so
/// that an idle round is one request. Not thread-safe (the replica is).
class ClientSession {
 public:
  struct Options {
    std::string tenant;
    std::string remote;  ///< see `SyncClient::Options`
    std::string name;
    BodyFormat format = BodyFormat::msgpack;
    std::size_t batch_changes = 0;
    std::size_t batch_bytes = 0;
    std::vector<std::string> tables;  ///< empty: all
  };

  /// `replica` has to outlive the session.
  ClientSession(Replica& replica, Options options);

  /// Begins a round: everything goes over that either side lacks.
  void begin_round();
  /// Begins to take a snapshot and to merge it.
  void begin_bootstrap();
  /// What to send now; nullopt: the round is over.
  std::optional<HttpRequest> next_request();
  /// Takes the answer to that request. Errors: what the server answered; the round is over then.
  Result<void> on_response(const HttpResponse& response);
  /// Instead of an answer: the server may have taken the request or not, and may be another one
  /// when it is reached again.
  void on_connection_lost();

  /// The counts of this round; requests, bytes and time are those of who drives it.
  const SyncReport& report() const noexcept { return report_; }
  NodeId server_node() const noexcept { return server_node_; }

 private:
  enum class Stage : std::uint8_t { idle, exchange, snapshot };

  std::optional<HttpRequest> next_exchange();
  ExchangeRequest build_exchange(std::optional<PushRequest> push) const;
  RegisterRequest build_registration() const;

  Result<void> on_exchange(const HttpResponse& response);
  Result<void> on_parts(const ExchangeResponse& answer);
  Result<void> on_registration(const RegisterResponse& response);
  Result<void> on_push(const PushResponse& response);
  bool cannot_fill(const Rejection& rejection) const;

  // What helps against refusals (client_refusals.cpp).
  struct Mended;
  Result<void> mend(std::vector<Rejection>& rejected);
  Result<void> mend_own(const std::vector<Rejection>& rejected, Mended& mended);
  Result<void> take_back(const std::vector<Rejection>& refused, Mended& mended);
  Result<void> date_anew(const Rejection& refused, Mended& mended);
  IntegrateResult integrate(const ChangeList& changes, const IntegrateOptions& options);
  void note_time(HybridTime server_time);

  Result<void> on_pull(const PullResponse& response);
  void check_header(const AnswerHeader& header);
  /// Does what helps against `error`, or gives it back.
  Result<void> recover(const Error& error);

  // Identity and snapshots (client_rebase.cpp).
  std::optional<HttpRequest> next_snapshot() const;
  void compare(const WireClock& server);
  void contest(const NodeId& origin, Sequence same);
  void contest_by(const Error& error);
  void begin_snapshot();
  Result<void> begin_rebase(const Error& cause);
  Result<void> on_snapshot(const HttpResponse& response);
  void on_rebased(RebaseResult result);
  Result<void> remember();

  /// How often a round takes a snapshot because its place in the server's log is no more: for a log
  /// that is another one, and for one that takes another id when it hears what is known of it.
  static constexpr unsigned max_bootstraps = 3;
  unsigned most_registrations() const noexcept;
  void note_conflicts(const std::vector<ConflictSummary>& conflicts);
  Result<void> give_up(const Error& error);

  Replica& replica_;
  const Options options_;
  const HttpMessages messages_;

  // Of the session.
  PushPlanner planner_;
  bool registered_ = false;
  NodeId asked_as_;  // this replica's id in the last request: it may have another one by now
  NodeId server_node_;
  std::string server_session_;
  std::uint64_t settings_version_ = 0;
  std::uint64_t max_changes_ = 0;  // the server's limits, 0 while they are not known
  std::uint64_t max_body_bytes_ = 0;
  std::string cursor_;  // in the server's log

  // Of the round.
  Stage stage_ = Stage::idle;
  bool bootstrap_only_ = false;
  bool pulled_all_ = false;
  unsigned registrations_ = 0;
  unsigned bootstraps_ = 0;
  unsigned rebases_ = 0;
  unsigned restamps_ = 0;
  RebaseOptions rebase_options_;              // what was found out
  std::vector<std::string> snapshot_tables_;  // empty: all
  SnapshotCollector collector_;
  SyncReport report_;
  std::set<ConflictId> noted_;
};

}  // namespace syncline
