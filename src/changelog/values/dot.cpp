#include "syncline/dot.hpp"

namespace syncline {

std::string to_string(const Dot& dot) {
  return dot.origin.to_string() + ":" + std::to_string(dot.seq);
}

}  // namespace syncline
