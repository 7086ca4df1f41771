// The bytes of a file in memory, and what a crash may leave of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "syncline/memory_files.hpp"
#include "syncline/random.hpp"

namespace syncline::journal_internal {

/// A number below `bound`, which must not be 0.
std::uint64_t random_below(Random& random, std::uint64_t bound);

/// Not thread-safe.
class MemoryContents {
 public:
  std::uint64_t size() const noexcept { return bytes_.size(); }
  /// Extends the file where needed.
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  /// How many bytes it put into `out`.
  std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> out) const;
  /// Cuts off, or extends with zeros.
  void resize(std::uint64_t size);
  /// What is there now will survive a crash.
  void sync();
  /// A sync failed: what was not synced passes for synced from now on and is not, until it is
  /// written again.
  void lose_unsynced();
  /// The same bytes, synced.
  MemoryContents copied() const;
  /// Takes back what was not synced: of each sector that changed since then all or nothing, as
  /// `random` decides, and the size is one of those the file had since then. Without `random`
  /// everything. What is left counts as synced.
  void crash(Random* random);

 private:
  static constexpr std::uint64_t sector_bytes = MemoryFiles::sector_bytes;
  using Sector = std::array<std::uint8_t, sector_bytes>;

  // Notes what the sectors that hold [from, to) are now, unless they have changed before.
  void keep_sectors(std::uint64_t from, std::uint64_t to);
  void set_size(std::uint64_t size);

  std::vector<std::uint8_t> bytes_;
  std::map<std::uint64_t, Sector> synced_;  // the sectors that changed, as they were synced
  std::map<std::uint64_t, Sector> lost_;    // those that a sync passes over, as they were synced
  std::vector<std::uint64_t> sizes_{0};     // the synced one, and all that followed it
};

}  // namespace syncline::journal_internal
