#include "sync/callback_gate.hpp"

#include <vector>

#include <doctest/doctest.h>

namespace syncline::test {

TEST_CASE("without an executor the posting thread runs callbacks") {
  CallbackGate gate{{}};
  int ran = 0;
  gate.post([&] { ++ran; });
  CHECK(ran == 0);  // not open yet
  gate.open();
  gate.post([&] {
    ++ran;
    CHECK(gate.inside());
  });
  CHECK(ran == 1);
  CHECK_FALSE(gate.inside());
  gate.close();
  gate.post([&] { ++ran; });
  CHECK(ran == 1);
}

TEST_CASE("what waits in an executor when the gate closes never runs") {
  std::vector<std::function<void()>> queue;
  CallbackGate gate([&](std::function<void()> callback) { queue.push_back(std::move(callback)); });
  gate.open();
  int ran = 0;
  gate.post([&] { ++ran; });
  gate.post([&] { ++ran; });
  REQUIRE(queue.size() == 2);
  queue[0]();
  CHECK(ran == 1);
  gate.close();
  queue[1]();
  CHECK(ran == 1);
  gate.open();
  queue[1]();  // it belongs to the time before
  CHECK(ran == 1);
}

TEST_CASE("what waits in an executor may outlive the gate") {
  std::function<void()> kept;
  int ran = 0;
  {
    CallbackGate gate([&](std::function<void()> callback) { kept = std::move(callback); });
    gate.open();
    gate.post([&] { ++ran; });
    gate.close();
  }
  kept();
  CHECK(ran == 0);
}

}  // namespace syncline::test
