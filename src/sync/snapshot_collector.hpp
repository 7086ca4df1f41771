// Putting a snapshot together from its pages.
#pragma once

#include <cstddef>
#include <string>

#include "sync/messages.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// Takes the pages of one snapshot in order.
class SnapshotCollector {
 public:
  /// Errors: `bad_request` if the page does not go on with the snapshot.
  Result<void> add(SnapshotResponse page);
  /// What to ask for next; empty at first, and when `complete`.
  const std::string& next_page() const noexcept { return next_page_; }
  bool complete() const noexcept { return begun_ && next_page_.empty(); }
  /// There are pages, and there are more to come.
  bool under_way() const noexcept { return begun_ && !next_page_.empty(); }
  /// Where to go on with pulling.
  const std::string& cursor() const noexcept { return cursor_; }
  std::size_t records() const noexcept { return snapshot_.rows.size() + snapshot_.history.size(); }
  std::uint64_t bytes() const noexcept { return bytes_; }  ///< of the records
  /// Requires `complete`. The collector is empty afterwards.
  Snapshot take();

 private:
  bool begun_ = false;
  std::string next_page_;
  std::string cursor_;
  Snapshot snapshot_;
  std::uint64_t bytes_ = 0;
};

}  // namespace syncline
