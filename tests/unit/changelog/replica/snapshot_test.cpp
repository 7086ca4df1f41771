#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

TEST_CASE("a snapshot gives a new replica rows, history and summary") {
  const Node a(1);
  const Node fresh(2);
  for (int i = 0; i < 20; ++i) a->put("t", std::to_string(i % 5), Payload::json(std::to_string(i)));
  a->erase("t", "0");
  REQUIRE(fresh->merge(a->snapshot()));
  CHECK(fresh->visible_checksum() == a->visible_checksum());
  CHECK(fresh->summary() == a->summary());
  CHECK(fresh->statistics().tombstones == 1);
  CHECK(deliver(a, fresh).duplicates == 21);
}

TEST_CASE("merging keeps of both sides what the other has not seen, under a new log id") {
  const Node a(1);
  const Node b(2);
  a->put("t", "1", Payload::json("1"));
  exchange(a, b);
  a->put("t", "1", Payload::json("2"));
  b->put("t", "1", Payload::json("3"));
  b->put("t", "2", Payload::json("4"));
  const LogId before = b->log_id();
  REQUIRE(b->merge(a->snapshot()));
  CHECK(b->log_id() != before);
  CHECK(b->get("t", "1").siblings.size() == 2);
  CHECK(text_of(b->get("t", "2")) == "4");
  CHECK(b->conflicts().conflicts.size() == 1);
  deliver(b, a);
  CHECK(a->visible_checksum() == b->visible_checksum());
  CHECK(a->conflicts().conflicts[0].id == b->conflicts().conflicts[0].id);
  CHECK(b->put("t", "2", Payload::json("5")).value().dot.seq == 3);
}

TEST_CASE("known conflicts keep their sides and their time through a merge") {
  Node a(1);
  Node b(2);
  a->put("t", "1", Payload::json("1"));
  b->put("t", "1", Payload::json("2"));
  exchange(a, b);
  const ConflictReport before = b->conflicts().conflicts[0];
  b.clock.advance_us(50'000'000);
  REQUIRE(b->merge(a->snapshot()));
  const ConflictReport after = b->conflict(before.id).value();
  CHECK(after.detected_at_us == before.detected_at_us);
  CHECK(after.local.dot == before.local.dot);
}

TEST_CASE("a snapshot in pages is the snapshot, whatever the size of a page") {
  const Node a(1);
  const Node b(2);
  for (int i = 0; i < 30; ++i) {
    a->put(i % 3 == 0 ? "s" : "t", std::to_string(i % 10), Payload::json(std::to_string(i)));
  }
  b->put("t", "1", Payload::json("\"b\""));
  deliver(b, a);
  const Snapshot whole = a->snapshot();
  for (const std::size_t limit : {1U, 2U, 7U, 1000U}) {
    std::vector<Lsn> rows;
    std::vector<Lsn> history;
    std::optional<SnapshotPosition> position = SnapshotPosition{};
    while (position) {
      const SnapshotPage page = a->snapshot_page(*position, limit, 1 << 20, {}, whole.lsn);
      for (const LogEntry& entry : page.rows) rows.push_back(entry.lsn);
      for (const LogEntry& entry : page.history) history.push_back(entry.lsn);
      position = page.next;
    }
    CHECK(rows.size() == whole.rows.size());
    CHECK(history.size() == whole.history.size());
    CHECK(rows.size() + history.size() == whole.lsn);
  }
}

TEST_CASE("a snapshot of some tables leaves the others alone") {
  const Node a(1);
  const Node b(2);
  a->put("wanted", "1", Payload::json("1"));
  a->put("other", "1", Payload::json("2"));
  b->put("other", "1", Payload::json("3"));
  const std::vector<std::string> tables = {"wanted"};
  REQUIRE(b->merge(a->snapshot(tables), tables));
  CHECK(text_of(b->get("wanted", "1")) == "1");
  CHECK(text_of(b->get("other", "1")) == "3");
  CHECK(deliver(a, b).applied + deliver(a, b).duplicates >= 1);
}

TEST_CASE("a damaged snapshot changes nothing") {
  const Node a(1);
  const Node b(2);
  a->put("t", "1", Payload::json("1"));
  b->put("t", "2", Payload::json("2"));
  Snapshot snapshot = a->snapshot();
  snapshot.rows[0].record[0] = 'x';
  const LogId before = b->log_id();
  CHECK(b->merge(snapshot).error().code == ErrorCode::invalid_change);
  CHECK(b->log_id() == before);
  CHECK(b->statistics().changes == 1);
}

TEST_CASE("a snapshot of some tables leaves each origin's changes in their order") {
  const Node hub(1);
  const Node edge(2);
  edge->put("orders", "1", Payload::json("1"));
  edge->put("notes", "1", Payload::json("2"));
  edge->put("orders", "2", Payload::json("3"));
  deliver(edge, hub);
  const std::vector<std::string> tables = {"orders"};
  REQUIRE(edge->merge(hub->snapshot(tables), tables));
  const LogReader reader = edge->log();
  for (Sequence seq = 1; seq <= 3; ++seq) CHECK(reader.find({edge->node(), seq}) == seq);
  CHECK(edge->first_lsn_not_covered({{edge->node(), 1}}) == 2);
  CHECK(edge->chain_at(edge->node(), 2) == hub->chain_at(edge->node(), 2));
  CHECK(edge->put("notes", "1", Payload::json("4")).value().dot.seq == 4);
}

TEST_CASE("a whole snapshot brings what a filter had kept back") {
  const Node hub(1);
  const Node edge(2);
  hub->put("notes", "1", Payload::json("1"));
  hub->put("orders", "1", Payload::json("2"));
  REQUIRE(edge->cover(hub->summary()));  // as after a pull that let nothing through
  REQUIRE(edge->merge(hub->snapshot()));
  CHECK(edge->visible_checksum() == hub->visible_checksum());
}

TEST_CASE("a snapshot with other bytes under a held dot is refused") {
  const Node hub(1);
  const Node edge(2);
  const Node twin(2);
  edge->put("t", "1", Payload::json("\"mine\""));
  twin->put("t", "2", Payload::json("\"its\""));
  deliver(twin, hub);
  CHECK(edge->merge(hub->snapshot()).error().code == ErrorCode::dot_mismatch);
  CHECK(text_of(edge->get("t", "1")) == "\"mine\"");
}
