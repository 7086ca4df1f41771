// Private changes in the middle of a history with conflicts.
#pragma once

#include <memory>
#include <random>
#include <string>

#include "unit/changelog/replica/replica_fixture.hpp"
#include "unit/changelog/replica/replica_state.hpp"

namespace syncline::test {

inline constexpr std::uint64_t hour_us = 3'600'000'000;

/// Two replicas with conflicts between them; the first has private changes, an hour ahead, between
/// changes of the other.
struct PrivatePair {
  explicit PrivatePair(std::shared_ptr<Journal> journal, unsigned seed = 1)
      : node(1, "lww", std::move(journal)), other(2), random(seed) {
    write(node, 70);
    write(other, 60);
    exchange(node, other);
    REQUIRE(node->mark_sent(node->origin(node->node()).seq, "other") == true);
    node.clock.advance_us(hour_us);
    for (int i = 0; i < 5; ++i) {
      write(node, 20);
      write(other, 10);
      deliver(other, node);
    }
    node.clock.set_us(1'000'000'000'000'500);
  }
  void write(const Node& at, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string row = std::to_string(random() % 12);
      REQUIRE(at->put("t", row, Payload::json(std::to_string(random() % 5))));
    }
    const std::string one = std::to_string(random() % 12);
    const std::string two = std::to_string(random() % 12 + 20);
    const Write both[] = {{WriteKind::put, "t", one, Payload::json("1"), {}},
                          {WriteKind::put, "t", two, Payload::json("2"), {}}};
    REQUIRE(at->transaction(both));
  }

  Node node;
  Node other;
  std::mt19937 random;
};

}  // namespace syncline::test
