// Conflicts: where a row's history parted, of which kind, and how it went on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/uuid/uuid.hpp>

#include "syncline/change.hpp"

namespace syncline {

/// The pair (local operation, remote operation). Local is the side that this replica held first.
enum class ConflictKind : std::uint8_t {
  update_update,
  update_delete,
  delete_update,
  insert_insert,
  insert_update,
  update_insert,
  insert_delete,
  delete_insert,
  delete_delete,  ///< always converges
};

std::string_view to_string(ConflictKind kind) noexcept;
/// Errors: `bad_request`, naming the nine.
Result<ConflictKind> conflict_kind_from_string(std::string_view name);
/// The same conflict seen from the other side.
ConflictKind mirrored(ConflictKind kind) noexcept;

enum class ConflictStatus : std::uint8_t {
  open,        ///< the policy leaves it to a person or the program, and nobody has settled it
  resolved,    ///< settled by the policy or by a change that saw both sides
  convergent,  ///< both sides say the same, byte by byte
};

std::string_view to_string(ConflictStatus status) noexcept;
/// Errors: `bad_request`, naming the three.
Result<ConflictStatus> conflict_status_from_string(std::string_view name);

/// How two changes of one row lie to each other.
struct Detection {
  CausalOrder order = CausalOrder::equal;
  /// Set if they are concurrent.
  std::optional<ConflictKind> kind;
  /// Concurrent, and both sides leave the same: the same operation class and the same bytes.
  bool convergent = false;
};

/// The decision whether two changes collide: a pure function of the two. Thread-safe, no state. It
/// goes by contexts alone: what the changes' stable markers cover is for a replica to say.
class ConflictDetector {
 public:
  /// Equal iff the dots are equal; `before`/`after` by one look-up in a context each; else
  /// concurrent.
  static CausalOrder compare(const ChangeView& local, const ChangeView& remote) noexcept;
  /// Requires two changes of one row with row operations (insert, update, delete).
  static Detection detect(const ChangeView& local, const ChangeView& remote) noexcept;
  /// The kind of the two operations, whatever their order in time.
  static ConflictKind classify(Operation local, Operation remote) noexcept;
  /// True if both leave the row with the same bytes: both deleted, or the same format and data. A
  /// stub counts as what it stands for.
  static bool same_outcome(const ChangeView& left, const ChangeView& right) noexcept;
};

/// Names a conflict, the same on every node and for every delivery: UUID version 5 (SHA-1) in
/// Syncline's namespace, of the MessagePack array [tenant, table, row_id, origin, seq, origin, seq]
/// with the two parting dots in order.
using ConflictId = boost::uuids::uuid;

ConflictId conflict_id(std::string_view tenant, std::string_view table, std::string_view row_id,
                       const Dot& first, const Dot& second);
std::string to_string(const ConflictId& id);
/// Errors: `bad_request`.
Result<ConflictId> conflict_id_from_string(std::string_view text);

/// One side's point of parting.
struct PartingChange {
  Dot dot;
  VectorClock context;
  std::uint64_t stable = 0;
  friend bool operator==(const PartingChange&, const PartingChange&) = default;
};

enum class ConflictWinner : std::uint8_t { none, local, remote, merged };
std::string_view to_string(ConflictWinner winner) noexcept;

/// A pair of concurrent changes of a row with the same row past, and what became of it. Id, parting
/// dots, tips, status and winner are the same on every node that holds the same changes; which side
/// is called local and the times of arrival and detection are each node's own. An owning value.
struct ConflictReport {
  ConflictId id{};
  ConflictKind kind = ConflictKind::update_update;
  ConflictStatus status = ConflictStatus::open;
  std::string table;
  std::string row_id;
  /// The tips: the greatest change of each side. Local is the side held here first.
  Change local;
  Change remote;
  Lsn local_lsn = 0;
  Lsn remote_lsn = 0;
  std::uint64_t local_received_us = 0;
  std::uint64_t remote_received_us = 0;
  PartingChange parted_local;
  PartingChange parted_remote;
  /// The row's value that both sides had seen last; `none` and empty if there was none.
  PayloadFormat base_format = PayloadFormat::none;
  std::string base_data;
  std::uint64_t detected_at_us = 0;
  std::string policy;
  ConflictWinner winner = ConflictWinner::none;
  std::optional<Dot> winner_dot;
  /// Who won and why, in a sentence.
  std::string reason;
  /// One side's time and its arrival, or its clock and ours, lie further apart than the drift
  /// allowed: one clock was wrong.
  bool skewed = false;
  std::optional<std::uint64_t> resolved_at_us;
  std::string resolved_by;
  /// The change that saw both sides and settled it.
  std::optional<Dot> resolution;
  /// Conflicts of this row that were found and counted but not kept, being too many.
  std::uint64_t more_of_row = 0;

  Payload base() const noexcept { return {base_format, base_data}; }
};

}  // namespace syncline
