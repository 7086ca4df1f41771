#include "changelog/mutation.hpp"

#if defined(SYNCLINE_ENABLE_MUTANTS)

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace syncline {
namespace {

Mutation chosen() noexcept {
  using Named = std::pair<std::string_view, Mutation>;
  constexpr std::array names = {
      Named{"drop_loser", Mutation::drop_loser},
      Named{"no_origin_in_tie_break", Mutation::no_origin_in_tie_break},
      Named{"greater_or_equal_for_greater", Mutation::greater_or_equal_for_greater},
      Named{"receiver_increments", Mutation::receiver_increments},
      Named{"write_sees_visible_head_only", Mutation::write_sees_visible_head_only},
      Named{"merge_snapshot_without_maxima", Mutation::merge_snapshot_without_maxima},
      Named{"cut_transaction", Mutation::cut_transaction},
      Named{"summary_before_change", Mutation::summary_before_change},
      Named{"collect_uncovered", Mutation::collect_uncovered},
      Named{"collect_beside_sibling", Mutation::collect_beside_sibling},
      Named{"marker_before_its_turn", Mutation::marker_before_its_turn},
      Named{"snapshot_no_markers", Mutation::snapshot_no_markers},
      Named{"base_of_heads_only", Mutation::base_of_heads_only},
  };
  const char* wanted = std::getenv("SYNCLINE_MUTANT");
  if (wanted == nullptr || *wanted == '\0') return Mutation::none;
  for (const auto& [name, mutation] : names) {
    if (name == wanted) return mutation;
  }
  // A misspelt mutant must not pass for a survivor or for a caught one.
  std::fprintf(stderr, "unknown mutant '%s'\n", wanted);
  std::abort();
}

}  // namespace

bool mutated(Mutation which) noexcept {
  static const Mutation active = chosen();
  return active == which;
}

}  // namespace syncline

#endif
