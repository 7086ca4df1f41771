#include "syncline/memory_files.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

#include "journal/file_error.hpp"
#include "journal/memory_disk.hpp"

namespace syncline {

using journal_internal::file_error;
using journal_internal::MemoryDisk;
using journal_internal::MemoryPlace;
using journal_internal::NodePointer;

struct MemoryFiles::State : MemoryDisk {};

namespace {

using Guard = std::lock_guard<std::mutex>;

constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 48;

class MemoryFile final : public File {
 public:
  // The caller has the disk's mutex.
  MemoryFile(std::shared_ptr<MemoryDisk> disk, NodePointer node, std::string path, FileMode mode)
      : disk_(std::move(disk)),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(mode != FileMode::read),
        crashes_(disk_->crashes) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    const Guard guard(disk_->mutex);
    if (auto good = check("write", writable_ ? 0 : EBADF); !good) return good;
    if (offset > max_file_bytes || bytes.size() > max_file_bytes) {
      return file_error("write", path_, EFBIG);
    }
    const std::uint64_t end = offset + bytes.size();
    const std::uint64_t room_end = end_of_room();
    // Like a disk that fills up, it takes what it has room for.
    const bool full = !bytes.empty() && end > room_end;
    if (full) bytes = bytes.first(room_end > offset ? room_end - offset : 0);
    node_->contents.write_at(offset, bytes);
    if (full) return file_error("write", path_, ENOSPC);
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    const Guard guard(disk_->mutex);
    if (auto good = check("read"); !good) return good.error();
    return node_->contents.read_at(offset, out);
  }

  Result<void> sync() override {
    const Guard guard(disk_->mutex);
    if (auto good = check("sync"); !good) return good;
    node_->contents.sync();
    return {};
  }

  Result<void> reserve(std::uint64_t size) override {
    const Guard guard(disk_->mutex);
    return size <= node_->contents.size() ? check("reserve room for", writable_ ? 0 : EBADF)
                                          : resize("reserve room for", size);
  }

  Result<void> truncate(std::uint64_t size) override {
    const Guard guard(disk_->mutex);
    return resize("truncate", size);
  }

  Result<std::uint64_t> size() const override {
    const Guard guard(disk_->mutex);
    if (auto good = check("examine"); !good) return good.error();
    return node_->contents.size();
  }

 private:
  Result<void> check(std::string_view action, int error = 0) const {
    if (disk_->crashes != crashes_) {
      return Error{ErrorCode::unavailable, "cannot " + std::string(action) + " " + path_ +
                                               ": it was opened before a crash; open it again"};
    }
    if (error != 0) return file_error(action, path_, error);
    return {};
  }

  // How large the file can become.
  std::uint64_t end_of_room() const {
    return node_->contents.size() + std::min(disk_->free_bytes(), max_file_bytes);
  }

  Result<void> resize(std::string_view action, std::uint64_t size) {
    int error = writable_ ? 0 : EBADF;
    if (error == 0 && size > max_file_bytes) error = EFBIG;
    if (error == 0 && size > end_of_room()) error = ENOSPC;
    if (auto good = check(action, error); !good) return good;
    node_->contents.resize(size);
    return {};
  }

  std::shared_ptr<MemoryDisk> disk_;
  NodePointer node_;
  std::string path_;
  bool writable_;
  std::uint64_t crashes_;
};

class MemoryLock final : public FileLock {
 public:
  // The caller has the disk's mutex.
  MemoryLock(std::shared_ptr<MemoryDisk> disk, NodePointer node)
      : disk_(std::move(disk)), node_(std::move(node)), crashes_(disk_->crashes) {
    node_->locked = true;
  }

  ~MemoryLock() override {
    const Guard guard(disk_->mutex);
    // After a crash the lock may be somebody else's.
    if (disk_->crashes == crashes_) node_->locked = false;
  }

 private:
  std::shared_ptr<MemoryDisk> disk_;
  NodePointer node_;
  std::uint64_t crashes_;
};

// Why nothing can be created there, or 0.
int creation_error(const MemoryPlace& place) {
  if (place.node != nullptr) return EEXIST;
  return place.parent == nullptr ? ENOENT : 0;
}

// Why the one cannot take the place of the other, or 0.
int rename_error(const MemoryDisk& disk, const MemoryPlace& from, const std::string& to_path) {
  const MemoryPlace to = disk.find(to_path);
  if (from.node == nullptr || (to.node == nullptr && to.parent == nullptr)) return ENOENT;
  if (from.parent == nullptr || to.parent == nullptr) return EBUSY;  // the root
  std::string way;
  for (const std::string_view part : journal_internal::path_parts(to_path)) {
    if (from.node->is_directory && from.node != to.node && disk.find(way).node == from.node) {
      return EINVAL;  // into itself
    }
    way = join_path(way, part);
  }
  if (to.node == nullptr || to.node == from.node) return 0;
  if (to.node->is_directory != from.node->is_directory) {
    return to.node->is_directory ? EISDIR : ENOTDIR;
  }
  return to.node->names.now().empty() ? 0 : ENOTEMPTY;
}

}  // namespace

MemoryFiles::MemoryFiles() : state_(std::make_shared<State>()) {}
MemoryFiles::~MemoryFiles() = default;

