// A file system that fails where a test says so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "syncline/memory_files.hpp"

namespace syncline::test {

/// What becomes of a step that a test picked. A failure is `unavailable`, and its detail ends with
/// "injected".
enum class Fault : std::uint8_t {
  /// It fails and nothing is done.
  refused,
  /// A write fails after the first half of its bytes, everything else as when `refused`.
  torn,
  /// A sync of a file fails, and what it should have made durable is lost to later ones, which
  /// report success: until it is written again. That is what a kernel does that takes failed pages
  /// for written. Everything else as when `refused`.
  lost,
  /// A sync, of a file or a directory, reports success and does nothing: a disk that lies.
  /// Everything else is done as always.
  dropped,
};

/// Hands everything on to another file system, and counts the steps that change something: open
/// with `FileMode::create`, `write_at`, `sync`, `reserve`, `truncate`, `rename`, `remove`,
/// `remove_all`, `create_directories` and `sync_directory`. The first one is step 1; those that
/// fail count as well. Thread-safe, if the hook is. Open files may outlive it.
class FaultyFiles final : public FileSystem {
 public:
  /// `inner` has to outlive it and the files opened through it.
  explicit FaultyFiles(MemoryFiles& inner);
  ~FaultyFiles() override;

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

  /// How many steps there were.
  std::uint64_t steps() const;
  /// Picks step `step`, and no other. This call and the next two take the place of each other.
  void fail_at(std::uint64_t step, Fault fault = Fault::refused);
  /// Picks step `step` and all after it.
  void fail_from(std::uint64_t step, Fault fault = Fault::refused);
  /// Picks no step any more. What was `lost` stays so until a crash.
  void stop_failing();
  /// `hook` is called with its number before each step, without a lock: it may use the file
  /// systems.
  void on_step(std::function<void(std::uint64_t)> hook);

 private:
  struct State;
  class FaultyFile;

  MemoryFiles& inner_;
  std::shared_ptr<State> state_;
};

}  // namespace syncline::test
