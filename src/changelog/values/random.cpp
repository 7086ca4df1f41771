#include "syncline/random.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace syncline {

void SystemRandom::fill(std::span<std::uint8_t> out) {
  constexpr std::size_t most_at_once = 256;  // what getentropy takes
  while (!out.empty()) {
    const std::size_t size = std::min(out.size(), most_at_once);
    // Only a system that is too old fails here; going on with guessable ids would be worse.
    if (::getentropy(out.data(), size) != 0) {
      throw std::system_error(errno, std::generic_category(), "getentropy");
    }
    out = out.subspan(size);
  }
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  // Byte by byte from the low end, so that a seed gives the same bytes on every machine.
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) number = engine_();
    out[i] = static_cast<std::uint8_t>(number);
    number >>= 8;
  }
}

Random& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace syncline
