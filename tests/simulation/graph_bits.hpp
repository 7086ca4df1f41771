// Sets of small numbers.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <boost/container/small_vector.hpp>

namespace syncline::sim {

/// A set of numbers from 0 on that grows as needed. One word serves most rows.
class Bits {
 public:
  bool test(std::size_t at) const noexcept {
    return at / 64 < words_.size() && ((words_[at / 64] >> (at % 64)) & 1U) != 0;
  }
  void set(std::size_t at) {
    if (at / 64 >= words_.size()) words_.resize(at / 64 + 1, 0);
    words_[at / 64] |= std::uint64_t{1} << (at % 64);
  }
  void reset(std::size_t at) noexcept {
    if (at / 64 < words_.size()) words_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
  }
  void clear() noexcept { words_.clear(); }
  bool any() const noexcept {
    return std::any_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word != 0; });
  }
  std::size_t count() const noexcept {
    std::size_t sum = 0;
    for (const std::uint64_t word : words_) sum += static_cast<std::size_t>(std::popcount(word));
    return sum;
  }
  Bits& operator|=(const Bits& other) {
    if (other.words_.size() > words_.size()) words_.resize(other.words_.size(), 0);
    for (std::size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  Bits& operator&=(const Bits& other) noexcept {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.word(i);
    return *this;
  }
  /// Takes the members of `other` out.
  Bits& operator-=(const Bits& other) noexcept {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.word(i);
    return *this;
  }
  friend Bits operator&(Bits left, const Bits& right) { return left &= right; }
  friend Bits operator-(Bits left, const Bits& right) { return left -= right; }
  friend Bits operator|(Bits left, const Bits& right) { return left |= right; }
  friend bool operator==(const Bits& left, const Bits& right) noexcept {
    const std::size_t most = std::max(left.words_.size(), right.words_.size());
    for (std::size_t i = 0; i < most; ++i) {
      if (left.word(i) != right.word(i)) return false;
    }
    return true;
  }
  /// True if each member of `other` is one of this.
  bool contains(const Bits& other) const noexcept {
    for (std::size_t i = 0; i < other.words_.size(); ++i) {
      if ((other.words_[i] & ~word(i)) != 0) return false;
    }
    return true;
  }
  /// Calls `visit(number)` for each member, from the least on.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t rest = words_[i]; rest != 0; rest &= rest - 1) {
        visit(
            static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
      }
    }
  }

 private:
  std::uint64_t word(std::size_t i) const noexcept { return i < words_.size() ? words_[i] : 0; }
  boost::container::small_vector<std::uint64_t, 1> words_;
};

}  // namespace syncline::sim
