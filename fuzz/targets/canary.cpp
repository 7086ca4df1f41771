// A decoder with a planted fault: it believes a length. A short run has to find that, which shows
// that the fuzzers and their sanitizers work. Never part of anything else.
#include "support/input.hpp"
#include "targets.hpp"

namespace syncline::fuzz {

void canary(Bytes bytes) {
  const std::string_view text = text_of(bytes);
  if (!text.starts_with("canary") || text.size() < 7) return;
  const ExactCopy rest(bytes.subspan(6));
  const std::size_t length = rest.bytes()[0];
  std::size_t sum = 0;
  for (std::size_t i = 1; i <= length; ++i) sum += rest.bytes().data()[i];
  volatile std::size_t result = sum;
  static_cast<void>(result);
}

}  // namespace syncline::fuzz
