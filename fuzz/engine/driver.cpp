// The two functions that libFuzzer calls, for the target and the form that the build names.
#include "engine/forms.hpp"
#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  syncline::fuzz::SYNCLINE_FUZZ_TARGET({data, size});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  using enum syncline::fuzz::Form;
  return syncline::fuzz::mutate(SYNCLINE_FUZZ_FORM, data, size, max_size, seed);
}
