#include "node/directory.hpp"

#include <array>
#include <thread>

#include "node/catalogue.hpp"

namespace syncline::node {
namespace {

constexpr std::chrono::milliseconds lock_poll{20};

// What a start or a repair that was cut short leaves behind, and what file systems put everywhere.
bool is_nobodys(const DirectoryEntry& entry) {
  constexpr std::array<std::string_view, 4> names{"LOCK", "NODE.new", "NODE.copy.new",
                                                  "lost+found"};
  for (const std::string_view name : names) {
    if (entry.name == name) return true;
  }
  return entry.name.starts_with(set_aside_name);
}

bool is_in_use(const Error& error) {
  for (const ErrorMember& member : error.members) {
    if (member.name == "process") return true;
  }
  return false;
}

Error in_use(const std::string& directory, const Error& error) {
  const std::uint64_t process = error.number("process");
  const std::string who = process == 0 ? "another process" : "process " + std::to_string(process);
  return Error{ErrorCode::unavailable, "the data directory " + directory + " is in use by " + who +
                                           "; wait until it ends, or end it"}
      .with("process", process);
}

}  // namespace

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> make_directory(FileSystem& files, const std::string& path) {
  std::string missing = path;
  while (missing.size() > 1 && missing.back() == '/') missing.pop_back();
  std::vector<std::string> parents;
  for (; !files.exists(missing); missing = parent_of(missing)) {
    parents.push_back(parent_of(missing));
    if (parents.back() == "." || parents.back() == "/") break;
  }
  if (parents.empty()) return {};
  if (auto made = files.create_directories(path); !made) return made;
  for (const std::string& parent : parents) {
    if (auto synced = files.sync_directory(parent); !synced) return synced;
  }
  return {};
}

Result<void> check_unused(FileSystem& files, const std::string& directory) {
  const auto entries = files.list(directory);
  if (!entries) return entries.error();
  for (const DirectoryEntry& entry : *entries) {
    // The copy is written before the catalogue; without a tenant there is nothing to miss.
    if (is_nobodys(entry) || entry.name == catalogue_copy_name) continue;
    if (entry.name == tenants_name && entry.is_directory) {
      const auto tenants = files.list(join_path(directory, tenants_name));
      if (!tenants) return tenants.error();
      if (tenants->empty()) continue;
      return Error{ErrorCode::internal, "the catalogue " + join_path(directory, catalogue_name) +
                                            " is missing, and there are tenants; nothing was "
                                            "changed"};
    }
    return Error{ErrorCode::bad_request,
                 directory + " is not empty and no data directory of a node: there is " +
                     entry.name + " in it; choose another, or a new one"};
  }
  return {};
}

Result<std::unique_ptr<FileLock>> lock_directory(FileSystem& files, const std::string& directory,
                                                 std::chrono::milliseconds wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  for (;;) {
    auto lock = files.lock(join_path(directory, lock_name));
    if (lock || !is_in_use(lock.error())) return lock;
    if (std::chrono::steady_clock::now() >= end) return in_use(directory, lock.error());
    std::this_thread::sleep_for(lock_poll);
  }
}

}  // namespace syncline::node
