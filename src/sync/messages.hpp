// The messages of the sync protocol as types, and their way from and to bodies.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sync/body.hpp"
#include "syncline/replica.hpp"
#include "syncline/tenant.hpp"

namespace syncline {

/// The version of the wire protocol that is spoken here.
inline constexpr std::uint64_t protocol_version = 1;

/// A clock as it travels: with the chain hash of each origin that the sender holds whole.
struct WireClock {
  struct Entry {
    Sequence seq = 0;
    std::optional<std::uint64_t> chain;
    friend bool operator==(const Entry&, const Entry&) noexcept = default;
  };
  std::map<NodeId, Entry> entries;

  WireClock() = default;
  explicit WireClock(const VectorClock& clock);
  VectorClock clock() const;
  friend bool operator==(const WireClock&, const WireClock&) = default;
};

/// `{uuid: seq}` or `{uuid: [seq, hash]}`.
nlohmann::json clock_to_body(const WireClock& clock);
/// Errors: `bad_request` naming `member`.
Result<WireClock> clock_from_body(const nlohmann::json& body, std::string_view member);
/// Sixteen hex digits, as hashes are written.
std::string hash_to_text(std::uint64_t hash);

/// The bytes of one record.
using RecordBytes = std::vector<std::uint8_t>;

/// Changes with their places in the sender's log.
struct ChangeList {
  std::vector<RecordBytes> records;
  std::vector<Lsn> lsns;  ///< as many as records, or none

  std::vector<std::string_view> views() const;  ///< of the records, valid as long as they are
  void add(const LogEntry& entry);
};

/// What every answer carries.
struct AnswerHeader {
  HybridTime time;
  LogId log_id;
  /// The caller's origin as held by the answering replica; absent where no caller was named.
  std::optional<WireClock::Entry> known;
  std::uint64_t settings_version = 0;
};

/// The member of an error by which the tenant's home says, when it refuses a registration, the
/// number of the stable marker that it has applied.
inline constexpr std::string_view home_marker_member = "home_marker";

/// The member of an error by which a server that refuses a registration, because the two hold
/// different changes under the same dots, names the origins of all of these: ids with spaces
/// between.
inline constexpr std::string_view differing_member = "differing";

/// The number and vector of the last stable marker.
struct StableState {
  std::uint64_t number = 0;
  VectorClock clock;
};

/// Errors: `protocol_unsupported` with `supported`, unless this version is among those spoken.
Result<void> check_protocol(const std::vector<std::uint64_t>& spoken);

struct RegisterRequest {
  std::vector<std::uint64_t> protocol;
  NodeId node_id;
  std::string name;
  std::string role = "edge";  ///< "edge" or "cloud"
  WireClock clock;
  std::optional<std::vector<std::string>> tables;  ///< nullopt: all
  std::optional<HybridTime> time;                  ///< the caller's clock
  Metadata metadata;
  /// The id that the caller gave up for this one; nil: none. What is kept of it can go.
  NodeId replaces;
  /// The tenant's home, if the caller registered with it or with somebody who did; nil: it did not.
  NodeId home;

  /// Errors: `protocol_unsupported`, whatever the rest of the body is; `bad_request`.
  static Result<RegisterRequest> from_body(const nlohmann::json& body);
  nlohmann::json to_body() const;
};

struct RegisterResponse {
  AnswerHeader header;
  std::uint64_t protocol = protocol_version;
  NodeId node_id;  ///< of the answering replica
  WireClock clock;
  Lsn lsn = 0;
  Lsn oldest_lsn = 0;
  std::uint64_t lease_s = 0;
  /// Stands for what the answering side is now. Repeated in rounds, it tells whether it still is.
  std::string session;
  StableState stable;
  /// The caller is new here although something is stable: what it wrote before it had applied that
  /// marker is not taken, and has to be written anew.
  bool newcomer = false;
  /// To a newcomer, whose snapshot need not have the home's entries about them: who was given up
  /// and has not come back. Up to `limits::max_peers`.
  std::vector<NodeId> given_up;
  std::optional<NodeId> home;  ///< nullopt: none
  Retention retention;
  PolicySettings policies;
  std::uint64_t max_clock_drift_ms = 0;
  std::uint64_t max_batch_changes = 0;
  std::uint64_t max_body_bytes = 0;
  std::uint64_t max_change_bytes = 0;

  static Result<RegisterResponse> from_body(const nlohmann::json& body);
  nlohmann::json to_body() const;
};

struct PushRequest {
  NodeId node_id;
  /// Without the malformed ones; LSNs are not sent.
  ChangeList changes;
  /// The index of each of them in the batch as it was sent.
  std::vector<std::size_t> indexes;
  /// Changes that could not be read although their dots could (`invalid_change`).
  std::vector<Rejection> malformed;
  std::optional<WireClock> clock;

