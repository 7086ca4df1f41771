// Randomness of the simulator: small, fast, the same everywhere.
#pragma once

#include <cstdint>
#include <span>

#include "syncline/random.hpp"

namespace syncline::sim {

/// Source: S. Vigna's SplitMix64. What a seed gives is the same on every machine, which the
/// distributions of the standard library are not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// Below `bound`; 0 if that is 0.
  std::uint32_t below(std::uint32_t bound) noexcept {
    return bound == 0 ? 0 : static_cast<std::uint32_t>((next() >> 32U) * bound >> 32U);
  }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) noexcept {
    return least + below(most - least + 1);
  }
  bool one_in(std::uint32_t count) noexcept { return below(count) == 0; }

 private:
  std::uint64_t state_;
};

/// The same as the library's source of randomness.
class DiceRandom final : public Random {
 public:
  explicit DiceRandom(std::uint64_t seed) noexcept : dice_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i % 8 == 0) bits = dice_.next();
      out[i] = static_cast<std::uint8_t>(bits >> (8 * (i % 8)));
    }
  }

 private:
  Dice dice_;
};

}  // namespace syncline::sim
