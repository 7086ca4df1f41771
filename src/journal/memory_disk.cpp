#include "journal/memory_disk.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace syncline::journal_internal {
namespace {

// How many of a directory's pending changes survive.
struct Survivors {
  NodePointer directory;
  std::size_t kept = 0;
};

// A rename between directories of which one half survives has the other survive as well, and with
// that all that was before it in the other directory. True when there was such a half.
bool complete_moves(std::vector<Survivors>& survivors, std::set<std::uint64_t>& surviving) {
  bool found = false;
  for (auto& [directory, kept] : survivors) {
    const std::vector<NameChange>& pending = directory->names.pending();
    for (std::size_t i = kept; i < pending.size(); ++i) {
      if (pending[i].move != 0 && surviving.contains(pending[i].move)) kept = i + 1;
    }
    for (std::size_t i = 0; i < kept; ++i) {
      if (pending[i].move != 0) found |= surviving.insert(pending[i].move).second;
    }
  }
  return found;
}

}  // namespace

std::uint64_t bytes_in(const MemoryNode& node) {
  std::uint64_t bytes = node.contents.size();
  for (const auto& [name, child] : node.names.now()) bytes += bytes_in(*child);
  return bytes;
}

std::vector<std::string_view> path_parts(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (!part.empty() && part != ".") parts.push_back(part);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

MemoryDisk::MemoryDisk() : root_(std::make_shared<MemoryNode>()) {
  root_->is_directory = true;
  root_->identity = ++last_identity_;
}

MemoryDisk::~MemoryDisk() {
  // Directories that were moved into each other may hold each other by their synced names.
  for (const NodePointer& directory : all_directories()) directory->names = {};
}

MemoryPlace MemoryDisk::find(std::string_view path) const {
  MemoryPlace place{nullptr, {}, root_};
  for (const std::string_view part : path_parts(path)) {
    place.parent = place.node != nullptr && place.node->is_directory ? place.node : nullptr;
    place.name = part;
    place.node = nullptr;
    if (place.parent == nullptr) continue;
    const auto& names = place.parent->names.now();
    if (const auto found = names.find(place.name); found != names.end()) place.node = found->second;
  }
  return place;
}

std::uint64_t MemoryDisk::free_bytes() const {
  if (capacity_bytes == std::numeric_limits<std::uint64_t>::max()) return capacity_bytes;
  const std::uint64_t used = bytes_in(*root_);
  return used < capacity_bytes ? capacity_bytes - used : 0;
}

NodePointer MemoryDisk::create(const MemoryPlace& place, bool is_directory) {
  auto node = std::make_shared<MemoryNode>();
  node->is_directory = is_directory;
  node->identity = ++last_identity_;
  place.parent->names.change({{{place.name, node}}});
  return node;
}

void MemoryDisk::remove(const MemoryPlace& place) {
  place.parent->names.change({{{place.name, nullptr}}});
}

void MemoryDisk::remove_all(const MemoryPlace& place) {
  // A copy, because removing changes the names that are gone through.
  const auto names = place.node->names.now();
  for (const auto& [name, child] : names) remove_all({place.node, name, child});
  remove(place);
}

void MemoryDisk::move(const MemoryPlace& from, const MemoryPlace& to) {
  if (from.parent == to.parent) {
    from.parent->names.change({{{from.name, nullptr}, {to.name, from.node}}});
    return;
  }
  const std::uint64_t move = ++last_move_;
  to.parent->names.change({{{to.name, from.node}}, move});
  from.parent->names.change({{{from.name, nullptr}}, move});
}

void MemoryDisk::sync_names(MemoryNode& directory) {
  for (const NameChange& change : directory.names.pending()) {
    // Once the second half is synced there is nothing left to hold together.
    if (change.move != 0 && half_synced_moves_.erase(change.move) == 0) {
      half_synced_moves_.insert(change.move);
    }
  }
  directory.names.sync();
}

void MemoryDisk::copy(const NodePointer& from, std::string_view path, bool keep_identity) {
  const NodePointer made = copied(*from, keep_identity);
  const MemoryPlace place = find(path);
  place.parent->names.change({{{place.name, made}}});
  NodePointer directory = root_;
  for (const std::string_view part : path_parts(path)) {
    const std::string name(part);
    directory->names.sync_name(name);
    directory = directory->names.now().at(name);
  }
}

NodePointer MemoryDisk::copied(const MemoryNode& from, bool keep_identity) {
  auto node = std::make_shared<MemoryNode>();
  node->is_directory = from.is_directory;
  node->identity = keep_identity ? from.identity : ++last_identity_;
  node->contents = from.contents.copied();
  for (const auto& [name, child] : from.names.now()) {
    node->names.change({{{name, copied(*child, keep_identity)}}});
  }
  node->names.sync();
  return node;
}

std::vector<NodePointer> MemoryDisk::all_directories() const {
  std::vector<NodePointer> directories{root_};
  std::unordered_set<const MemoryNode*> known{root_.get()};
  const auto add = [&](const NodePointer& node) {
    if (node == nullptr || !node->is_directory || !known.insert(node.get()).second) return;
    directories.push_back(node);
  };
  std::size_t next = 0;
  while (next < directories.size()) {
    const MemoryNames& names = directories[next++]->names;
    for (const auto& [name, node] : names.synced()) add(node);
    for (const NameChange& change : names.pending()) {
      for (const NameChange::Edit& edit : change.edits) add(edit.node);
    }
  }
  return directories;
}

void MemoryDisk::crash(Random* random) {
  ++crashes;
  std::vector<Survivors> survivors;
  for (NodePointer& directory : all_directories()) {
    const std::size_t pending = directory->names.pending().size();
    const std::size_t kept =
        random == nullptr ? 0 : static_cast<std::size_t>(random_below(*random, pending + 1));
    survivors.push_back({std::move(directory), kept});
  }
  while (complete_moves(survivors, half_synced_moves_)) {
  }
  half_synced_moves_.clear();
  for (const auto& [directory, kept] : survivors) directory->names.crash(kept);

  std::vector<NodePointer> left{root_};
  while (!left.empty()) {
    const NodePointer node = std::move(left.back());
    left.pop_back();
    node->locked = false;
    node->contents.crash(random);
    for (const auto& [name, child] : node->names.now()) left.push_back(child);
  }
}

}  // namespace syncline::journal_internal
