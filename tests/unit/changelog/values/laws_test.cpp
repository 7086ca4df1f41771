// Laws of clocks, ids and times over values that RapidCheck chooses and, where one fails, makes
// small. Exhaustively over small worlds: tests/laws.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <rapidcheck.h>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/hybrid_clock.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline {
namespace {

/// Few nodes and small numbers, so that clocks meet.
using Entries = std::map<std::uint8_t, std::uint8_t>;

NodeId node(std::uint8_t last) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes.back() = static_cast<std::uint8_t>(last % 5);
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}

VectorClock clock_of(const Entries& entries) {
  VectorClock clock;
  for (const auto& [last, seq] : entries) clock.set(node(last), seq % 4);
  return clock;
}

VectorClock joined(VectorClock left, const VectorClock& right) {
  left.merge(right);
  return left;
}

NodeId any_node(std::uint64_t high, std::uint64_t low) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high >> (8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(low >> (8 * i));
  }
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}

}  // namespace

TEST_CASE("joining clocks is a semilattice") {
  CHECK(rc::check([](const Entries& one, const Entries& two, const Entries& three) {
    const VectorClock a = clock_of(one);
    const VectorClock b = clock_of(two);
    const VectorClock c = clock_of(three);
    RC_ASSERT(joined(a, a) == a);
    RC_ASSERT(joined(a, b) == joined(b, a));
    RC_ASSERT(joined(joined(a, b), c) == joined(a, joined(b, c)));
    // The least that covers both.
    RC_ASSERT(joined(a, b).covers(a) && joined(a, b).covers(b));
    if (c.covers(a) && c.covers(b)) RC_ASSERT(c.covers(joined(a, b)));
  }));
}

TEST_CASE("comparing clocks is a partial order") {
  CHECK(rc::check([](const Entries& one, const Entries& two, const Entries& three) {
    const VectorClock a = clock_of(one);
    const VectorClock b = clock_of(two);
    const VectorClock c = clock_of(three);
    RC_ASSERT(a.compare(a) == CausalOrder::equal);
    RC_ASSERT(a.compare(b) == mirrored(b.compare(a)));
    RC_ASSERT((a.compare(b) == CausalOrder::equal) == (a == b));
    RC_ASSERT(a.happens_before(b) == (b.covers(a) && a != b));
    RC_ASSERT(a.concurrent_with(b) == (!a.covers(b) && !b.covers(a)));
    if (a.happens_before(b) && b.happens_before(c)) RC_ASSERT(a.happens_before(c));
  }));
}

TEST_CASE("a clock covers exactly the dots up to its entries") {
  CHECK(rc::check([](const Entries& entries, std::uint8_t last, std::uint8_t seq) {
    VectorClock clock = clock_of(entries);
    const Dot dot{node(last), seq};
    RC_ASSERT(clock.covers(dot) == (seq <= clock.get(dot.origin)));
    const Sequence before = clock.get(dot.origin);
    clock.raise(dot);
    RC_ASSERT(clock.covers(dot));
    RC_ASSERT(clock.get(dot.origin) == std::max<Sequence>(before, seq));
    RC_ASSERT(clock.increment(dot.origin) == std::max<Sequence>(before, seq) + 1);
    const auto is_zero = [](const VectorClock::Entry& entry) { return entry.seq == 0; };
    RC_ASSERT(std::none_of(clock.entries().begin(), clock.entries().end(), is_zero));
  }));
}

TEST_CASE("the text of an id is the id, in either case, and in the order of its bytes") {
  CHECK(rc::check([](std::uint64_t high, std::uint64_t low, std::uint64_t other) {
    const NodeId id = any_node(high, low);
    std::string text = id.to_string();
    RC_ASSERT(NodeId::parse(text).value() == id);
    const NodeId second = any_node(high, other);
    RC_ASSERT((id < second) == (text < second.to_string()));
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    RC_ASSERT(NodeId::parse(text).value() == id);
  }));
}

TEST_CASE("the text of a hybrid time is the time, and in its order") {
  CHECK(rc::check([](std::uint64_t one, std::uint64_t two) {
    const HybridTime time{one};
    const HybridTime other{two};
    RC_ASSERT(HybridTime::parse(time.to_string()).value() == time);
    RC_ASSERT((time < other) == (time.to_string() < other.to_string()));
    RC_ASSERT(HybridTime::from_us(time.physical_us(), time.counter()) == time);
  }));
}

TEST_CASE("a hybrid clock never goes back, nor behind what it has seen") {
  CHECK(rc::check([](const std::vector<std::pair<std::uint32_t, std::uint32_t>>& events) {
    HybridClock clock;
    for (const auto& [now_us, remote] : events) {
      const HybridTime before = clock.last();
      if (remote % 2 == 0) {
        const HybridTime written = clock.tick(now_us);
        RC_ASSERT(written > before);
        RC_ASSERT(written >= HybridTime::from_us(now_us));
        RC_ASSERT(clock.last() == written);
      } else {
        clock.observe(HybridTime::from_us(remote), now_us);
        RC_ASSERT(clock.last() >= before && clock.last() >= HybridTime::from_us(remote));
        RC_ASSERT(clock.last() >= HybridTime::from_us(now_us));
      }
    }
  }));
}

TEST_CASE("a time in RFC 3339 is the same in every offset") {
  CHECK(rc::check([](std::uint32_t seconds, std::uint32_t fraction) {
    const std::uint64_t day_us = 86'400'000'000;
    const std::uint64_t us = day_us + seconds * std::uint64_t{1'000'000} + fraction % 1'000'000;
    const std::string text = format_rfc3339(us);
    RC_ASSERT(parse_rfc3339(text).value() == us);
    const auto minutes = *rc::gen::inRange<std::uint64_t>(0, 24 * 60);
    const std::uint64_t offset_us = minutes * 60'000'000;
    const auto digits = [](std::uint64_t number) {
      return std::string(1, static_cast<char>('0' + number / 10)) +
             static_cast<char>('0' + number % 10);
    };
    const std::string offset = digits(minutes / 60) + ':' + digits(minutes % 60);
    const auto local = [&](std::uint64_t at) {
      std::string shifted = format_rfc3339(at);
      shifted.pop_back();  // the Z
      return shifted;
    };
    RC_ASSERT(parse_rfc3339(local(us + offset_us) + '+' + offset).value() == us);
    RC_ASSERT(parse_rfc3339(local(us - offset_us) + '-' + offset).value() == us);
  }));
}

}  // namespace syncline
