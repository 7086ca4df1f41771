// What becomes of a replica's own changes that nobody else can have yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "syncline/change.hpp"

namespace syncline {

/// What a restamping did.
struct RestampResult {
  std::size_t restamped = 0;
  HybridTime latest;  ///< of all that the replica holds now
};

/// A change that a server refused for good and that is no more: a void has its number. It is kept
/// for the app until that discards it.
struct RejectedChange {
  Change change;  ///< as it was written
  Error error;    ///< what the server said; without members
  std::uint64_t rejected_at_us = 0;
};

/// What a voiding did.
struct VoidResult {
  std::vector<Change> voided;  ///< as they were, in the order of writing
};

}  // namespace syncline
