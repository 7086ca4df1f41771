// Files and directories in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "journal/memory_contents.hpp"

namespace syncline::journal_internal {

struct MemoryNode;
using NodePointer = std::shared_ptr<MemoryNode>;

/// One change of the names in a directory, done as a whole. A null pointer takes the name away.
struct NameChange {
  struct Edit {
    std::string name;
    NodePointer node;
  };
  std::vector<Edit> edits;
  /// Not 0: half of a rename from one directory into another, which bears the same number there.
  /// After a crash there are both halves or neither.
  std::uint64_t move = 0;
};

/// The names in a directory, and what a crash may leave of them. Not thread-safe.
class MemoryNames {
 public:
  const std::map<std::string, NodePointer>& now() const noexcept { return now_; }
  /// Those that a crash brings back, if it keeps none of `pending`.
  const std::map<std::string, NodePointer>& synced() const noexcept { return synced_; }
  /// What happened since then, in order.
  const std::vector<NameChange>& pending() const noexcept { return pending_; }

  void change(NameChange change);
  /// What is there now will survive a crash.
  void sync();
  /// The same for one name only, whatever happens to the others.
  void sync_name(const std::string& name);
  /// Goes back to the synced names and the first `kept` of the pending changes.
  void crash(std::size_t kept);

 private:
  std::map<std::string, NodePointer> now_;
  std::map<std::string, NodePointer> synced_;
  std::vector<NameChange> pending_;
};

/// A file, or a directory. Open files and locks share it with the directory that names it.
struct MemoryNode {
  bool is_directory = false;
  std::uint64_t identity = 0;
  bool locked = false;
  MemoryContents contents;  ///< of a file
  MemoryNames names;        ///< of a directory
};

}  // namespace syncline::journal_internal
