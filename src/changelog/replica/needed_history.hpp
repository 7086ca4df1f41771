// How far back a row's history still matters.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "changelog/replica/impl.hpp"

namespace syncline {

/// Tells which changes of a row's past snapshots and trims can leave out. Of each row a *seal* is
/// looked for: a stable change that had seen all before it and was seen by all after it. What is to
/// come has seen it, too. So nothing before a seal can have a say in anything but the conflicts
/// that are still reported. The replica's lock is held.
class NeededHistory {
 public:
  explicit NeededHistory(const Replica::Impl& impl) : impl_(impl) {}

  /// The row is needed from this change on; 0: all of it.
  Lsn from(const PartedRow& row) const;
  /// True if the change at `lsn`, which is no head, is needed by anybody.
  bool needs(const ChangeView& change, Lsn lsn);

 private:
  bool needs_void(const ChangeView& change, Lsn lsn) const;

  const Replica::Impl& impl_;
  /// Where the histories begin of rows that were looked at, by their newest change.
  boost::unordered_flat_map<Lsn, Lsn> begins_;
};

}  // namespace syncline
