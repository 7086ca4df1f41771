// Deliberate mistakes, to see that the tests catch them. In ordinary builds all of this is nothing.
#pragma once

#include <cstdint>
#include <string_view>

namespace syncline {

/// One deliberate mistake in the merge. `mutated` names where it is made.
enum class Mutation : std::uint8_t {
  none,
  drop_loser,                     ///< of several heads only the greatest is kept
  no_origin_in_tie_break,         ///< equal times are not ordered any further
  greater_or_equal_for_greater,   ///< of two changes dated alike the one looked at later wins
  receiver_increments,            ///< who receives a change counts its own clock up
  write_sees_visible_head_only,   ///< a write's context leaves out the siblings
  merge_snapshot_without_maxima,  ///< after a snapshot, heads of both sides stay heads
  cut_transaction,                ///< a transaction that came in part is taken
  summary_before_change,          ///< the summary covers a change that was refused
  collect_uncovered,              ///< deletes are forgotten before they are stable
  collect_beside_sibling,         ///< a row is forgotten although it has another head
  marker_before_its_turn,         ///< a marker is applied before what comes before it in the log
  snapshot_no_markers,            ///< snapshots leave the markers out
  base_of_heads_only,             ///< snapshots leave out all that is stable but the heads
};

#if defined(SYNCLINE_ENABLE_MUTANTS)
/// True if the mistake called `which` is switched on by the environment variable SYNCLINE_MUTANT.
bool mutated(Mutation which) noexcept;
#else
constexpr bool mutated(Mutation) noexcept { return false; }
#endif

}  // namespace syncline
