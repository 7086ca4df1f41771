#include "sync/replicator_plan.hpp"

#include <doctest/doctest.h>

namespace syncline::test {
namespace {

using Act = ReplicatorPlan::Act;

constexpr std::uint64_t ms = 1000;
constexpr std::uint64_t s = 1000 * ms;

ReplicatorPlan::Options options(bool live = true) {
  ReplicatorPlan::Options options;
  options.live = live;
  options.interval_ms = 2000;
  options.heartbeat_interval_ms = 30'000;
  return options;
}

Error away() { return {ErrorCode::unavailable, "away"}; }

/// Gives always the same byte: 0 for the shortest pause, 255 for the longest.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint8_t byte) : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), byte_); }

 private:
  std::uint8_t byte_;
};

struct Planned {
  explicit Planned(bool live = true, std::uint8_t byte = 255)
      : random(byte), plan(options(live), random) {}
  void round_well(std::uint64_t now, bool refused = false) {
    plan.on_round_begun();
    plan.on_round_ended(now, refused);
  }
  void round_badly(std::uint64_t now, const Error& error = away()) {
    plan.on_round_begun();
    plan.on_round_failed(now, error);
  }
  Act act(std::uint64_t now) const { return plan.next(now).act; }

  FixedRandom random;
  ReplicatorPlan plan;
};

}  // namespace

TEST_CASE("it begins with a round, and a good one leads to a live connection") {
  Planned p;
  CHECK(p.act(5) == Act::round);
  p.plan.on_round_begun();
  CHECK(p.plan.state() == ReplicatorState::connecting);
  p.plan.on_round_ended(5, false);
  CHECK(p.act(5) == Act::live);
  CHECK(p.plan.next(5).until_us == never_us);
  p.plan.on_live_begun(5);
  CHECK(p.plan.state() == ReplicatorState::live);
  CHECK_FALSE(p.plan.next_attempt_us());
}

TEST_CASE("pauses after failures grow to a limit, and lie anywhere below it") {
  Planned longest(true, 255);
  Planned shortest(true, 0);
  std::uint64_t expected = 500 * ms;
  for (int failure = 0; failure < 100; ++failure) {
    longest.round_badly(0);
    shortest.round_badly(0);
    const std::uint64_t until = longest.plan.next(0).until_us;
    CHECK(until <= expected);
    CHECK(until >= expected - expected / 100);
    CHECK(longest.plan.state() == ReplicatorState::offline);
    CHECK(longest.plan.next_attempt_us() == until);
    CHECK(shortest.act(0) == Act::round);
    expected = std::min(expected * 2, 60 * s);
  }
  // A success begins anew.
  longest.round_well(0);
  longest.round_badly(0);
  CHECK(longest.plan.next(0).until_us <= 500 * ms);
}

TEST_CASE("jitter spreads") {
  SeededRandom random(3);
  std::uint64_t least = never_us;
  std::uint64_t most = 0;
  for (int i = 0; i < 200; ++i) {
    ReplicatorPlan plan(options(), random);
    plan.on_round_failed(0, away());
    const ReplicatorPlan::Step step = plan.next(0);
    if (step.act == Act::round) continue;
    least = std::min(least, step.until_us);
    most = std::max(most, step.until_us);
  }
  CHECK(least < 50 * ms);
  CHECK(most > 450 * ms);
  CHECK(most <= 500 * ms);
}

