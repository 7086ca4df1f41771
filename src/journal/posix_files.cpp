#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

#include <sys/file.h>
#include <sys/stat.h>

#include "journal/file_error.hpp"
#include "journal/posix_calls.hpp"
#include "syncline/file_system.hpp"

namespace syncline {
namespace {

using journal_internal::Descriptor;
using journal_internal::file_error;
using journal_internal::uninterrupted;

// What tenants write is not for everybody on the machine to read.
constexpr mode_t file_permissions = 0640;
constexpr mode_t directory_permissions = 0750;

Descriptor open_descriptor(const std::string& path, int flags) {
  return Descriptor{
      uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, file_permissions); })};
}

// The result of a call that returns 0 or an errno.
Result<void> checked(int error, std::string_view action, const std::string& path) {
  if (error != 0) return file_error(action, path, error);
  return {};
}

// The result of a call that returns -1 and sets errno.
Result<void> checked_call(int returned, std::string_view action, const std::string& path) {
  return checked(returned < 0 ? errno : 0, action, path);
}

class PosixFile final : public File {
 public:
  PosixFile(std::string path, Descriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    return checked(journal_internal::write_all(descriptor_.number(), offset, bytes), "write",
                   path_);
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    std::size_t count = 0;
    const int error = journal_internal::read_all(descriptor_.number(), offset, out, count);
    if (error != 0) return file_error("read", path_, error);
    return count;
  }

  Result<void> sync() override {
    return checked_call(uninterrupted([&] { return ::fdatasync(descriptor_.number()); }), "sync",
                        path_);
  }

  Result<void> reserve(std::uint64_t size) override {
    return checked(journal_internal::reserve_room(descriptor_.number(), size), "reserve room for",
                   path_);
  }

  Result<void> truncate(std::uint64_t size) override {
    return checked_call(
        uninterrupted([&] { return ::ftruncate(descriptor_.number(), static_cast<off_t>(size)); }),
        "truncate", path_);
  }

  Result<std::uint64_t> size() const override {
    struct stat status{};
    if (::fstat(descriptor_.number(), &status) < 0) return file_error("examine", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  std::string path_;
  Descriptor descriptor_;
};

// flock belongs to the open file, so closing lets it go; and as each call opens the file anew, a
// second one in the same process is refused like one of another process.
class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

// What the holder of a lock wrote into its file; nothing if it cannot be read.
std::string holder_text(int descriptor) {
  std::string text(32, '\0');
  std::size_t count = 0;
  const std::span bytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  if (journal_internal::read_all(descriptor, 0, bytes, count) != 0) return {};
  text.resize(count);
  return text;
}

Result<void> write_holder(int descriptor, const std::string& path) {
  const std::string text = std::to_string(::getpid()) + "\n";
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  // Over the old text, which has its room on the disk, and the rest is cut off afterwards.
  int error = journal_internal::write_all(descriptor, 0, bytes);
  // The id is a courtesy: without it the lock holds all the same. A full disk must not keep anyone
  // from opening what is on it, so there it is left out, and with it that of the process before.
  const bool full = error == ENOSPC || error == EDQUOT;
  if (error != 0 && !full) return file_error("write", path, error);
  const off_t size = full ? 0 : static_cast<off_t>(text.size());
  error = uninterrupted([&] { return ::ftruncate(descriptor, size); }) < 0 ? errno : 0;
  return checked(error, "truncate", path);
}

// The bits of `value` well spread (splitmix64's last step), and not all of them zero.
std::uint64_t spread(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  value ^= value >> 31;
  return value == 0 ? 1 : value;
}

bool is_directory(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

class PosixFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, FileMode mode) override {
    int flags = O_RDONLY;
    if (mode == FileMode::write) flags = O_RDWR;
    if (mode == FileMode::create) flags = O_RDWR | O_CREAT | O_EXCL;
    Descriptor descriptor = open_descriptor(path, flags);
    if (descriptor.number() < 0) {
      return file_error(mode == FileMode::create ? "create" : "open", path, errno);
    }
    // The system lets one open a directory for reading and fails only at the read.
    struct stat status{};
    if (::fstat(descriptor.number(), &status) < 0) return file_error("open", path, errno);
    if (S_ISDIR(status.st_mode)) return file_error("open", path, EISDIR);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(path, std::move(descriptor)));
  }

  bool exists(const std::string& path) const override {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0;
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    return checked_call(::rename(from.c_str(), to.c_str()), "rename", from + " to " + to);
  }

  Result<void> remove(const std::string& path) override {
    return checked_call(::unlink(path.c_str()), "remove", path);
  }

  Result<void> remove_all(const std::string& path) override {
    struct stat status{};
    if (::lstat(path.c_str(), &status) < 0) return file_error("remove", path, errno);
    if (!S_ISDIR(status.st_mode)) return file_error("remove", path, ENOTDIR);
    std::error_code error;
    std::filesystem::remove_all(path, error);
    return checked(error.value(), "remove", path);
  }

  Result<void> create_directories(const std::string& path) override {
    for (std::size_t end = 0; end != std::string::npos;) {
      end = path.find('/', end + 1);
      const std::string part = path.substr(0, end);
      if (::mkdir(part.c_str(), directory_permissions) == 0) continue;
      const int error = errno;
      // Whatever the reason (there already, a parent on a read-only disk): it need not be made.
      if (is_directory(part)) continue;
      return file_error("create the directory", part, error == EEXIST ? ENOTDIR : error);
    }
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const Descriptor descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (descriptor.number() < 0) return file_error("sync", path, errno);
    return checked_call(uninterrupted([&] { return ::fsync(descriptor.number()); }), "sync", path);
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) const override {
    std::vector<DirectoryEntry> entries;
    std::error_code error;
    std::filesystem::directory_iterator next(path, error);
    for (; !error && next != std::filesystem::directory_iterator(); next.increment(error)) {
      // An entry that is gone meanwhile is no directory, whatever it was.
      std::error_code gone;
      entries.push_back({next->path().filename().string(), next->is_directory(gone)});
    }
    if (error) return file_error("list", path, error.value());
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
  }

  Result<std::uint64_t> identity(const std::string& path) const override {
    struct statx status{};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &status) < 0) {
      return file_error("examine", path, errno);
    }
    // An inode number is given anew after a removal, but with another time of birth. File systems
    // that keep none have only the number.
    std::uint64_t born_ns = 0;
    if ((status.stx_mask & STATX_BTIME) != 0) {
      born_ns = static_cast<std::uint64_t>(status.stx_btime.tv_sec) * 1'000'000'000U +
                status.stx_btime.tv_nsec;
    }
    return spread(spread(status.stx_ino) ^ born_ns);
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor descriptor = open_descriptor(path, O_RDWR | O_CREAT);
    if (descriptor.number() < 0) return file_error("lock", path, errno);
    if (uninterrupted([&] { return ::flock(descriptor.number(), LOCK_EX | LOCK_NB); }) < 0) {
      if (errno != EWOULDBLOCK) return file_error("lock", path, errno);
      return journal_internal::lock_held_error(path, holder_text(descriptor.number()));
    }
    if (auto written = write_holder(descriptor.number(), path); !written) return written.error();
    return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(std::move(descriptor)));
  }
};

}  // namespace

FileSystem& system_files() {
  static PosixFiles files;
  return files;
}

}  // namespace syncline
