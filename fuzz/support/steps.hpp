// Inputs that are sequences of steps. The mutator of the fuzzers knows this form as well.
//
//   step = kind, 1 byte; length, 2 bytes big-endian; that many bytes
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/input.hpp"

namespace syncline::fuzz {

struct Step {
  std::uint8_t kind = 0;
  Bytes bytes;
};

/// More would only make inputs slow.
inline constexpr std::size_t max_steps = 64;

/// The steps that an input has, the last one perhaps cut off.
inline std::vector<Step> read_steps(Bytes bytes) {
  std::vector<Step> steps;
  Input input(bytes);
  while (!input.empty() && steps.size() < max_steps) {
    const std::uint8_t kind = input.byte();
    steps.push_back({kind, input.sized()});
  }
  return steps;
}

inline void append_step(std::string& out, std::uint8_t kind, std::string_view bytes) {
  constexpr std::size_t most = 0xFFFF;
  bytes = bytes.substr(0, most);
  out += static_cast<char>(kind);
  out += static_cast<char>(bytes.size() >> 8U);
  out += static_cast<char>(bytes.size() & 0xFFU);
  out += bytes;
}

}  // namespace syncline::fuzz
