#include "syncline/vector_clock.hpp"

#include <random>

#include <doctest/doctest.h>

namespace syncline {
namespace {

NodeId node(std::uint8_t last_byte) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes[NodeId::size_bytes - 1] = last_byte;
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}

const NodeId a = node(1);
const NodeId b = node(2);
const NodeId c = node(3);

// What compare has to answer, by the definition: for each origin, who has seen more.
CausalOrder compare_by_definition(const VectorClock& left, const VectorClock& right, int nodes) {
  bool left_more = false;
  bool right_more = false;
  for (int i = 0; i < nodes; ++i) {
    const NodeId id = node(static_cast<std::uint8_t>(i));
    left_more = left_more || left.get(id) > right.get(id);
    right_more = right_more || right.get(id) > left.get(id);
  }
  if (left_more) return right_more ? CausalOrder::concurrent : CausalOrder::after;
  return right_more ? CausalOrder::before : CausalOrder::equal;
}

TEST_CASE("an absent entry is zero and zero is absent") {
  CHECK(VectorClock{{a, 0}} == VectorClock{});
  CHECK(VectorClock{{a, 0}}.compare({}) == CausalOrder::equal);
  CHECK(VectorClock{}.get(a) == 0);
  VectorClock clock{{a, 3}};
  clock.set(a, 0);
  CHECK(clock.empty());
  clock.raise(b, 0);
  CHECK(clock.empty());
  CHECK(clock.covers(Dot{a, 0}));
}

TEST_CASE("entries are sorted whatever order they came in, and the highest counts") {
  const VectorClock clock{{c, 3}, {a, 1}, {b, 2}, {a, 5}, {a, 2}};
  REQUIRE(clock.size() == 3);
  CHECK(clock.entries()[0] == VectorClock::Entry{a, 5});
  CHECK(clock.entries()[1] == VectorClock::Entry{b, 2});
  CHECK(clock.entries()[2] == VectorClock::Entry{c, 3});
}

TEST_CASE("set lowers, raise does not, increment counts on") {
  VectorClock clock{{a, 5}};
  clock.raise(a, 3);
  CHECK(clock.get(a) == 5);
  clock.set(a, 3);
  CHECK(clock.get(a) == 3);
  CHECK(clock.increment(a) == 4);
  CHECK(clock.increment(b) == 1);
  clock.raise(Dot{b, 9});
  CHECK(clock == VectorClock{{a, 4}, {b, 9}});
  clock.clear();
  CHECK(clock.empty());
}

TEST_CASE("a clock covers the dots up to its numbers") {
  const VectorClock clock{{a, 2}};
  CHECK(clock.covers(Dot{a, 1}));
  CHECK(clock.covers(Dot{a, 2}));
  CHECK_FALSE(clock.covers(Dot{a, 3}));
  CHECK_FALSE(clock.covers(Dot{b, 1}));
}

TEST_CASE("the four orders, and their mirror images") {
  const VectorClock low{{a, 1}};
  const VectorClock high{{a, 2}, {b, 1}};
  const VectorClock other{{c, 1}};
  CHECK(low.compare(low) == CausalOrder::equal);
  CHECK(low.compare(high) == CausalOrder::before);
  CHECK(high.compare(low) == CausalOrder::after);
  CHECK(low.compare(other) == CausalOrder::concurrent);
  CHECK(low.happens_before(high));
  CHECK_FALSE(low.happens_before(low));
  CHECK(low.concurrent_with(other));
  CHECK_FALSE(low.concurrent_with(low));
  for (const auto order :
       {CausalOrder::equal, CausalOrder::before, CausalOrder::after, CausalOrder::concurrent}) {
    CHECK(mirrored(mirrored(order)) == order);
  }
  CHECK(mirrored(CausalOrder::before) == CausalOrder::after);
  CHECK(to_string(CausalOrder::equal) == "equal");
  CHECK(to_string(CausalOrder::before) == "before");
  CHECK(to_string(CausalOrder::after) == "after");
  CHECK(to_string(CausalOrder::concurrent) == "concurrent");
}

TEST_CASE("compare, covers and merge agree with their definitions on random clocks") {
  constexpr int nodes = 12;
  std::mt19937_64 random(7);
  const auto random_clock = [&](std::uint64_t density) {
    VectorClock clock;
    for (int i = 0; i < nodes; ++i) {
      if (random() % 4 < density) clock.set(node(static_cast<std::uint8_t>(i)), random() % 3);
    }
    return clock;
  };
  for (int round = 0; round < 20'000; ++round) {
    const VectorClock left = random_clock(random() % 5);
    const VectorClock right = random() % 8 == 0 ? left : random_clock(random() % 5);
    const CausalOrder expected = compare_by_definition(left, right, nodes);
    REQUIRE(left.compare(right) == expected);
    REQUIRE(right.compare(left) == mirrored(expected));
    REQUIRE(left.covers(right) ==
            (expected == CausalOrder::after || expected == CausalOrder::equal));
    VectorClock merged = left;
    merged.merge(right);
    for (int i = 0; i < nodes; ++i) {
      const NodeId id = node(static_cast<std::uint8_t>(i));
      REQUIRE(merged.get(id) == std::max(left.get(id), right.get(id)));
    }
    for (std::size_t i = 1; i < merged.size(); ++i) {
      REQUIRE(merged.entries()[i - 1].node < merged.entries()[i].node);
    }
  }
}

TEST_CASE("merging a clock with itself changes nothing") {
  VectorClock clock{{a, 1}, {b, 2}};
  const VectorClock same = clock;
  clock.merge(clock);
  CHECK(clock == same);
}

TEST_CASE("a clock is written for people") {
  CHECK(to_string(VectorClock{}) == "{}");
  CHECK(to_string(VectorClock{{b, 2}, {a, 1}}) ==
        "{00000000-0000-0000-0000-000000000001:1, 00000000-0000-0000-0000-000000000002:2}");
}

}  // namespace
}  // namespace syncline
