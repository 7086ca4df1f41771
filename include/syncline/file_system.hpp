// Files as the journal needs them: a port, the operating system behind it, and a twin in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/error.hpp"

namespace syncline {

/// How a file is opened.
enum class FileMode : std::uint8_t {
  read,    ///< an existing one, for reading
  write,   ///< an existing one, for reading and writing
  create,  ///< one that must not be there yet, for reading and writing
};

/// One open file; closed by the destructor. Not thread-safe, except that reads may run beside each
/// other. All errors are `unavailable` and name the file and what the system said; after an error
/// of `write_at` the bytes in its range may be old, new or mixed, those elsewhere are untouched.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  /// Writes all of `bytes`, extending the file where needed (a hole reads as zeros). What a crash
  /// leaves of it is unknown, sector by sector, until `sync` has returned.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;
  /// Reads up to `out.size()` bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
  /// Makes durable what was written and the file's size (fdatasync). After an error nothing that
  /// was written since the last successful call may be taken for durable, whatever a later call
  /// says.
  virtual Result<void> sync() = 0;
  /// Takes room on the disk, so that writes below `size` will not fail for want of it. Extends the
  /// file to `size` with zeros; never makes it smaller.
  virtual Result<void> reserve(std::uint64_t size) = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() const = 0;
};

/// Held as long as it lives; lets the lock go in its destructor (and the system does when the
/// process ends in any way).
class FileLock {
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  virtual ~FileLock() = default;
};

/// What is in a directory.
struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
  friend bool operator==(const DirectoryEntry&, const DirectoryEntry&) = default;
};

/// A file system. Paths are UTF-8, with '/' between parts. Thread-safe. Errors are `unavailable`
/// (and `not_found` for what is not there), naming the path and what the system said.
class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, FileMode mode) = 0;
  virtual bool exists(const std::string& path) const = 0;
  /// Takes the place of `to` if that is there: after a crash there is the one or the other, whole.
  /// Durable after `sync_directory`.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  /// A file. Durable after `sync_directory`.
  virtual Result<void> remove(const std::string& path) = 0;
  /// A directory with all that is in it.
  virtual Result<void> remove_all(const std::string& path) = 0;
  /// With its parents; none of them has to be missing.
  virtual Result<void> create_directories(const std::string& path) = 0;
  /// Makes durable which names the directory has: those created, renamed and removed in it.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Sorted by name, without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) const = 0;
  /// A number that a directory keeps through everything that happens inside it and when it is
  /// moved, and that no copy of it has (on Linux made of its inode number and time of birth). 0:
  /// the system cannot tell.
  virtual Result<std::uint64_t> identity(const std::string& path) const = 0;
  /// Locks the file at `path`, creating it if need be, and writes this process's id into it, as
  /// text. Errors: `unavailable` naming the id found in it, if another process (or another lock of
  /// this one) holds it; only then with the member `process`, 0 if it is not known.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// The operating system's files. Lives as long as the program. Thread-safe.
FileSystem& system_files();

/// Reads a file whole. Errors: `not_found`, `unavailable`, `too_large` beyond `max_bytes`.
Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t max_bytes);

/// Puts a file of these bytes at `path`, in the place of one that may be there, so that after a
/// crash there is the old one or the new one, whole; durable when it returns. Uses `path` + ".new".
Result<void> replace_file(FileSystem& files, const std::string& path, std::string_view bytes);

/// `directory` + '/' + `name`.
std::string join_path(std::string_view directory, std::string_view name);

}  // namespace syncline