Result<std::unique_ptr<File>> MemoryFiles::open(const std::string& path, FileMode mode) {
  const Guard guard(state_->mutex);
  MemoryPlace place = state_->find(path);
  if (mode == FileMode::create) {
    if (const int error = creation_error(place); error != 0) {
      return file_error("create", path, error);
    }
    place.node = state_->create(place, false);
  }
  if (place.node == nullptr) return file_error("open", path, ENOENT);
  if (place.node->is_directory) return file_error("open", path, EISDIR);
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(state_, place.node, path, mode));
}

bool MemoryFiles::exists(const std::string& path) const {
  const Guard guard(state_->mutex);
  return state_->find(path).node != nullptr;
}

Result<void> MemoryFiles::rename(const std::string& from, const std::string& to) {
  const Guard guard(state_->mutex);
  const MemoryPlace place = state_->find(from);
  if (const int error = rename_error(*state_, place, to); error != 0) {
    return file_error("rename", from + " to " + to, error);
  }
  state_->move(place, state_->find(to));
  return {};
}

Result<void> MemoryFiles::remove(const std::string& path) {
  const Guard guard(state_->mutex);
  const MemoryPlace place = state_->find(path);
  if (place.node == nullptr) return file_error("remove", path, ENOENT);
  if (place.node->is_directory) return file_error("remove", path, EISDIR);
  state_->remove(place);
  return {};
}

Result<void> MemoryFiles::remove_all(const std::string& path) {
  const Guard guard(state_->mutex);
  const MemoryPlace place = state_->find(path);
  if (place.node == nullptr) return file_error("remove", path, ENOENT);
  if (!place.node->is_directory) return file_error("remove", path, ENOTDIR);
  if (place.parent == nullptr) return file_error("remove", path, EBUSY);  // the root
  state_->remove_all(place);
  return {};
}

Result<void> MemoryFiles::create_directories(const std::string& path) {
  const Guard guard(state_->mutex);
  std::string way;
  for (const std::string_view part : journal_internal::path_parts(path)) {
    way = join_path(way, part);
    const MemoryPlace place = state_->find(way);
    if (place.node == nullptr) {
      state_->create(place, true);
    } else if (!place.node->is_directory) {
      return file_error("create the directory", way, ENOTDIR);
    }
  }
  return {};
}

Result<void> MemoryFiles::sync_directory(const std::string& path) {
  const Guard guard(state_->mutex);
  const NodePointer node = state_->find(path).node;
  if (node == nullptr) return file_error("sync", path, ENOENT);
  if (!node->is_directory) return file_error("sync", path, ENOTDIR);
  state_->sync_names(*node);
  return {};
}

Result<std::vector<DirectoryEntry>> MemoryFiles::list(const std::string& path) const {
  const Guard guard(state_->mutex);
  const NodePointer node = state_->find(path).node;
  if (node == nullptr) return file_error("list", path, ENOENT);
  if (!node->is_directory) return file_error("list", path, ENOTDIR);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->names.now()) {
    entries.push_back({name, child->is_directory});
  }
  return entries;
}

Result<std::uint64_t> MemoryFiles::identity(const std::string& path) const {
  const Guard guard(state_->mutex);
  const NodePointer node = state_->find(path).node;
  if (node == nullptr) return file_error("examine", path, ENOENT);
  return node->identity;
}

Result<std::unique_ptr<FileLock>> MemoryFiles::lock(const std::string& path) {
  const Guard guard(state_->mutex);
  MemoryPlace place = state_->find(path);
  if (place.node == nullptr) {
    if (place.parent == nullptr) return file_error("lock", path, ENOENT);
    place.node = state_->create(place, false);
  }
  if (place.node->is_directory) return file_error("lock", path, EISDIR);
  journal_internal::MemoryContents& contents = place.node->contents;
  if (place.node->locked) {
    std::string text(contents.size(), '\0');
    contents.read_at(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return journal_internal::lock_held_error(path, text);
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  contents.resize(0);
  // A full disk has no room for the id, but locking does not need any.
  if (text.size() <= state_->free_bytes()) {
    contents.write_at(0, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  return std::unique_ptr<FileLock>(std::make_unique<MemoryLock>(state_, place.node));
}

void MemoryFiles::crash(Random& random) {
  const Guard guard(state_->mutex);
  state_->crash(&random);
}

void MemoryFiles::crash_to_synced() {
  const Guard guard(state_->mutex);
  state_->crash(nullptr);
}

void MemoryFiles::lose_unsynced(const std::string& path) {
  const Guard guard(state_->mutex);
  const NodePointer node = state_->find(path).node;
  if (node != nullptr) node->contents.lose_unsynced();
}

void MemoryFiles::set_capacity(std::uint64_t bytes) {
  const Guard guard(state_->mutex);
  state_->capacity_bytes = bytes;
}

Result<void> MemoryFiles::copy(const std::string& from, const std::string& to, bool keep_identity) {
  const Guard guard(state_->mutex);
  const NodePointer node = state_->find(from).node;
  if (node == nullptr) return file_error("copy", from, ENOENT);
  int error = creation_error(state_->find(to));
  if (error == 0 && journal_internal::bytes_in(*node) > state_->free_bytes()) error = ENOSPC;
  if (error != 0) return file_error("copy", from + " to " + to, error);
  state_->copy(node, to, keep_identity);
  return {};
}

}  // namespace syncline
