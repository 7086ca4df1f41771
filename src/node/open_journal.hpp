// A tenant's journal as it is handed out: keeps the directory locked, and goes with its data when
// the tenant was removed.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "syncline/file_journal.hpp"

namespace syncline::node {

/// What a node and its open journals have in common.
struct Shared {
  FileSystem* files = nullptr;
  std::string directory;
  std::unique_ptr<FileLock> lock;
};

struct OpenJournal {
  std::shared_ptr<Shared> shared;
  std::string path;
  std::shared_ptr<FileJournal> journal;
  bool identity_changed = false;
  std::atomic<bool> removed{false};

  OpenJournal() = default;
  OpenJournal(const OpenJournal&) = delete;
  OpenJournal& operator=(const OpenJournal&) = delete;
  ~OpenJournal() {
    journal.reset();
    // If this fails, the next opening of the node does it.
    if (removed) static_cast<void>(shared->files->remove_all(path));
  }
};

}  // namespace syncline::node
