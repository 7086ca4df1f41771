#include <algorithm>

#include "node/catalogue.hpp"
#include "node/directory.hpp"
#include "syncline/node_tools.hpp"

namespace syncline {
namespace {

Result<std::uint64_t> bytes_in(FileSystem& files, const std::string& directory) {
  const auto entries = files.list(directory);
  if (!entries) return entries.error();
  std::uint64_t bytes = 0;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.is_directory) continue;
    const auto file = files.open(join_path(directory, entry.name), FileMode::read);
    if (!file) return file.error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    bytes += *size;
  }
  return bytes;
}

// Whether the node has this very tenant, not another of the same name.
Result<bool> is_there(FileSystem& files, const std::string& directory, const StoredTenant& tenant) {
  const auto now = read_catalogue(files, directory);
  if (!now) return now.error();
  return std::any_of(now->tenants.begin(), now->tenants.end(),
                     [&](const StoredTenant& each) { return each.directory == tenant.directory; });
}

Result<NodeBackup> copy_into(FileSystem& files, const std::string& directory,
                             const std::string& target) {
  auto catalogue = read_catalogue(files, directory);
  if (!catalogue) return catalogue.error();
  const std::string tenants = join_path(target, node::tenants_name);
  if (auto made = node::make_directory(files, tenants); !made) return made.error();
  NodeBackup backup;
  std::vector<StoredTenant> copied;
  for (StoredTenant& tenant : catalogue->tenants) {
    const std::string path = node::tenant_path(target, tenant.directory);
    const auto done = copy_journal(files, node::tenant_path(directory, tenant.directory), path);
    if (!done) {
      const auto there = is_there(files, directory, tenant);
      if (!there) return there.error();
      if (*there) return done.error();
      // It was removed meanwhile, and is as little part of the backup as of the node.
      if (files.exists(path)) {
        if (auto removed = files.remove_all(path); !removed) return removed.error();
      }
      continue;
    }
    const auto bytes = bytes_in(files, path);
    if (!bytes) return bytes.error();
    backup.bytes += *bytes;
    copied.push_back(std::move(tenant));
  }
  backup.tenants = copied.size();
  catalogue->tenants = std::move(copied);
  if (auto synced = files.sync_directory(tenants); !synced) return synced.error();
  // Last: without it the directory is none that opens.
  if (auto kept = node::write_catalogue(files, target, *catalogue, nullptr); !kept) {
    return kept.error();
  }
  return backup;
}

}  // namespace

Result<NodeBackup> backup_node(FileSystem& files, const std::string& directory,
                               const std::string& wanted) {
  std::string target = wanted;
  while (target.size() > 1 && target.back() == '/') target.pop_back();
  if (const auto present = read_catalogue(files, directory); !present) return present.error();
  if (files.exists(target)) {
    return Error{ErrorCode::bad_request,
                 "there is a " + target + " already; a backup takes a name of its own"};
  }
  // Under another name until it is whole, so that nobody takes half of one for a backup.
  const std::string partial = target + ".partial";
  if (files.exists(partial)) {
    return Error{ErrorCode::bad_request,
                 "there is a " + partial +
                     ", from a backup that was interrupted or is under way; "
                     "remove it or choose another name"};
  }
  auto backup = copy_into(files, directory, partial);
  if (backup) {
    auto named = files.rename(partial, target);
    if (named) named = files.sync_directory(node::parent_of(target));
    if (!named) backup = named.error();
  }
  if (!backup && files.exists(partial)) {
    // Best effort: the error that counts is the one that there is already.
    static_cast<void>(files.remove_all(partial));
  }
  return backup;
}

}  // namespace syncline
