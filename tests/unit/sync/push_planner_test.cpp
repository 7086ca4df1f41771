#include "sync/push_planner.hpp"

#include <doctest/doctest.h>

#include "support/sync_world.hpp"

namespace syncline::test {
namespace {

PushPlanner::Options batches_of(std::size_t changes) { return {changes, 1'000'000, false}; }

Rejection refusal(const Dot& dot, ErrorCode code, Sequence expected = 0) {
  Error error{code, "no"};
  if (expected != 0) error = std::move(error).with("expected_seq", expected);
  return {dot, 0, error};
}

}  // namespace

TEST_CASE("nothing is sent before the server is known") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(3);
  PushPlanner planner(*edge.replica, batches_of(2));
  CHECK_FALSE(planner.next());
  planner.set_server_clock({});
  CHECK(planner.next()->changes.records.size() == 2);
  planner.forget_server();
  CHECK_FALSE(planner.next());
}

TEST_CASE("a hole at the server is filled once a round") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(5);
  const NodeId self = edge.replica->node();
  PushPlanner planner(*edge.replica, batches_of(10));
  planner.set_server_clock(VectorClock{{self, 3}});
  REQUIRE(planner.next()->changes.records.size() == 2);
  PushResponse answer;
  answer.rejected = {refusal({self, 4}, ErrorCode::sequence_gap, 2),
                     refusal({self, 5}, ErrorCode::depends)};
  CHECK(planner.on_answer(answer).rejected.empty());
  CHECK(planner.next()->changes.records.size() == 4);
  answer.rejected = {refusal({self, 2}, ErrorCode::sequence_gap, 1)};
  CHECK(planner.on_answer(answer).rejected.size() == 1);
  CHECK_FALSE(planner.next());
  planner.begin_round();
  CHECK(planner.next());
}

TEST_CASE("what is not durable at the server yet waits for the next round") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(2);
  PushPlanner planner(*edge.replica, batches_of(10));
  planner.set_server_clock({});
  REQUIRE(planner.next());
  const PushPlanner::Outcome outcome = planner.on_answer({});
  CHECK(outcome.accepted == 0);
  CHECK_FALSE(planner.next());
}

TEST_CASE("a stable marker does not overtake what stays behind") {
  SyncWorld world;
  const Edge home = world.edge();
  Edge edge = world.edge();
  const auto give = [&](Lsn lsn) {
    const LogReader log = home.replica->log();
    const auto record = log.at(lsn).change.record;
    const std::string_view view(reinterpret_cast<const char*>(record.data()), record.size());
    REQUIRE(edge.replica->integrate(std::span(&view, 1)).rejected.empty());
  };
  REQUIRE(home.replica->put("t", "first", Payload::json("1")));
  REQUIRE(home.replica->append_stable_marker(home.replica->summary()));
  give(1);
  edge.put("second", "1");
  give(2);
  PushPlanner planner(*edge.replica, batches_of(10));
  planner.raise_server_clock({}, true);
  planner.set_server_clock(VectorClock{{home.replica->node(), 1}});
  planner.pass_over(edge.replica->node());
  CHECK_FALSE(planner.next());
  planner.unblock(edge.replica->node());
  CHECK(planner.next()->changes.records.size() == 1);
  planner.begin_round();
  planner.raise_server_clock({}, true);
  CHECK(planner.next()->changes.records.size() == 2);
}

TEST_CASE("a batch that is too large is halved, and one change is given up") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put_many(4);
  PushPlanner planner(*edge.replica, batches_of(10));
  planner.set_server_clock({});
  const Error error{ErrorCode::too_large, "no"};
  for (const std::size_t size : {4U, 2U, 1U}) {
    REQUIRE(planner.next()->changes.records.size() == size);
    CHECK(planner.on_too_large(error).size() == (size == 1 ? 1 : 0));
  }
  CHECK_FALSE(planner.next());
}

TEST_CASE("a transaction that is too large is given up as a whole") {
  SyncWorld world;
  Edge edge = world.edge();
  const std::vector<Write> writes(5, Write{WriteKind::put, "t", "r", Payload::json("1"), {}});
  REQUIRE(edge.replica->transaction(writes));
  PushPlanner planner(*edge.replica, batches_of(10));
  planner.set_server_clock({});
  const Error error{ErrorCode::too_large, "no"};
  REQUIRE(planner.next());
  CHECK(planner.on_too_large(error).empty());
  REQUIRE(planner.next()->changes.records.size() == 5);
  CHECK(planner.on_too_large(error).size() == 5);
  CHECK_FALSE(planner.next());
}

}  // namespace syncline::test
