#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

const std::vector<std::string> only_t{"t"};

/// Rows of two tables by two writers, one of them in conflict.
void fill(const Node& a, const Node& b) {
  a->put("t", "1", Payload::json("1"));
  a->put("u", "1", Payload::json("2"));
  exchange(a, b);
  a->put("t", "1", Payload::json("3"));
  b->put("t", "1", Payload::json("4"));
  a->put("u", "2", Payload::json("5"));
  b->put("u", "2", Payload::json("6"));
  exchange(a, b);
}

}  // namespace

TEST_CASE("a dropped table is gone, and the others are as they were") {
  const Node a(1);
  const Node b(2);
  fill(a, b);
  const VectorClock summary = a->summary();
  const LogId before = a->log_id();
  REQUIRE(a->conflicts().conflicts.size() == 2);
  REQUIRE(a->drop_tables(only_t, summary));
  CHECK(a->log_id() != before);
  CHECK(a->tables() == std::vector<std::string>{"u"});
  CHECK_FALSE(a->get("t", "1").winner);
  CHECK(text_of(a->get("u", "1")) == "2");
  CHECK(text_of(a->get("u", "2")) == text_of(b->get("u", "2")));
  CHECK(a->conflicts().conflicts.size() == 1);
  CHECK(a->log().last_lsn() == 3);
  CHECK(a->summary() == summary);
  // What was seen does not come back by itself, and nothing is missed.
  CHECK(deliver(b, a).duplicates == 6);
  CHECK(a->put("u", "3", Payload::json("7")).value().dot.seq == 5);
  CHECK(deliver(a, b).applied == 1);
  CHECK(a->origin(node_named(1)).whole);
  CHECK(a->chain_at(node_named(1), 5) == b->chain_at(node_named(1), 5));
}

TEST_CASE("a change that nobody else holds keeps its table") {
  const Node a(1);
  const Node b(2);
  fill(a, b);
  const VectorClock delivered = a->summary();
  a->put("t", "9", Payload::json("9"));
  const Result<void> dropped = a->drop_tables(only_t, delivered);
  REQUIRE(dropped.has_error());
  CHECK(dropped.error().code == ErrorCode::precondition_failed);
  CHECK(text_of(a->get("t", "9")) == "9");
  CHECK(a->log().last_lsn() == 7);
  // One of another table does not matter.
  a->put("u", "9", Payload::json("9"));
  REQUIRE(a->drop_tables(only_t, VectorClock{{node_named(1), 5}, {node_named(2), 2}}));
  CHECK(text_of(a->get("u", "9")) == "9");
}

TEST_CASE("a table that is not there is dropped without laying anything anew") {
  const Node a(1);
  a->put("u", "1", Payload::json("1"));
  const LogId before = a->log_id();
  REQUIRE(a->drop_tables(only_t, {}));
  CHECK(a->log_id() == before);
}

TEST_CASE("a dropped table comes back by a snapshot of it") {
  const Node a(1);
  const Node b(2);
  fill(a, b);
  REQUIRE(a->drop_tables(only_t, a->summary()));
  REQUIRE(a->merge(b->snapshot(only_t), only_t));
  CHECK(a->visible_checksum() == b->visible_checksum());
  b->put("t", "1", Payload::json("8"));
  deliver(b, a);
  CHECK(text_of(a->get("t", "1")) == "8");
}

TEST_CASE("a journal tells a replica without its dropped tables") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node b(2);
  VectorClock summary;
  {
    const Node a(1, "lww", journal);
    fill(a, b);
    summary = a->summary();
    REQUIRE(a->drop_tables(only_t, summary));
  }
  const Node again(1, "lww", journal);
  CHECK(again->tables() == std::vector<std::string>{"u"});
  CHECK(again->summary() == summary);
  CHECK(again->chain_at(node_named(1), 4) == b->chain_at(node_named(1), 4));
  CHECK(again->put("u", "3", Payload::json("7")).value().dot.seq == 5);
}
