// The port through which the library gets randomness, so that a test can decide it.
#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace syncline {

/// A source of random bytes. Implementations are thread-safe unless they say otherwise.
class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;
  /// Overwrites `out` with random bytes. Never fails.
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

/// The operating system's generator. Thread-safe.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

/// Repeatable bytes from a seed, for tests and simulations. Not thread-safe, not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::mt19937_64 engine_;
};

/// A `SystemRandom` that lives as long as the program.
Random& system_random();

}  // namespace syncline
