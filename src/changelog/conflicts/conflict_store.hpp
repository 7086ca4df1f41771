// The conflicts of one replica, in the order in which they were found.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/uuid/uuid_hash.hpp>

#include "changelog/conflicts/assessment.hpp"
#include "changelog/rows/row_table.hpp"

namespace syncline {

/// One conflict as it is kept: where the history parted and, as long as the row has not changed
/// since, how it stands. All that a report says beyond it is read from the log when it is asked
/// for.
struct KeptConflict {
  Parting parting;        ///< of no changes: the report was dropped
  std::uint32_t row = 0;  ///< index of the parted row
  std::uint64_t detected_at_us = 0;
  Assessment assessment;
};

/// Keeps conflicts and assesses them when somebody looks: a write only marks the row. Not
/// thread-safe: the replica's lock, and its own among readers, guard it.
class ConflictStore {
 public:
  /// Files the conflict and marks its row. Beyond the limit per row it is only counted.
  /// Returns false then.
  bool add(RowTable& rows, std::uint32_t row, Parting parting, std::uint64_t detected_at_us);

  /// Files a conflict that was kept before, and with it how many of its row were not.
  void restore(RowTable& rows, std::uint32_t row, Parting parting, std::uint64_t detected_at_us,
               std::uint64_t not_kept);

  /// Gives a conflict the sides and the time that it had in a log before this one.
  void inherit(std::size_t index, Parting parting, std::uint64_t detected_at_us) {
    conflicts_[index].parting = parting;
    conflicts_[index].detected_at_us = detected_at_us;
  }

  /// Of all that were ever kept: some may have been dropped, see `is_kept`.
  std::size_t size() const noexcept { return conflicts_.size(); }
  bool is_kept(std::size_t index) const noexcept { return conflicts_[index].parting.local != 0; }
  std::size_t kept() const noexcept { return conflicts_.size() - dropped_; }
  /// Lets a report go; from now on it is only counted. Its place stays empty.
  void drop(const log_internal::Storage& storage, RowTable& rows, std::size_t index,
            std::string_view tenant);
  /// Counts conflicts that no row tells of.
  void count_not_kept(std::uint64_t count) noexcept { not_kept_ += count; }
  /// Where looking for reports that are too old or too many goes on.
  std::size_t bounded_up_to() const noexcept { return bounded_up_to_; }
  void set_bounded_up_to(std::size_t index) noexcept { bounded_up_to_ = index; }
  const KeptConflict& operator[](std::size_t index) const noexcept { return conflicts_[index]; }
  std::uint64_t not_kept() const noexcept { return not_kept_; }
  std::size_t memory_bytes() const noexcept;

  /// Which policy a table has, and whose conflicts these are.
  struct Rules {
    std::string_view tenant;
    const PolicySettings& policies;
  };
  /// Brings the assessments of a row up to date, if they are not.
  void assess_row(const log_internal::Storage& storage, RowTable& rows, std::uint32_t row,
                  const Rules& rules);
  /// The conflict called `id`; nullopt if there is none. Names all conflicts that have no name yet.
  std::optional<std::size_t> find(const log_internal::Storage& storage, const Rules& rules,
                                  const ConflictId& id);
  ConflictId id_of(const log_internal::Storage& storage, std::string_view tenant,
                   std::size_t index) const;
  /// Who won it. Requires an assessed row.
  std::optional<Dot> winner_of(const log_internal::Storage& storage, std::size_t index) const;
  /// The whole report. Requires an assessed row.
  ConflictReport report(const log_internal::Storage& storage, const RowTable& rows,
                        const Rules& rules, std::size_t index) const;

 private:
  std::vector<KeptConflict> conflicts_;
  std::uint64_t not_kept_ = 0;
  std::size_t dropped_ = 0;
  std::size_t bounded_up_to_ = 0;
  boost::unordered_flat_map<ConflictId, std::uint32_t, boost::hash<ConflictId>> by_id_;
  std::size_t named_ = 0;  // conflicts below this index are in by_id_
};

/// The policy in force for `table`.
const ConflictPolicy& policy_for(const PolicySettings& settings, std::string_view table) noexcept;

}  // namespace syncline
