// Copying what stays of a log's beginning to memory of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "changelog/log/storage.hpp"

namespace syncline::log_internal {

/// Fills segments with copies of changes that are needed further while those around them go.
class KeptCopier {
 public:
  /// `claim` gives the numbers of segments. `from` has to outlive the copier.
  KeptCopier(const Storage& from, std::function<std::uint64_t()> claim);

  void reserve(std::size_t changes) { part_.kept->reserve(changes); }
  /// Copies a change that `from` holds and was not copied yet.
  void add(Lsn lsn);
  /// What was copied so far. Not sorted, and nothing else of it is set.
  TrimmedPart& part() noexcept { return part_; }

 private:
  void add_segment(std::size_t at_least);

  const Storage& from_;
  std::function<std::uint64_t()> claim_;
  TrimmedPart part_;
  std::size_t used_ = 0;
  std::size_t usual_bytes_ = first_segment_bytes;
};

}  // namespace syncline::log_internal
