// Conflicts that a rebase decided: the log tells only what was written after the decision.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "changelog/conflicts/assessment.hpp"
#include "changelog/conflicts/rebased.hpp"

namespace syncline {

/// The two sides: the change or void that was written anew, and what it was decided against.
struct RebaseSides {
  Lsn written = 0;
  Lsn against = 0;  ///< 0 if it is not held here
  Rebased names;    ///< `against` is set
  bool written_is_local = false;
};

/// The parting under which the decision that `change`, at `lsn`, tells of is kept: both sides or,
/// if the other one is not held here, `lsn` twice. nullopt if it tells of none.
std::optional<Parting> rebase_parting(const log_internal::Storage& storage,
                                      const ChangeView& change, Lsn lsn);

/// nullopt if the parting is one that was found by its changes' contexts, as most are.
std::optional<RebaseSides> rebase_sides(const log_internal::Storage& storage,
                                        const Parting& parting);

/// How it stands: as it was decided, unless a change of `members` overruled that by naming `id`.
Assessment assess_rebase(const RowSituation& row, const RebaseSides& sides);

/// Names it, the same wherever the written change is held.
ConflictId rebase_conflict_id(const log_internal::Storage& storage, std::string_view tenant,
                              const RebaseSides& sides);

/// Who won and why, in a sentence.
std::string explain_rebase(const log_internal::Storage& storage, const RebaseSides& sides);

}  // namespace syncline
