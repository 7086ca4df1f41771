#include "changelog/replica/trim_plan.hpp"

#include <algorithm>
#include <utility>

#include "changelog/mutation.hpp"

namespace syncline {

TrimPlan::TrimPlan(std::shared_ptr<const log_internal::Storage> storage, Lsn first,
                   const std::optional<VectorClock>& stable)
    : storage_(std::move(storage)), first_(first), old_first_(storage_->first()) {
  if (storage_->kept() != nullptr) kept_before_ = storage_->kept()->size();
  const std::size_t count = kept_before_ + (first_ - old_first_);
  newest_.resize(count);
  keeps_.resize(count);
  std::vector<Lsn> lsns;
  std::size_t index = 0;
  for (Lsn lsn = storage_->next_held(0); lsn < first_; lsn = storage_->next_held(lsn)) {
    newest_[index++] = lsn;
    if (const Lsn previous = storage_->previous_of_row(lsn); previous != 0) {
      newest_[index_of(previous)] = lsn;
    }
  }
  // Backwards, so that what a change refers to has found the end already.
  Lsn lsn = first_;
  for (std::size_t i = count; i-- != 0;) {
    lsn = i >= kept_before_ ? lsn - 1 : storage_->kept()->lsns()[i];
    const ChangeView change = storage_->view(lsn);
    bytes_before_ += change.record.size();
    const bool is_last = newest_[i] == lsn && change.is_row_change();
    const bool covered = stable && stable->covers(change.dot);
    // Also what has no effect: who gets the changes around it has to get past its number.
    const bool in_tail = stable && !covered && change.operation != Operation::stable &&
                         !mutated(Mutation::trim_of_unstable);
    const Lsn previous = storage_->previous_of_row(lsn);
    if (in_tail && change.is_row_change() && previous != 0) {
      keeps_[index_of(previous)] = true;
    }
    const bool doubtful = is_last && covered && !keeps_[i] && change.operation == Operation::erase;
    if (doubtful) doubtful_.push_back(lsn);
    keeps_[i] = keeps_[i] || in_tail || (is_last && !doubtful);
    if (newest_[i] != lsn) newest_[i] = newest_[index_of(newest_[i])];
    if (keeps_[i]) found_.push_back(lsn);
  }
  std::reverse(found_.begin(), found_.end());
}

std::size_t TrimPlan::index_of(Lsn lsn) const noexcept {
  if (lsn >= old_first_) return kept_before_ + (lsn - old_first_);
  const auto kept = storage_->kept()->lsns();
  return static_cast<std::size_t>(std::lower_bound(kept.begin(), kept.end(), lsn) - kept.begin());
}

void TrimPlan::keep(Lsn lsn) {
  if (lsn >= first_) return;
  const std::size_t index = index_of(lsn);
  if (keeps_[index]) return;
  keeps_[index] = true;
  found_.push_back(lsn);
}

void TrimPlan::keep_row(Lsn newest, Lsn from) {
  for (Lsn lsn = newest; lsn >= from && lsn != 0; lsn = storage_->previous_of_row(lsn)) keep(lsn);
}

std::vector<Lsn> TrimPlan::take_found() { return std::exchange(found_, {}); }

Lsn TrimPlan::moved(Lsn lsn) const noexcept {
  if (lsn >= first_) return lsn;
  const std::size_t index = index_of(lsn);
  if (keeps_[index]) return lsn;
  return keeps_[index_of(newest_[index])] ? newest_[index] : 0;
}

}  // namespace syncline
