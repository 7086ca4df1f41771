// A part of one row's history, read out of the log for the questions that conflicts ask.
#pragma once

#include <cstdint>
#include <vector>

#include "changelog/log/storage.hpp"
#include "syncline/change.hpp"

namespace syncline {

/// One change of a row with its place in the log.
struct RowMember {
  Lsn lsn = 0;
  ChangeView change;
};

/// The row's change before the one at `lsn`, 0 if there is none or the log holds it no more.
inline Lsn previous_of_row(const log_internal::Storage& storage, Lsn lsn) noexcept {
  return storage.previous_of_row(lsn);
}

inline bool is_or_saw(const log_internal::Storage& storage, const ChangeView& change,
                      const Dot& dot) noexcept {
  return change.dot == dot || storage.saw(change, dot);
}

/// The row's changes from the one at `newest` back to `oldest`, newest first.
std::vector<RowMember> collect_row(const log_internal::Storage& storage, Lsn newest, Lsn oldest);

/// Those changes of the row that `change`, which is not in the log yet, parts from: concurrent with
/// it and with the same row past. `newest` is the row's newest change in the log.
std::vector<Lsn> find_partings(const log_internal::Storage& storage, Lsn newest,
                               const ChangeView& change);

/// The newest change of the row before `before` that is stable, had seen all of the row before it
/// and was seen by all after it; 0 if there is none. `newest` is the row's newest change.
Lsn seal_of(const log_internal::Storage& storage, Lsn newest, Lsn before);

/// The visible one of the changes that the one at `lsn` had seen; 0 if it had seen none.
Lsn base_of(const log_internal::Storage& storage, Lsn lsn);

}  // namespace syncline
