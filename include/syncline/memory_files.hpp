// A file system in memory that can crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "syncline/file_system.hpp"
#include "syncline/random.hpp"

namespace syncline {

/// Files in memory with the durability of a disk: it knows what was synced and what was not, and
/// `crash` takes back what was not. For tests and simulations. Thread-safe.
class MemoryFiles final : public FileSystem {
 public:
  static constexpr std::size_t sector_bytes = 512;

  MemoryFiles();
  ~MemoryFiles() override;

  Result<std::unique_ptr<File>> open(const std::string& path, FileMode mode) override;
  bool exists(const std::string& path) const override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> remove_all(const std::string& path) override;
  Result<void> create_directories(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& path) const override;
  Result<std::uint64_t> identity(const std::string& path) const override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  /// What a power cut leaves: of every file what was synced, and of each sector written since then
  /// the old or the new bytes as `random` decides (so sectors come torn and out of order); names as
  /// they were at their directory's last sync, each later change kept or dropped in order, up to a
  /// point that `random` decides. Files that are open fail from now on; locks are gone.
  void crash(Random& random);
  /// The same, keeping nothing that was not synced.
  void crash_to_synced();
  /// What a failed sync of the file at `path`, if there is one, may do: the sectors that were not
  /// synced pass for synced, so that a later sync leaves them out, until they are written again. A
  /// crash treats them as any that were not synced.
  void lose_unsynced(const std::string& path);
  /// Bytes that may be held in all files; a write or reservation beyond fails like a full disk.
  void set_capacity(std::uint64_t bytes);
  /// A copy of the directory `from` with all in it as `to`, as `cp -r` makes it: synced, and with
  /// identities of their own. With `keep_identity` as an image of the whole disk would.
  Result<void> copy(const std::string& from, const std::string& to, bool keep_identity = false);

 private:
  struct State;  // the disk; open files and locks share it
  std::shared_ptr<State> state_;
};

}  // namespace syncline
