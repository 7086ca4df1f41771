// What has become of a row's conflicts, given its heads.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "changelog/conflicts/row_history.hpp"
#include "syncline/conflict.hpp"
#include "syncline/policy.hpp"

namespace syncline {

/// How one conflict stands. LSNs are of this log; 0 is none.
struct Assessment {
  ConflictStatus status = ConflictStatus::open;
  Lsn local_tip = 0;
  Lsn remote_tip = 0;
  ConflictKind kind = ConflictKind::update_update;
  ConflictWinner winner = ConflictWinner::none;
  Lsn winner_lsn = 0;
  Lsn resolution = 0;
};

/// A conflict as the log tells it: the two changes at which the history parted. Local was held
/// first.
struct Parting {
  Lsn local = 0;
  Lsn remote = 0;
};

/// Everything that decides how a row's conflicts stand.
struct RowSituation {
  const log_internal::Storage& storage;
  const ConflictPolicy& policy;
  std::string_view tenant;
  std::span<const Lsn> heads;
  /// The row's changes from its newest back to the oldest parting change, newest first.
  std::span<const RowMember> members;
};

/// The assessments of all conflicts of one row, in the order of `partings`.
std::vector<Assessment> assess(const RowSituation& row, std::span<const Parting> partings);

}  // namespace syncline