TEST_CASE("the server's word on when to come back counts, also against who is in a hurry") {
  Planned p(true, 0);
  p.round_badly(0, Error(ErrorCode::rate_limited, "slow").with("retry_after_s", 7));
  CHECK(p.plan.next(0).until_us == 7 * s);
  p.plan.on_wanted(1 * s);
  CHECK(p.plan.next(1 * s).until_us == 7 * s);
  CHECK(p.act(7 * s) == Act::round);
  // But not for ever.
  p.round_badly(7 * s, Error(ErrorCode::unavailable, "").with("retry_after_s", 1'000'000'000));
  CHECK(p.plan.next(7 * s).until_us == 3607 * s);
}

TEST_CASE("who is in a hurry does not wait for a pause") {
  Planned p;
  for (int i = 0; i < 20; ++i) p.round_badly(0);
  CHECK(p.act(1 * s) == Act::wait);
  p.plan.on_wanted(1 * s);
  CHECK(p.act(1 * s) == Act::round);
}

TEST_CASE("what is written while the server is away waits with the next attempt") {
  Planned p;
  p.round_badly(0);
  const std::uint64_t until = p.plan.next(0).until_us;
  p.plan.on_commit(1);
  CHECK(p.plan.next(1).until_us == until);
}

TEST_CASE("what no retry mends is a failure, and is tried at the longest pause") {
  for (const ErrorCode code : {ErrorCode::unauthorized, ErrorCode::tenant_not_found,
                               ErrorCode::protocol_unsupported, ErrorCode::forbidden}) {
    Planned p(true, 0);
    p.round_badly(0, Error(code, "no"));
    CHECK(p.plan.state() == ReplicatorState::failed);
    CHECK(p.plan.next(0).until_us == 60 * s);
  }
}

TEST_CASE("a poller goes by its interval") {
  Planned p(false);
  p.round_well(0);
  CHECK(p.plan.state() == ReplicatorState::waiting);
  CHECK(p.plan.next(0).until_us == 2 * s);
  p.plan.on_commit(1);
  CHECK(p.plan.next(1).until_us == 2 * s);
  p.plan.on_wanted(1);
  CHECK(p.act(1) == Act::round);
}

TEST_CASE("where live is not spoken, a long poll listens and commits make rounds") {
  Planned p;
  p.round_well(0);
  p.plan.on_live_not_opened(0, Error(ErrorCode::protocol_unsupported, "no"));
  REQUIRE(p.act(0) == Act::round);
  p.round_well(0);
  CHECK(p.act(0) == Act::wait);
  CHECK(p.plan.next(0).listen);
  CHECK(p.plan.next(0).until_us == 30 * s);
  p.plan.on_commit(1 * s);
  CHECK(p.act(1 * s) == Act::round);
  p.round_well(1 * s);
  CHECK(p.act(1 * s) == Act::wait);
  p.plan.on_bell(2 * s);
  CHECK(p.act(2 * s) == Act::round);
  // What is written during a round gets one more.
  p.plan.on_round_begun();
  p.plan.on_commit(2 * s);
  p.plan.on_round_ended(2 * s, false);
  CHECK(p.act(2 * s) == Act::round);
  // After five minutes live is tried again.
  p.round_well(299 * s);
  CHECK(p.act(299 * s) == Act::wait);
  CHECK(p.plan.next(299 * s).until_us == 300 * s);
  CHECK(p.act(300 * s) == Act::live);
  p.plan.on_live_begun(300 * s);
  p.plan.on_live_ended(400 * s, away());
  p.round_well(400 * s);
  CHECK(p.act(400 * s) == Act::live);
}

TEST_CASE("a live connection that breaks is healed by a round, and opened ever later") {
  Planned p;
  p.round_well(0);
  p.plan.on_live_begun(0);
  p.plan.on_live_ended(1 * s, away());
  CHECK(p.act(1 * s) == Act::round);
  p.round_well(1 * s);
  CHECK(p.act(1 * s) == Act::live);
  p.plan.on_live_begun(1 * s);
  p.plan.on_live_ended(2 * s, away());
  p.round_well(2 * s);
  const ReplicatorPlan::Step step = p.plan.next(2 * s);
  CHECK(step.act == Act::wait);
  CHECK(step.until_us > 2 * s);
  CHECK(step.until_us <= 2 * s + 500 * ms);
  // One that lasted was a good one.
  p.plan.on_live_begun(3 * s);
  p.plan.on_live_ended(100 * s, away());
  p.round_well(100 * s);
  CHECK(p.act(100 * s) == Act::live);
}

TEST_CASE("connections that never open while rounds go through are given up for polls") {
  Planned p;
  std::uint64_t now = 0;
  for (int i = 0; i < 4; ++i) {
    p.round_well(now);
    while (p.act(now) != Act::live) now += 100 * ms;
    p.plan.on_live_not_opened(now, away());
    REQUIRE(p.act(now) == Act::round);
  }
  p.round_well(now);
  CHECK(p.plan.next(now).listen);
}

TEST_CASE("a live connection is left for a round that offers again what was refused") {
  Planned p;
  p.round_well(0, true);
  CHECK(p.act(0) == Act::live);
  CHECK(p.plan.next(0).until_us == 60 * s);
  p.plan.on_live_begun(0);
  p.plan.on_live_ended(60 * s, std::nullopt);
  CHECK(p.act(60 * s) == Act::round);
  p.round_well(60 * s);
  CHECK(p.act(60 * s) == Act::live);
  CHECK(p.plan.next(60 * s).until_us == never_us);
}

}  // namespace syncline::test
