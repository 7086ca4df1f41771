#include "changelog/log/origin_index.hpp"

#include <doctest/doctest.h>

using namespace syncline;
using log_internal::OriginIndex;

namespace {

NodeId node(std::uint8_t number) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes[0] = number;
  return NodeId(bytes);
}

}  // namespace

TEST_CASE("an index of a log that begins later knows what came before, and where the kept lie") {
  const NodeId a = node(1);
  const NodeId b = node(2);
  OriginIndex whole;
  // LSNs 1 to 6 are a's, 7 and 8 b's, 9 to 12 a's.
  for (Sequence seq = 1; seq <= 6; ++seq) whole.add(a, seq, seq);
  whole.add(b, 1, 7);
  whole.add(b, 2, 8);
  for (Sequence seq = 7; seq <= 10; ++seq) whole.add(a, seq, seq + 2);

  constexpr Lsn first = 10;
  OriginIndex index;
  index.add(a, 3, 3);
  index.begin_at(first, whole.clock_at(first - 1));
  index.add_from(whole, first);
  CHECK(index.candidate({a, 3}) == 3);
  CHECK(index.candidate({a, 4}) == 0);
  CHECK(index.candidate({a, 7}) == 0);
  CHECK(index.candidate({b, 2}) == 0);
  CHECK(index.candidate({a, 8}) == 10);
  CHECK(index.candidate({a, 10}) == 12);
  for (Lsn lsn = first - 1; lsn <= 12; ++lsn) CHECK(index.clock_at(lsn) == whole.clock_at(lsn));
  // What is lacking from before the beginning is found before it, wherever.
  for (Sequence seq = 0; seq < 7; ++seq) {
    CHECK(index.first_after(a, seq) >= 1);
    CHECK(index.first_after(a, seq) < first);
  }
  CHECK(index.first_after(b, 1) < first);
  CHECK(index.first_after(b, 1) >= 1);
  CHECK(index.first_after(b, 2) == 0);
  for (Sequence seq = 7; seq <= 10; ++seq) {
    CHECK(index.first_after(a, seq) == whole.first_after(a, seq));
  }
  // It goes on with the run, and with an origin of which nothing is left.
  index.add(a, 11, 13);
  index.add(b, 3, 14);
  CHECK(index.candidate({a, 11}) == 13);
  CHECK(index.candidate({b, 3}) == 14);
  CHECK(index.first_after(a, 10) == 13);
  CHECK(index.first_after(b, 2) == 14);
  CHECK(index.clock_at(14) == VectorClock{{a, 11}, {b, 3}});
}

TEST_CASE("what was left out of a log counts as soon as nothing of its origin comes before it") {
  const NodeId a = node(1);
  const NodeId b = node(2);
  OriginIndex index;
  // Of a's changes 2 and 5 were left out, of b's all.
  index.add(a, 1, 1);
  index.add(a, 3, 2);
  index.add(a, 4, 3);
  index.cover(a, 5);
  index.cover(b, 2);
  CHECK(index.clock_at(0) == VectorClock{{b, 2}});
  CHECK(index.clock_at(1) == VectorClock{{a, 2}, {b, 2}});
  CHECK(index.clock_at(2) == VectorClock{{a, 3}, {b, 2}});
  CHECK(index.clock_at(3) == VectorClock{{a, 5}, {b, 2}});
  index.add(b, 3, 4);
  index.add(a, 6, 5);
  CHECK(index.clock_at(3) == VectorClock{{a, 5}, {b, 2}});
  CHECK(index.clock_at(4) == VectorClock{{a, 5}, {b, 3}});
  CHECK(index.clock_at(5) == VectorClock{{a, 6}, {b, 3}});
  OriginIndex trimmed;
  trimmed.begin_at(3, index.clock_at(2));
  trimmed.add_from(index, 3);
  for (Lsn lsn = 2; lsn <= 5; ++lsn) CHECK(trimmed.clock_at(lsn) == index.clock_at(lsn));
}
