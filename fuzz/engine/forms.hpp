// What inputs look like, for mutations that keep it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syncline::fuzz {

/// The form of a target's inputs.
enum class Form : std::uint8_t {
  bytes,     ///< nothing is known
  document,  ///< JSON or MessagePack
  selected,  ///< a byte, then JSON or MessagePack
  steps,     ///< see support/steps.hpp; the bytes of a step may be JSON or MessagePack
  requests,  ///< see targets/api.cpp; bodies may be JSON or MessagePack
};

/// As LLVMFuzzerCustomMutator: changes the input in place and returns its new size. Half of the
/// time some bytes of it, otherwise a value, member or element of a document in it.
std::size_t mutate(Form form, std::uint8_t* data, std::size_t size, std::size_t max_size,
                   unsigned seed);

}  // namespace syncline::fuzz
