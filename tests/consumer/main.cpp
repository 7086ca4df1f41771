// Links against an installed Syncline and uses one value of it.
#include <syncline/vector_clock.hpp>

int main() {
  const syncline::VectorClock clock;
  return clock == syncline::VectorClock{} ? 0 : 1;
}
