// An append-only table of pointers that readers index without a lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace syncline::log_internal {

/// Owns the things that it points to. One writer appends; readers may index whatever they learned
/// of through some later release store of the writer (the published LSN). When the array grows the
/// old one is kept, since a reader may be in it: together they are never larger than the new one.
template <typename T>
class PointerTable {
 public:
  PointerTable() = default;
  PointerTable(const PointerTable&) = delete;
  PointerTable& operator=(const PointerTable&) = delete;

  T* operator[](std::size_t index) const noexcept {
    return slots_.load(std::memory_order_acquire)[index];
  }
  std::size_t size() const noexcept { return owned_.size(); }  ///< for the writer

  void push_back(std::unique_ptr<T> item) {
    if (owned_.size() == capacity_) grow();
    arrays_.back()[owned_.size()] = item.get();
    owned_.push_back(std::move(item));
  }

 private:
  void grow() {
    const std::size_t capacity = std::max<std::size_t>(16, capacity_ * 2);
    auto larger = std::make_unique<T*[]>(capacity);
    if (!arrays_.empty()) std::copy_n(arrays_.back().get(), owned_.size(), larger.get());
    slots_.store(larger.get(), std::memory_order_release);
    arrays_.push_back(std::move(larger));
    capacity_ = capacity;
  }

  std::atomic<T**> slots_{nullptr};
  std::size_t capacity_ = 0;
  std::vector<std::unique_ptr<T*[]>> arrays_;
  std::vector<std::unique_ptr<T>> owned_;
};

}  // namespace syncline::log_internal
