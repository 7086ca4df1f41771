// Nodes that serve one another: changes travel through any path, each of them once.
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "support/mesh_world.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

/// Writes and exchanges in any order, with rows that collide.
void live_on(MeshWorld& world, std::size_t acts) {
  for (std::size_t act = 0; act < acts; ++act) {
    std::uint8_t bytes[4];
    world.random().fill(bytes);
    if (bytes[0] % 3 == 0) {
      world.sync(bytes[1] % world.lines());
    } else {
      world.put(bytes[1] % world.nodes(), "r" + std::to_string(bytes[2] % 7), std::to_string(act));
    }
  }
}

void check_world(MeshWorld& world, bool one_path) {
  live_on(world, 60);
  world.settle();
  world.check_equal();
  CHECK(world.traffic().pushed == world.traffic().accepted);
  CHECK(world.traffic().pulled == world.traffic().applied);
  // Where there are several paths, only what a node wrote itself may go to somebody who got it over
  // another one: it is sent without asking first.
  const std::size_t needed = world.written() * (world.nodes() - 1);
  const std::size_t carried = world.traffic().accepted + world.traffic().applied;
  CHECK(carried >= needed);
  CHECK(carried - needed <= (one_path ? 0 : world.written() / 10));
}

}  // namespace

TEST_CASE("mesh: two nodes on one network need no third") {
  MeshWorld world(2, line_graph(2));
  world.put(0, "a", "1");
  world.put(1, "b", "2");
  world.sync(0);
  world.check_equal();
}

TEST_CASE("mesh: in a line changes reach the other end") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    MeshWorld world(5, line_graph(5), seed);
    check_world(world, true);
  }
}

TEST_CASE("mesh: in a ring changes that come from both sides are taken once") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    MeshWorld world(5, ring_graph(5), seed);
    check_world(world, false);
  }
}

TEST_CASE("mesh: in a star the middle passes everything on") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    MeshWorld world(6, star_graph(6), seed);
    check_world(world, true);
  }
}

TEST_CASE("mesh: in any graph, whoever asks whom") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    SeededRandom shape(seed);
    MeshWorld world(6, random_graph(6, seed % 5, shape), seed);
    check_world(world, false);
  }
}

TEST_CASE("mesh: two lines between the same nodes, one in each direction") {
  MeshWorld world(2, {{0, 1}, {1, 0}});
  check_world(world, false);
}
