#include "journal/memory_node.hpp"

#include <utility>

namespace syncline::journal_internal {
namespace {

void apply_change(const NameChange& change, std::map<std::string, NodePointer>& names) {
  for (const auto& [name, node] : change.edits) {
    if (node != nullptr) {
      names[name] = node;
    } else {
      names.erase(name);
    }
  }
}

}  // namespace

void MemoryNames::change(NameChange change) {
  apply_change(change, now_);
  pending_.push_back(std::move(change));
}

void MemoryNames::sync() {
  synced_ = now_;
  pending_.clear();
}

void MemoryNames::sync_name(const std::string& name) {
  if (const auto found = now_.find(name); found != now_.end()) {
    synced_[name] = found->second;
  } else {
    synced_.erase(name);
  }
  for (NameChange& change : pending_) {
    std::erase_if(change.edits, [&](const NameChange::Edit& edit) { return edit.name == name; });
  }
}

void MemoryNames::crash(std::size_t kept) {
  for (std::size_t i = 0; i < kept; ++i) apply_change(pending_[i], synced_);
  now_ = synced_;
  pending_.clear();
}

}  // namespace syncline::journal_internal
