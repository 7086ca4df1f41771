// The client's side of the sync protocol without a socket: gives requests, takes answers.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/expiry.hpp"
#include "sync/http_messages.hpp"
#include "sync/lag.hpp"
#include "sync/push_planner.hpp"
#include "sync/snapshot_collector.hpp"
#include "syncline/replica.hpp"
#include "syncline/sync_client.hpp"
#include "syncline/sync_progress.hpp"

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
    std::vector<std::string> tables;           ///< empty: all
    std::vector<std::string> priority_tables;  ///< see `SyncClient::Options`
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
  /// The place in the server's log up to which everything is held here; empty: none.
  const std::string& cursor() const noexcept { return cursor_; }
  /// What the server is known to hold: all that it said, or, before it is reached, what is held
  /// here apart from own changes that it never took.
  VectorClock server_clock() const;
  /// Tables by which the two exchange; empty: all.
  const std::vector<std::string>& tables() const noexcept { return tables_; }
  /// True while a snapshot is fetched.
  bool in_snapshot() const noexcept { return stage_ == Stage::snapshot; }
  /// Changes and their bytes that the server had and this replica lacked at the last answer, as far
  /// as known.
  const Lag& lag() const noexcept { return lag_; }
  /// Pulling was gone on with by another way, up to `cursor`, and `server` is what the server is
  /// known to hold. Errors: those of `set_property`.
  Result<void> go_on_from(std::string cursor, const VectorClock& server);
  std::uint64_t settings_version() const noexcept { return settings_version_; }
  /// How far the round has come. Looks at what there is to send.
  SyncProgress progress() const;

 private:
  enum class Stage : std::uint8_t { idle, exchange, snapshot, upload };
  /// What a snapshot is for: a new place in the server's log, rows that are wanted before that, or
  /// tables that are pulled from now on.
  enum class SnapshotUse : std::uint8_t { whole, priority, added };

  std::optional<HttpRequest> next_exchange();
  bool has_to_tell();
  void note_joined();
  ExchangeRequest build_exchange(std::optional<PushRequest> push) const;
  RegisterRequest build_registration() const;

  Result<void> on_exchange(const HttpResponse& response);
  Result<void> on_parts(const ExchangeResponse& answer);
  Result<void> on_registration(const RegisterResponse& response);
  Result<void> on_push(const PushResponse& response);
  bool cannot_fill(const Rejection& rejection) const;
  bool marker_is_ahead() const;
  bool knows_better(const Error& cause) const;

  // What helps against refusals (client_refusals.cpp).
  struct Mended;
  Result<void> mend(std::vector<Rejection>& rejected);
  Result<void> mend_own(const std::vector<Rejection>& rejected, Mended& mended);
  Result<void> take_back(const std::vector<Rejection>& refused, Mended& mended);
  Result<void> date_anew(const Rejection& refused, Mended& mended);
  IntegrateResult integrate(const ChangeList& changes, const IntegrateOptions& options);
  void note_time(HybridTime server_time);

  Result<void> on_pull(const PullResponse& response);
  void note_pulled(const PullResponse& response);
  void check_header(const AnswerHeader& header);
  /// Does what helps against `error`, or gives it back.
  Result<void> recover(const Error& error);

  // Snapshots (client_snapshot.cpp).
  std::optional<HttpRequest> next_snapshot() const;
  bool wants_snapshot(const RegisterResponse& response) const;
  void begin_first_snapshot();
  void begin_snapshot();
  void begin_snapshot_of(std::vector<std::string> tables, SnapshotUse use);
  Result<void> on_snapshot_error(const Error& error);
  Result<void> on_snapshot(const HttpResponse& response);
  Result<void> on_snapshot_complete();

  // Other tables than before (client_tables.cpp).
  bool change_tables();
  void recall();
  void end_early();
  void switch_tables();
  void leave_to_be_dropped(std::vector<std::string> held);
  void note_unwanted();
  Result<void> drop_unwanted();

  // Identity (client_rebase.cpp).
  void compare(const WireClock& server);
  void contest(const NodeId& origin, Sequence same);
  void contest_what_home_lost(const VectorClock& server);
  void contest_by(const Error& error);
  bool comes_back(bool knew_server) const;
  void contest_early(std::uint64_t number, const VectorClock& server, bool came_back = false);
  Result<void> begin_rebase(const Error& cause);
  void on_rebased(RebaseResult result);
  Result<void> remember();

  // Giving a snapshot (client_upload.cpp).
  Result<void> begin_upload(const Error& cause);
  HttpRequest next_upload();
  Result<void> on_upload(const HttpResponse& response);

  /// Once is enough, unless another replica gives less than this one has at the same time.
  static constexpr unsigned max_uploads = 2;
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
  LogId server_log_;  ///< as of the registration
  std::optional<NodeId> server_home_;
  std::set<NodeId> former_homes_;    // ids of the server before it came back older
  std::uint64_t server_marker_ = 0;  // the number of the one that the server had applied
  std::uint64_t settings_version_ = 0;
  std::uint64_t max_changes_ = 0;  // the server's limits, 0 while they are not known
  std::uint64_t max_body_bytes_ = 0;
  std::string cursor_;                 // in the server's log
  NodeId cursor_of_;                   // whose changes the pages up to there left out
  std::vector<std::string> tables_;    // by which the session goes on; sorted, empty: all
  std::vector<std::string> dropping_;  // not wanted any more, still held
  bool switching_ = false;             // to the wanted tables; the place by them is not kept yet
  bool priority_merged_ = false;
  GivenUp given_up_;
  Dot delivered_;  // of this replica's own, as known from before this session
  Lag lag_;
  // Kept from round to round until it is complete: a lost connection costs no page.
  SnapshotUse snapshot_use_ = SnapshotUse::whole;
  std::vector<std::string> snapshot_tables_;  // empty: all
  SnapshotCollector collector_;

  // Of the round.
  Stage stage_ = Stage::idle;
  bool bootstrap_only_ = false;
  bool pulled_all_ = false;
  bool told_ = false;  ///< the server what is held now: see `has_to_tell`
  unsigned registrations_ = 0;
  unsigned bootstraps_ = 0;
  unsigned rebases_ = 0;
  unsigned restamps_ = 0;
  unsigned uploads_ = 0;
  RebaseOptions rebase_options_;    // what was found out
  std::uint64_t pulled_bytes_ = 0;  // of records
  std::uint64_t pushed_bytes_ = 0;
  Snapshot upload_;  // where the snapshot that is given begins; without its records
  SnapshotPosition upload_position_;
  std::optional<SnapshotPosition> upload_next_;
  SyncReport report_;
  std::set<ConflictId> noted_;
};

}  // namespace syncline