  /// Takes the records out of `body`. Errors: `bad_request`; `invalid_change` with `index` if not
  /// even the dot of a change can be read.
  static Result<PushRequest> from_body(nlohmann::json&& body);
  nlohmann::json to_body() const;
};

struct PushResponse {
  AnswerHeader header;
  std::size_t received = 0;
  std::size_t applied = 0;
  std::size_t superseded = 0;
  std::size_t duplicates = 0;
  std::size_t convergent = 0;
  std::vector<ConflictSummary> conflicts;
  std::vector<Rejection> rejected;
  VectorClock acked;
  Lsn lsn = 0;

  static Result<PushResponse> from_body(const nlohmann::json& body);
  nlohmann::json to_body() const;
};

struct PullRequest {
  NodeId node_id;
  std::string cursor;  ///< empty: from the beginning
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> max_bytes;
  std::uint64_t wait_ms = 0;
  std::optional<WireClock> have;
  bool include_own = false;
  JsonPayload payload = JsonPayload::text;

  static Result<PullRequest> from_body(const nlohmann::json& body);
  nlohmann::json to_body() const;
};

struct PullResponse {
  AnswerHeader header;
  ChangeList changes;
  std::string cursor;
  bool has_more = false;
  VectorClock covers;
  Lsn lsn = 0;
  /// Not on the wire: the last LSN delivered or passed over. Who waits for more waits for a greater
  /// one.
  Lsn examined = 0;

  static Result<PullResponse> from_body(nlohmann::json&& body);
  nlohmann::json to_body() const;
};

struct HeartbeatRequest {
  NodeId node_id;
  WireClock clock;
  std::string cursor = {};  ///< empty: none yet
  /// Of a replica that has peers of its own: what it and all of them hold. nullopt: `clock`.
  std::optional<WireClock> vouched = std::nullopt;

  static Result<HeartbeatRequest> from_body(const nlohmann::json& body);
  nlohmann::json to_body() const;
};

struct HeartbeatResponse {
  AnswerHeader header;
  Lsn lsn = 0;
  std::uint64_t lag_changes = 0;
  std::uint64_t lag_bytes = 0;  ///< of records; estimated when the lag is long
  StableState stable;

  static Result<HeartbeatResponse> from_body(const nlohmann::json& body);
  nlohmann::json to_body() const;
};

/// Why parts of a round could not be read.
struct ExchangeProblems {
  std::optional<Error> registration;
  std::optional<Error> push;
  std::optional<Error> heartbeat;
  std::optional<Error> pull;
};

/// A whole round. The parts' `node_id` is that of the round.
struct ExchangeRequest {
  NodeId node_id;
  std::string session;  ///< as registering gave it; empty: not said
  std::optional<RegisterRequest> registration;
  std::optional<PushRequest> push;
  std::optional<HeartbeatRequest> heartbeat;
  std::optional<PullRequest> pull;
  /// Not on the wire: of a part that is absent above although it was sent.
  ExchangeProblems problems;

  /// Errors: `bad_request` for the round as a whole; those of its parts are in `problems`.
  static Result<ExchangeRequest> from_body(nlohmann::json&& body);
  nlohmann::json to_body() const;
};

/// Each part that was asked for and done, with its result or its own error.
struct ExchangeResponse {
  AnswerHeader header;
  std::optional<Result<RegisterResponse>> registration;
  std::optional<Result<PushResponse>> push;
  std::optional<Result<HeartbeatResponse>> heartbeat;
  std::optional<Result<PullResponse>> pull;

  static Result<ExchangeResponse> from_body(nlohmann::json&& body);
  nlohmann::json to_body() const;
};

struct SnapshotRequest {
  std::string page;                 ///< empty: the first
  std::vector<std::string> tables;  ///< empty: all
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> max_bytes;
  NodeId node_id;  ///< nil if the caller did not say
};

struct SnapshotResponse {
  AnswerHeader header;
  NodeId giver;
  ChangeList rows;
  ChangeList history;  ///< without markers
  ChangeList markers;
  std::vector<ConflictReport> conflicts;
  std::string next_page;  ///< empty: there is none
  WireClock clock;
  Lsn lsn = 0;
  StableState stable;
  std::string cursor;

  /// Leaves out `conflicts`: a receiver finds them anew from the changes.
  static Result<SnapshotResponse> from_body(nlohmann::json&& body);
  nlohmann::json to_body(BodyFormat format, JsonPayload payload) const;
};

/// A page of the caller's own snapshot, for a server that lacks what the caller has trimmed.
struct SnapshotUpload {
  NodeId node_id;
  bool first = false;  ///< it begins anew
  /// Origins under whose dots the server holds other changes than the caller, as far as known.
  std::vector<NodeId> contested;
  /// As an answer's page; `next_page` is not empty while there are more.
  SnapshotResponse page;

  static Result<SnapshotUpload> from_body(nlohmann::json&& body);
  nlohmann::json to_body() const;
};

struct UploadResponse {
  AnswerHeader header;
  /// The server holds all that the snapshot's clock covers: no more pages are wanted.
  bool complete = false;

  static Result<UploadResponse> from_body(const nlohmann::json& body);
  nlohmann::json to_body() const;
};

}  // namespace syncline
