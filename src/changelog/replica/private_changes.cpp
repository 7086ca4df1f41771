#include "changelog/replica/private_changes.hpp"

#include <algorithm>

#include "changelog/mutation.hpp"
#include "changelog/replica/impl.hpp"

namespace syncline {

void PrivateChanges::begin(Sequence last) {
  const std::lock_guard lock(mutex_);
  shared_.store(last, std::memory_order_release);
  sent_ = last;
  log_.clear();
}

bool PrivateChanges::mark_sent(Sequence up_to, std::string_view log) {
  const std::lock_guard lock(mutex_);
  const Sequence shared = shared_.load(std::memory_order_relaxed);
  const bool news = up_to > sent_;
  const bool same_log = sent_ > shared && !log.empty() && log == log_;
  if (same_log) {
    sent_ = std::max(sent_, up_to);
    return news;
  }
  // What both have is out for good; the rest is with whoever got farther.
  shared_.store(std::max(shared, std::min(up_to, sent_)), std::memory_order_release);
  if (news) {
    sent_ = up_to;
    log_ = log;
  }
  return news;
}

void PrivateChanges::refused(Sequence seq, std::string_view log) {
  const std::lock_guard lock(mutex_);
  const Sequence shared = shared_.load(std::memory_order_relaxed);
  if (log.empty() || log != log_ || seq == 0) return;
  sent_ = std::max(shared, std::min(sent_, seq - 1));
}

Sequence PrivateChanges::first() const {
  const std::lock_guard lock(mutex_);
  return std::max(sent_, shared_.load(std::memory_order_relaxed)) + 1;
}

bool Replica::mark_sent(Sequence up_to, std::string_view log) const {
  if (impl_->privates.is_out(up_to)) return false;
  // A log that is being laid anew holds the lock alone: what is noted while it does would be late.
  const std::shared_lock lock(impl_->mutex);
  return impl_->privates.mark_sent(up_to, log);
}

void Replica::refused(Sequence seq, std::string_view log) {
  const std::unique_lock lock(impl_->mutex);
  impl_->privates.refused(seq, log);
}

Sequence Replica::private_from() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->private_from();
}

Sequence Replica::Impl::private_from() const {
  const Storage& storage = contents->storage();
  Sequence first = privates.first();
  if (mutated(Mutation::restamp_what_was_sent)) {
    const auto* marker = storage.markers().applied();
    first = marker == nullptr ? 1 : marker->marker.vector.get(options.node) + 1;
  }
  if (storage.first() == 1) return first;
  // What was cut off cannot be given another form.
  return std::max(first, storage.origins().clock_at(storage.first() - 1).get(options.node) + 1);
}

}  // namespace syncline
