// What of a log's beginning stays when it is cut off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "changelog/log/storage.hpp"

namespace syncline {

/// Decides which changes from before the new beginning `first` are still needed: of each row the
/// last one from before it, which is a head, or the base on which later conflicts may part; of rows
/// that parted all that reports and later assessments look at. Where there are stable markers, also
/// what is not stable, with what it followed: who has not seen it may still write. Looks at the log
/// only, so it needs no lock: what it looks at does not change.
class TrimPlan {
 public:
  /// `stable`: what the applied marker covers; nullopt if there is no marker.
  TrimPlan(std::shared_ptr<const log_internal::Storage> storage, Lsn first,
           const std::optional<VectorClock>& stable);

  /// Keeps every change of the row whose newest change is at `newest`, back to the one at `from`.
  void keep_row(Lsn newest, Lsn from);
  /// Stable deletes that are not kept: some of them are heads still, and then have to be.
  std::vector<Lsn> take_doubtful() { return std::exchange(doubtful_, {}); }
  /// Keeps one change; nothing happens if it lies behind the beginning.
  void keep(Lsn lsn);

  Lsn first() const noexcept { return first_; }
  /// What was found to be needed since this was asked last; at first in ascending order.
  std::vector<Lsn> take_found();
  /// A kept change of the row of the change at `lsn`: itself, if it is kept. 0 if none before the
  /// beginning is.
  Lsn moved(Lsn lsn) const noexcept;
  /// How many changes there are before `first`, kept or not, and the bytes of their records.
  std::size_t changes_before() const noexcept { return newest_.size(); }
  std::uint64_t bytes_before() const noexcept { return bytes_before_; }

 private:
  std::size_t index_of(Lsn lsn) const noexcept;

  std::shared_ptr<const log_internal::Storage> storage_;
  Lsn first_;
  Lsn old_first_;
  std::size_t kept_before_ = 0;  ///< by an earlier trim
  std::vector<Lsn> newest_;      ///< of the row, before `first`; by place before `first`
  std::vector<bool> keeps_;
  std::vector<Lsn> found_;
  std::vector<Lsn> doubtful_;
  std::uint64_t bytes_before_ = 0;
};

}  // namespace syncline
