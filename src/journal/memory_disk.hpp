// The tree of a file system in memory: finding nodes, changing names, and what a crash leaves.
#pragma once

#include <cstdint>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "journal/memory_node.hpp"
#include "syncline/random.hpp"

namespace syncline::journal_internal {

/// Where a path leads. A path is relative to the root, whether it begins with '/' or not.
struct MemoryPlace {
  NodePointer parent;  ///< null for the root, and where no directory holds the last name
  std::string name;    ///< the last part of the path
  NodePointer node;    ///< null if there is nothing
};

/// Callers lock `mutex` around each call and around everything they do with nodes.
class MemoryDisk {
 public:
  MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;
  ~MemoryDisk();

  mutable std::mutex mutex;
  /// How often it has crashed: what was opened before a crash is no longer good.
  std::uint64_t crashes = 0;
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();

  MemoryPlace find(std::string_view path) const;
  /// How many bytes the files may grow together.
  std::uint64_t free_bytes() const;

  NodePointer create(const MemoryPlace& place, bool is_directory);
  void remove(const MemoryPlace& place);
  /// A directory with all in it, file after file, so that a crash may leave a part of it.
  void remove_all(const MemoryPlace& place);
  void move(const MemoryPlace& from, const MemoryPlace& to);
  void sync_names(MemoryNode& directory);
  /// A copy of `from` with all in it at `path`, where nothing is, synced with the way there.
  void copy(const NodePointer& from, std::string_view path, bool keep_identity);
  /// See `MemoryFiles::crash`; without `random`, `crash_to_synced`.
  void crash(Random* random);

 private:
  NodePointer copied(const MemoryNode& from, bool keep_identity);
  // All directories that are there or may be back after a crash, in an order that is always the
  // same.
  std::vector<NodePointer> all_directories() const;

  NodePointer root_;
  std::uint64_t last_identity_ = 0;
  std::uint64_t last_move_ = 0;
  std::set<std::uint64_t> half_synced_moves_;
};

/// How many bytes are in a file, or in all files of a directory.
std::uint64_t bytes_in(const MemoryNode& node);

/// The parts of a path between slashes, without empty ones and ".".
std::vector<std::string_view> path_parts(std::string_view path);

}  // namespace syncline::journal_internal
