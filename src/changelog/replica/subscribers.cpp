#include "changelog/replica/subscribers.hpp"

#include <vector>

namespace syncline {

std::uint64_t Subscribers::add(Callback callback) {
  const std::lock_guard lock(mutex_);
  auto entry = std::make_shared<Entry>();
  entry->callback = std::move(callback);
  entries_.emplace(next_id_, std::move(entry));
  any_.store(true);
  return next_id_++;
}

void Subscribers::remove(std::uint64_t id) {
  std::unique_lock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  const std::shared_ptr<Entry> entry = found->second;
  entries_.erase(found);
  any_.store(!entries_.empty());
  entry->removed = true;
  idle_.wait(lock, [&] { return entry->running == 0; });
}

void Subscribers::notify(Lsn lsn) {
  if (!any_.load()) return;
  std::vector<std::shared_ptr<Entry>> entries;
  {
    const std::lock_guard lock(mutex_);
    entries.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) {
      ++entry->running;
      entries.push_back(entry);
    }
  }
  for (const std::shared_ptr<Entry>& entry : entries) {
    bool removed = false;
    {
      const std::lock_guard lock(mutex_);
      removed = entry->removed;
    }
    try {
      if (!removed) entry->callback(lsn);
    } catch (...) {
      // The write that is told of stands; whoever fails to hear of it must not undo that, nor keep
      // others from hearing.
    }
    const std::lock_guard lock(mutex_);
    --entry->running;
    idle_.notify_all();
  }
}

}  // namespace syncline
