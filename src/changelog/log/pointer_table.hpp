// A growing table of pointers that readers index without a lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace syncline::log_internal {

/// Owns the things that it points to, perhaps together with other tables. One writer fills it;
/// readers may index whatever they learned of through some later release store of the writer (the
/// published LSN). When the array grows the old one is kept, since a reader may be in it: together
/// they are never larger than the new one.
template <typename T>
class PointerTable {
 public:
  PointerTable() = default;
  PointerTable(const PointerTable&) = delete;
  PointerTable& operator=(const PointerTable&) = delete;

  T* operator[](std::size_t index) const noexcept {
    return slots_.load(std::memory_order_acquire)[index];
  }

  // For the writer.

  std::size_t size() const noexcept { return owned_.size(); }
  /// The item at `index`; null if nothing was put there.
  std::shared_ptr<T> share(std::size_t index) const { return owned_[index]; }
  /// Puts an item to an index that has none. Those in between stay empty.
  void put(std::size_t index, std::shared_ptr<T> item) {
    if (index >= owned_.size()) {
      if (index >= capacity_) grow(index + 1);
      owned_.resize(index + 1);
    }
    arrays_.back()[index] = item.get();
    owned_[index] = std::move(item);
  }

 private:
  void grow(std::size_t at_least) {
    const std::size_t capacity = std::max({std::size_t{16}, capacity_ * 2, at_least});
    auto larger = std::make_unique<T*[]>(capacity);
    if (!arrays_.empty()) std::copy_n(arrays_.back().get(), owned_.size(), larger.get());
    slots_.store(larger.get(), std::memory_order_release);
    arrays_.push_back(std::move(larger));
    capacity_ = capacity;
  }

  std::atomic<T**> slots_{nullptr};
  std::size_t capacity_ = 0;
  std::vector<std::unique_ptr<T*[]>> arrays_;
  std::vector<std::shared_ptr<T>> owned_;
};

}  // namespace syncline::log_internal
