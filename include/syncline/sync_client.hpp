// The client side of synchronisation: one call does a whole round.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "syncline/replica.hpp"
#include "syncline/transport.hpp"

namespace syncline {

/// A replica that was found to be an older copy, or one of two, goes on under another id.
struct IdentityChange {
  NodeId before;
  NodeId after;
};

/// What one round moved.
struct SyncReport {
  std::size_t pushed = 0;    ///< changes sent
  std::size_t accepted = 0;  ///< of these: taken, or held there already
  /// Of these: refused by the server, in the end. One for each change that was taken back, too.
  std::vector<Rejection> rejected;
  std::size_t pulled = 0;                  ///< changes received
  std::size_t applied = 0;                 ///< of these: new here
  std::vector<ConflictSummary> conflicts;  ///< found on either side during the round, each once
  /// Set if the replica had to take a new id: what referred to the old one has ended.
  std::optional<IdentityChange> identity_changed;
  std::size_t rewritten = 0;  ///< changes that could not stay as they were and were written anew
  std::size_t voided = 0;     ///< of such, those that lost: a void keeps their bytes
  /// Of such, those that the policy leaves to the app, as they were: it may write them again.
  std::vector<Change> handed_to_app;
  /// Own changes that the server will never take and that nobody else can have, as they were: they
  /// were taken back, with the rest of their transactions. Why is in `rejected`. They stay in
  /// `Replica::rejected_changes` until the app discards them.
  std::vector<Change> taken_back;
  std::size_t restamped = 0;    ///< own changes that were dated too far ahead, and are no more
  std::size_t stubs_sent = 0;   ///< changes that the server takes without their data only
  std::size_t stubs_taken = 0;  ///< changes whose data are more than this replica takes
  /// How far this replica's clock is ahead (+) of the server's or behind it (-), in microseconds,
  /// by the last answer; too much by how long that was under way. The server's time is a hybrid
  /// one: behind means behind the latest that the server has seen.
  std::int64_t clock_offset_us = 0;
  bool clock_is_off = false;  ///< by more than the drift that the server allows
  std::uint64_t requests = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t body_bytes = 0;  ///< sent and received, as they are without compression
  std::uint64_t duration_us = 0;
};

/// Exchanges one replica with one server over one transport. Not thread-safe (the replica is).
class SyncClient {
 public:
  struct Options {
    std::string tenant = "default";
    /// Under which name the place in the server's log is kept with the replica, so that the next
    /// start goes on from there. One name a server.
    std::string remote = "default";
    std::string name;   ///< shown in the server's list of peers
    bool json = false;  ///< JSON bodies instead of MessagePack, for debugging
    /// At most, in one push or page; the server's limits are kept.
    std::size_t batch_changes = 5000;
    std::size_t batch_bytes = std::size_t{4} << 20;
    /// Only these tables; empty: all. A replica with a choice sends its own changes and passes
    /// nothing else on. Another choice than at the last round is taken up by the next one: what is
    /// new in it is fetched, and what is no more in it is dropped here once the server has all of
    /// it.
    std::vector<std::string> tables;
    /// Whose rows are fetched and shown first where a first round takes a snapshot.
    std::vector<std::string> priority_tables;
    /// Called after each request with the totals so far. May be empty.
    std::function<void(const SyncReport&)> on_progress;
  };

  /// `replica` and `transport` have to outlive the client.
  SyncClient(Replica& replica, Transport& transport, Options options);
  ~SyncClient();
  SyncClient(const SyncClient&) = delete;
  SyncClient& operator=(const SyncClient&) = delete;

  /// One whole round: registers if need be, pushes everything that the server lacks and pulls
  /// everything that this replica lacks, however many requests it takes; an idle round takes one.
  /// On an error what was exchanged stays exchanged, and the next call goes on from there. If it
  /// turns out that this replica came back older than it was, or twice, or holds other changes than
  /// the server under one dot, it takes the server's snapshot, rebases and goes on: see the report.
  /// Errors: `unavailable`, what the server answered (`tenant_not_found`, …).
  Result<SyncReport> sync();
  /// Replaces this replica's contents by the server's snapshot merged with its own; as `sync` does,
  /// it rebases if need be.
  Result<SyncReport> bootstrap();
  /// The server's replica, nil before the first contact.
  NodeId server_node() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline
