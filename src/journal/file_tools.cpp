#include "changelog/mutation.hpp"
#include "syncline/file_system.hpp"

namespace syncline {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The file is closed when this returns, so that nobody renames or removes an open one.
Result<void> write_new(FileSystem& files, const std::string& path, std::string_view bytes) {
  auto file = files.open(path, FileMode::create);
  if (!file) return file.error();
  if (auto written = (*file)->write_at(0, as_bytes(bytes)); !written) return written;
  return (*file)->sync();
}

}  // namespace

Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t max_bytes) {
  const auto file = files.open(path, FileMode::read);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size > max_bytes) {
    return Error{ErrorCode::too_large, path + " has " + std::to_string(*size) +
                                           " bytes, more than the " + std::to_string(max_bytes) +
                                           " that such a file may have"}
        .with("limit", max_bytes);
  }
  std::string bytes(*size, '\0');
  const auto got =
      (*file)->read_at(0, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

Result<void> replace_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  // One that a crash left behind is of no use: nobody knows how much of it was written.
  if (auto removed = files.remove(fresh);
      !removed && removed.error().code != ErrorCode::not_found) {
    return removed;
  }
  auto done = write_new(files, fresh, bytes);
  if (done) done = files.rename(fresh, path);
  if (!done) {
    // Gives back the room it takes, on a disk that may be full. The next call would do it as well.
    static_cast<void>(files.remove(fresh));
    return done;
  }
  if (mutated(Mutation::rename_unsynced)) return {};
  return files.sync_directory(parent_of(path));
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  path.append(directory).append("/").append(name);
  return path;
}

}  // namespace syncline
