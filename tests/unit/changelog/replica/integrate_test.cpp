#include "syncline/record.hpp"
#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

TEST_CASE("a receiver merges and never counts its own clock up") {
  const Node a(1);
  const Node b(2);
  a->put("t", "1", Payload::json("1"));
  const IntegrateResult result = deliver(a, b);
  CHECK(result.applied == 1);
  CHECK(result.acked.get(a->node()) == 1);
  CHECK(b->summary().get(b->node()) == 0);
  CHECK(b->summary() == a->summary());
  CHECK(b->origin(a->node()).chain == a->origin(a->node()).chain);
}

TEST_CASE("delivering again changes nothing") {
  const Node a(1);
  const Node b(2);
  a->put("t", "1", Payload::json("1"));
  deliver(a, b);
  const LogStatistics before = b->statistics();
  const IntegrateResult again = deliver(a, b);
  CHECK(again.duplicates == 1);
  CHECK(again.applied == 0);
  CHECK(b->statistics().changes == before.changes);
  CHECK(b->conflicts().conflicts.empty());
}

TEST_CASE("a hole is refused with the seq expected, and what comes behind it as well") {
  const Node a(1);
  const Node b(2);
  for (int i = 0; i < 4; ++i) a->put("t", "r" + std::to_string(i), Payload::json("1"));
  const Records records(*a);
  const std::vector<std::string_view> with_hole = {records.views[0], records.views[2],
                                                   records.views[3]};
  const IntegrateResult result = b->integrate(with_hole);
  CHECK(result.applied == 1);
  REQUIRE(result.rejected.size() == 2);
  CHECK(result.rejected[0].error.code == ErrorCode::sequence_gap);
  CHECK(result.rejected[0].error.number("expected_seq") == 2);
  CHECK(result.rejected[1].error.code == ErrorCode::depends);
  CHECK(result.acked.get(a->node()) == 1);
  CHECK(deliver(a, b).applied == 3);
}

TEST_CASE("what saw a refused change is refused, the rest stands") {
  const Node a(1);
  const Node b(2);
  const Node c(3);
  a->put("t", "1", Payload::json("1"));
  deliver(a, b);
  b->put("t", "1", Payload::json("2"));
  b->put("t", "2", Payload::json("3"));
  const Records records(*b);  // a's change, then b's two
  const std::vector<std::string_view> without_cause = {records.views[1], records.views[2]};
  const IntegrateResult result = c->integrate(without_cause);
  REQUIRE(result.rejected.size() == 2);
  CHECK(result.rejected[0].error.code == ErrorCode::depends);
  CHECK(c->log().last_lsn() == 0);
  CHECK(deliver(b, c).applied == 3);
}

TEST_CASE("other bytes under a held dot are refused") {
  const Node a(1);
  const Node twin(1);
  const Node b(2);
  a->put("t", "1", Payload::json("1"));
  twin->put("t", "1", Payload::json("2"));
  deliver(a, b);
  const IntegrateResult result = deliver(twin, b);
  REQUIRE(result.rejected.size() == 1);
  CHECK(result.rejected[0].error.code == ErrorCode::dot_mismatch);
  CHECK(text_of(b->get("t", "1")) == "1");
}

TEST_CASE("a hub refuses the pusher's own change from the future and flags what is foreign") {
  Node a(1);
  const Node hub(2);
  a.clock.advance_us(600'000'000);
  a->put("t", "1", Payload::json("1"));
  const Records records(*a);
  IntegrateOptions pushed;
  pushed.pusher = a->node();
  const IntegrateResult refused = hub->integrate(records.views, pushed);
  REQUIRE(refused.rejected.size() == 1);
  CHECK(refused.rejected[0].error.code == ErrorCode::clock_drift);
  CHECK_FALSE(refused.rejected[0].error.text("time").empty());
  pushed.pusher = node_named(9);  // a relay pushes it: never refused, but flagged
  CHECK(hub->integrate(records.views, pushed).applied == 1);
  CHECK(hub->log().at(1).skewed);
}

