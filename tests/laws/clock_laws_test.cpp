// The laws of vector clocks, checked over every clock of three nodes that counts from 0 to 3.
#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "syncline/vector_clock.hpp"

namespace syncline {
namespace {

constexpr std::size_t node_count = 3;
constexpr Sequence highest = 3;

/// A clock by its definition: a function from each node to a number.
using Numbers = std::array<Sequence, node_count>;

NodeId node(std::size_t index) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  // Differ in the last byte only, so that a comparison of a part of the id is found out.
  bytes.back() = static_cast<std::uint8_t>(index + 1);
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}

VectorClock clock_of(const Numbers& numbers) {
  VectorClock clock;
  // Backwards, so that entries do not come in the order in which they are kept.
  for (std::size_t i = node_count; i-- > 0;) clock.raise(node(i), numbers[i]);
  return clock;
}

Numbers numbers_of(const VectorClock& clock) {
  Numbers numbers{};
  for (std::size_t i = 0; i < node_count; ++i) numbers[i] = clock.get(node(i));
  return numbers;
}

struct Sample {
  Numbers numbers{};
  VectorClock clock;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = [] {
    std::vector<Sample> made;
    for (Sequence a = 0; a <= highest; ++a) {
      for (Sequence b = 0; b <= highest; ++b) {
        for (Sequence c = 0; c <= highest; ++c) {
          const Numbers numbers{a, b, c};
          made.push_back({numbers, clock_of(numbers)});
        }
      }
    }
    return made;
  }();
  return all;
}

bool nowhere_above(const Numbers& left, const Numbers& right) {
  for (std::size_t i = 0; i < node_count; ++i) {
    if (left[i] > right[i]) return false;
  }
  return true;
}

CausalOrder order_by_definition(const Numbers& left, const Numbers& right) {
  const bool below = nowhere_above(left, right);
  const bool above = nowhere_above(right, left);
  if (below && above) return CausalOrder::equal;
  if (below) return CausalOrder::before;
  return above ? CausalOrder::after : CausalOrder::concurrent;
}

VectorClock merged(VectorClock left, const VectorClock& right) {
  left.merge(right);
  return left;
}

}  // namespace

TEST_CASE("clocks: an absent entry is 0") {
  const VectorClock none;
  VectorClock zero;
  zero.set(node(0), 0);
  CHECK(zero == none);
  CHECK(zero.empty());
  CHECK(zero.compare(none) == CausalOrder::equal);
  CHECK(VectorClock{{node(0), 0}, {node(1), 0}} == none);

  VectorClock taken_back{{node(0), 2}, {node(1), 1}};
  taken_back.set(node(0), 0);
  CHECK(taken_back == VectorClock{{node(1), 1}});
  taken_back.raise(node(2), 0);
  CHECK(taken_back.size() == 1);

  for (const Sample& sample : samples()) {
    CHECK(numbers_of(sample.clock) == sample.numbers);
    for (const VectorClock::Entry& entry : sample.clock.entries()) CHECK(entry.seq > 0);
    for (std::size_t i = 1; i < sample.clock.size(); ++i) {
      CHECK(sample.clock.entries()[i - 1].node < sample.clock.entries()[i].node);
    }
  }
}

TEST_CASE("clocks: compare agrees with the definition by functions") {
  for (const Sample& left : samples()) {
    for (const Sample& right : samples()) {
      const CausalOrder order = order_by_definition(left.numbers, right.numbers);
      REQUIRE(left.clock.compare(right.clock) == order);
      REQUIRE(right.clock.compare(left.clock) == mirrored(order));
      REQUIRE((left.clock == right.clock) == (order == CausalOrder::equal));
      REQUIRE(left.clock.happens_before(right.clock) == (order == CausalOrder::before));
      // Equality is not a conflict.
      REQUIRE(left.clock.concurrent_with(right.clock) == (order == CausalOrder::concurrent));
      REQUIRE(left.clock.covers(right.clock) ==
              (order == CausalOrder::equal || order == CausalOrder::after));
    }
  }
}

