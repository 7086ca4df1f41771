// The names of what must hold.

#include <array>

#include "judge.hpp"

namespace syncline::sim {

std::span<const Invariant> invariants() {
  constexpr std::string_view step = "after every step";
  constexpr std::string_view rest = "at rest";
  static constexpr std::array all = {
      Invariant{"one_dot_one_content",
                "A change is the same wherever it is held; what was only at its writer may get "
                "another form, what came about twice is settled by the end",
                "after every step; at rest"},
      Invariant{"only_what_was_written", "No log holds a change that nobody made", step},
      Invariant{"no_holes_below_a_summary", "What a summary covers is held", step},
      Invariant{"summaries_never_go_back", "A summary covers what it did before", step},
      Invariant{"logs_are_causally_closed", "What a change saw comes before it in every log", step},
      Invariant{"contexts_tell_what_was_seen",
                "Context and marker of a change cover just what its writer held of the row",
                "when it is written"},
      Invariant{"heads_are_the_maximal_changes",
                "The heads of a row are the changes that no other one held saw", step},
      Invariant{"the_greatest_head_is_shown",
                "The visible change is the greatest head by (hybrid time, origin, number), with "
                "its bytes",
                step},
      Invariant{"no_resurrection", "What was deleted does not come back without a write", step},
      Invariant{"verdicts_follow_the_heads",
                "A change is filed as applied, superseded, convergent or conflict as the heads "
                "there tell",
                step},
      Invariant{"redelivery_changes_nothing",
                "What came before is not filed again, and keeps its verdict",
                "after every step; at rest"},
      Invariant{"conflicts_are_where_history_parted",
                "The conflicts are the concurrent pairs with the same row past; none is withdrawn",
                step},
      Invariant{"statuses_follow_from_the_heads",
                "Open, convergent, resolved: as the heads and the policy tell; each pair of heads "
                "with different bytes is kept apart by an open one under causal",
                step},
      Invariant{"tips_are_the_greatest", "Tips and kind of a report are those of its sides", step},
      Invariant{"conflicts_are_won_by_the_policy", "A report names the right winner", step},
      Invariant{"resolved_stays_resolved",
                "A report names the causally first change that settled it", step},
      Invariant{"time_grows_along_causality",
                "A change is dated after all that its replica held when it was written",
                "when it is written"},
      Invariant{"times_are_bounded_at_the_server",
                "A server takes no change that its writer dates too far ahead", step},
      Invariant{"transactions_are_whole", "No log ends within a transaction",
                "after every step; after a crash"},
      Invariant{"only_durable_changes_leave",
                "What another replica holds survives a crash of its writer",
                "after every step; after a crash"},
      Invariant{"durable_stays_durable", "What was durable stays so", step},
      Invariant{"acknowledged_is_durable",
                "What a peer is known to hold survives a crash of that peer", step},
      Invariant{"markers_cover_what_is_held", "What a marker covers is held by who has it", step},
      Invariant{"what_comes_has_seen_what_is_stable",
                "A change that comes after a marker was written by one who had seen what that "
                "covers",
                step},
      Invariant{"nothing_acknowledged_is_lost",
                "A write that succeeded stays, is replaced by one that saw it, or is written anew "
                "or decided by a rebase, unless it went with a disk that nobody had a copy of",
                "when it is written; after a start; at rest"},
      Invariant{"each_pushed_change_has_one_verdict",
                "What is refused for good is taken back once, and listed until it is discarded",
                "after a round; after a start; at rest"},
      Invariant{"all_agree_in_the_end",
                "After healing and two rounds of each pair: the same summaries, changes, "
                "checksums, markers, policies",
                rest},
      Invariant{"all_report_the_same_conflicts",
                "The same ids, statuses, tips, winners and resolutions", rest},
      Invariant{"a_filtered_replica_is_the_filter_over_a_full_one",
                "It shows its tables as a full one does, and covers what that covers", rest},
      Invariant{"counts_are_right", "Rows, deletes and conflicts are counted as they are", rest},
      Invariant{"replicas_write_nothing_by_themselves",
                "Automatic policies and exchanges write nothing but what a rebase has to", rest},
      Invariant{"memory_stays_within_its_budget",
                "A server holds no more bytes of changes than its plan allows, and no replica more "
                "memory than its changes account for",
                "after every step; memory at rest"},
      Invariant{"pending_falls_to_0", "All that was written gets to the servers", rest},
      Invariant{"rounds_succeed", "Once all are well, no round fails", rest},
      Invariant{"two_rounds_suffice",
                "After two rounds of a pair the third moves nothing and takes one request", rest},
      Invariant{"exact_replay", "The same script does the same again", "where it is run twice"},
      Invariant{"tenants_are_apart", "No byte of one tenant is in an answer to another",
                "after every answer"},
      Invariant{"no_exception", "No exception leaves the library", "always"},
      Invariant{"no_internal_error", "No write and no round ends with the code internal", "always"},
      Invariant{"restarts", "A process starts on its data, whatever a crash left of them",
                "at each start"},
  };
  return all;
}

}  // namespace syncline::sim