TEST_CASE("a change that bears the receiver's own id is refused if it never wrote it") {
  const Node a(1);
  const Node twin(1);
  twin->put("t", "1", Payload::json("1"));
  const IntegrateResult result = deliver(twin, a);
  REQUIRE(result.rejected.size() == 1);
  CHECK(result.rejected[0].error.code == ErrorCode::replica_rewound);
}

TEST_CASE("a transaction comes whole or not at all") {
  const Node a(1);
  const Node b(2);
  const std::vector<Write> writes = {{WriteKind::put, "t", "1", Payload::json("1"), {}},
                                     {WriteKind::put, "t", "2", Payload::json("2"), {}},
                                     {WriteKind::put, "t", "3", Payload::json("3"), {}}};
  REQUIRE(a->transaction(writes));
  const Records records(*a);
  const IntegrateResult cut = b->integrate(std::span(records.views).first(2));
  REQUIRE(cut.rejected.size() == 2);
  CHECK(cut.rejected[0].error.text("field") == "transaction");
  CHECK(b->log().last_lsn() == 0);
  CHECK(deliver(a, b).applied == 3);
  CHECK(deliver(a, b).duplicates == 3);
}

TEST_CASE("bytes that are no record are refused one by one") {
  const Node a(1);
  const Node b(2);
  a->put("t", "1", Payload::json("1"));
  Records records(*a);
  const std::string with_tail = std::string(records.views[0]) + "x";
  const std::vector<std::string_view> batch = {"garbage", with_tail, "", records.views[0]};
  const IntegrateResult result = b->integrate(batch);
  CHECK(result.rejected.size() == 4);  // the last one depends on its own dot, refused before
  CHECK(deliver(a, b).applied == 1);
}

TEST_CASE("with a filter holes are allowed and the summary moves by what was covered") {
  const Node a(1);
  const Node b(2);
  for (int i = 0; i < 3; ++i) a->put(i == 1 ? "other" : "t", "1", Payload::json("1"));
  ReadOptions only;
  only.tables = {"t"};
  const ReadPage page = a->read(only).value();
  std::vector<std::string_view> views;
  for (const LogEntry& entry : page.entries) views.push_back(record_of(entry));
  IntegrateOptions pulled;
  pulled.allow_gaps = true;
  CHECK(b->integrate(views, pulled).applied == 2);
  CHECK(b->summary().get(a->node()) == 1);
  REQUIRE(b->cover(a->summary()));
  CHECK(b->summary() == a->summary());
  CHECK_FALSE(b->origin(a->node()).whole);
  CHECK(b->integrate(views, pulled).duplicates == 2);
}

TEST_CASE("what a clock does not cover is found without a search") {
  const Node a(1);
  const Node b(2);
  for (int i = 0; i < 5; ++i) a->put("t", std::to_string(i), Payload::json("1"));
  deliver(a, b);
  b->put("t", "b", Payload::json("1"));
  CHECK(b->first_lsn_not_covered(b->summary()) == 7);
  CHECK(b->first_lsn_not_covered(a->summary()) == 6);
  CHECK(b->first_lsn_not_covered({{a->node(), 2}, {b->node(), 1}}) == 3);
  CHECK(b->first_lsn_not_covered({}) == 1);
}

TEST_CASE("the chain of an earlier change can be told") {
  const Node a(1);
  std::vector<std::uint64_t> chains = {0};
  for (int i = 0; i < 200; ++i) {
    a->put("t", std::to_string(i), Payload::json("1"));
    chains.push_back(a->origin(a->node()).chain);
  }
  for (const Sequence seq : {0U, 1U, 63U, 64U, 65U, 128U, 199U, 200U}) {
    CHECK(a->chain_at(a->node(), seq) == chains[seq]);
  }
  CHECK_FALSE(a->chain_at(a->node(), 201).has_value());
  CHECK_FALSE(a->chain_at(node_named(7), 1).has_value());
}