TEST_CASE("clocks: mirrored exchanges the sides and nothing else") {
  CHECK(mirrored(CausalOrder::before) == CausalOrder::after);
  CHECK(mirrored(CausalOrder::after) == CausalOrder::before);
  CHECK(mirrored(CausalOrder::equal) == CausalOrder::equal);
  CHECK(mirrored(CausalOrder::concurrent) == CausalOrder::concurrent);
}

TEST_CASE("clocks: happens-before is a strict partial order") {
  for (const Sample& a : samples()) {
    REQUIRE_FALSE(a.clock.happens_before(a.clock));
    for (const Sample& b : samples()) {
      if (!a.clock.happens_before(b.clock)) continue;
      REQUIRE_FALSE(b.clock.happens_before(a.clock));
      for (const Sample& c : samples()) {
        if (b.clock.happens_before(c.clock)) REQUIRE(a.clock.happens_before(c.clock));
      }
    }
  }
}

TEST_CASE("clocks: a clock covers the dots up to its numbers") {
  for (const Sample& sample : samples()) {
    for (std::size_t i = 0; i < node_count; ++i) {
      for (Sequence seq = 1; seq <= highest + 1; ++seq) {
        REQUIRE(sample.clock.covers(Dot{node(i), seq}) == (seq <= sample.numbers[i]));
      }
    }
  }
}

TEST_CASE("clocks: merge is commutative, associative and idempotent") {
  for (const Sample& a : samples()) {
    REQUIRE(merged(a.clock, a.clock) == a.clock);
    REQUIRE(merged(a.clock, VectorClock{}) == a.clock);
    for (const Sample& b : samples()) {
      const VectorClock ab = merged(a.clock, b.clock);
      REQUIRE(ab == merged(b.clock, a.clock));
      for (const Sample& c : samples()) {
        if (merged(ab, c.clock) != merged(a.clock, merged(b.clock, c.clock))) {
          FAIL("not associative: ", to_string(a.clock), " ", to_string(b.clock), " ",
               to_string(c.clock));
        }
      }
    }
  }
}

TEST_CASE("clocks: merge is the least upper bound") {
  for (const Sample& a : samples()) {
    for (const Sample& b : samples()) {
      const VectorClock both = merged(a.clock, b.clock);
      REQUIRE(both.covers(a.clock));
      REQUIRE(both.covers(b.clock));
      for (const Sample& bound : samples()) {
        const bool is_bound = bound.clock.covers(a.clock) && bound.clock.covers(b.clock);
        if (is_bound != bound.clock.covers(both)) {
          FAIL("not the least upper bound of ", to_string(a.clock), " and ", to_string(b.clock),
               ": ", to_string(both));
        }
      }
    }
  }
}

TEST_CASE("clocks: increment counts one node up by one") {
  for (const Sample& sample : samples()) {
    for (std::size_t i = 0; i < node_count; ++i) {
      VectorClock clock = sample.clock;
      REQUIRE(clock.increment(node(i)) == sample.numbers[i] + 1);
      Numbers numbers = sample.numbers;
      ++numbers[i];
      REQUIRE(numbers_of(clock) == numbers);
      REQUIRE(sample.clock.happens_before(clock));
    }
  }
}

TEST_CASE("clocks: raise never lowers, set does as it is told") {
  for (const Sample& sample : samples()) {
    for (std::size_t i = 0; i < node_count; ++i) {
      for (Sequence seq = 0; seq <= highest; ++seq) {
        Numbers numbers = sample.numbers;
        VectorClock raised = sample.clock;
        raised.raise(node(i), seq);
        numbers[i] = std::max(numbers[i], seq);
        REQUIRE(numbers_of(raised) == numbers);
        REQUIRE(raised == merged(sample.clock, VectorClock{{node(i), seq}}));

        VectorClock set = sample.clock;
        set.set(node(i), seq);
        numbers[i] = seq;
        REQUIRE(set == clock_of(numbers));
      }
    }
  }
}

}  // namespace syncline
