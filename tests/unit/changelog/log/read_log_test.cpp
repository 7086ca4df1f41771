#include <algorithm>

#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

/// A log of 1,000 changes of two origins in four tables, one of them rare; a second between each.
struct Filled {
  Filled() : node(1), other(2) {
    for (int i = 0; i < 1000; ++i) {
      node.clock.advance_us(1'000'000);
      const std::string table = i == 700 ? "rare" : "t" + std::to_string(i % 3);
      const std::string row = std::to_string(i % 10);
      if (i % 100 == 50) {
        node->erase(table, std::to_string((i - 3) % 10));
        node->put(table, row, Payload::json("1"));
      } else {
        node->put(table, row, Payload::json(std::to_string(i)));
      }
      if (i == 500) {
        other->put("o", "1", Payload::json("1"));
        deliver(other, node);
      }
    }
  }
  std::vector<Lsn> read(const ReadOptions& options) const {
    std::vector<Lsn> lsns;
    const ReadPage page = node->read(options).value();
    for (const LogEntry& entry : page.entries) lsns.push_back(entry.lsn);
    return lsns;
  }
  template <typename Wanted>
  std::vector<Lsn> expected(Wanted&& wanted) const {
    std::vector<Lsn> lsns;
    const LogReader reader = node->log();
    for (Lsn lsn = 1; lsn <= reader.last_lsn(); ++lsn) {
      if (wanted(reader.at(lsn))) lsns.push_back(lsn);
    }
    return lsns;
  }
  static ReadOptions all() {
    ReadOptions options;
    options.limit = 100'000;
    return options;
  }

  Node node;
  Node other;
};

}  // namespace

TEST_CASE("filters find what a plain search finds") {
  const Filled world;
  ReadOptions by_table = Filled::all();
  by_table.tables = {"rare", "o"};
  CHECK(world.read(by_table) == world.expected([](const LogEntry& entry) {
    return entry.change.table == "rare" || entry.change.table == "o";
  }));
  ReadOptions without = Filled::all();
  without.exclude_tables = {"t0", "t1"};
  CHECK(world.read(without) == world.expected([](const LogEntry& entry) {
    return entry.change.table != "t0" && entry.change.table != "t1";
  }));
  ReadOptions by_operation = Filled::all();
  by_operation.operations = {Operation::erase};
  CHECK(world.read(by_operation) == world.expected([](const LogEntry& entry) {
    return entry.change.operation == Operation::erase;
  }));
  ReadOptions by_origin = Filled::all();
  by_origin.origins = {node_named(2)};
  CHECK(world.read(by_origin).size() == 1);
  ReadOptions except = Filled::all();
  except.except_origin = node_named(1);
  CHECK(world.read(except).size() == 1);
  ReadOptions by_row = Filled::all();
  by_row.tables = {"t1"};
  by_row.row_id = "4";
  CHECK(world.read(by_row) == world.expected([](const LogEntry& entry) {
    return entry.change.table == "t1" && entry.change.row_id == "4";
  }));
}

TEST_CASE("a read by time takes what arrived in between") {
  const Filled world;
  const LogReader reader = world.node->log();
  const std::uint64_t from = reader.at(100).received_at_us;
  const std::uint64_t until = reader.at(200).received_at_us;
  ReadOptions options = Filled::all();
  options.received_from_us = from;
  options.received_until_us = until;
  const std::vector<Lsn> lsns = world.read(options);
  REQUIRE(lsns.size() == 100);
  CHECK(lsns.front() == 100);
  CHECK(lsns.back() == 199);
  CHECK(reader.first_received_since(0) == 1);
  CHECK(reader.first_received_since(~std::uint64_t{0}) == reader.last_lsn() + 1);
}

TEST_CASE("a page ends where it is full, and goes on from there without a gap") {
  const Filled world;
  ReadOptions options;
  options.limit = 7;
  options.tables = {"t2"};
  std::vector<Lsn> paged;
  for (bool more = true; more;) {
    const ReadPage page = world.node->read(options).value();
    CHECK(page.entries.size() <= 7);
    for (const LogEntry& entry : page.entries) paged.push_back(entry.lsn);
    options.after = page.examined;
    more = page.has_more;
  }
  ReadOptions whole = Filled::all();
  whole.tables = {"t2"};
  CHECK(paged == world.read(whole));
  CHECK(options.after == world.node->log().last_lsn());
}

TEST_CASE("a filter that matches nothing still gets on") {
  const Filled world;
  ReadOptions options;
  options.tables = {"no such table"};
  const ReadPage page = world.node->read(options).value();
  CHECK(page.entries.empty());
  CHECK(page.examined == world.node->log().last_lsn());
  CHECK_FALSE(page.has_more);
}

TEST_CASE("one change is given however small the page, and a transaction is not cut") {
  const Node node(1);
  std::vector<Write> writes;
  for (int i = 0; i < 20; ++i) writes.push_back({WriteKind::put, "t", "1", Payload::json("1"), {}});
  REQUIRE(node->transaction(writes));
  node->put("t", "2", Payload::raw(std::string(100'000, 'x')));
  ReadOptions options;
  options.max_bytes = 10;
  const ReadPage first = node->read(options).value();
  CHECK(first.entries.size() == 20);
  CHECK(first.has_more);
  options.after = first.examined;
  CHECK(node->read(options).value().entries.size() == 1);
}

TEST_CASE("a transaction that does not fit any more begins the next page") {
  const Node node(1);
  node->put("t", "0", Payload::json("0"));
  node->put("t", "1", Payload::json("1"));
  std::vector<Write> writes;
  for (int i = 0; i < 5; ++i) writes.push_back({WriteKind::put, "t", "2", Payload::json("2"), {}});
  REQUIRE(node->transaction(writes));
  node->put("t", "3", Payload::json("3"));
  const std::size_t record = node->log().at(1).change.record.size();
  for (const bool by_bytes : {false, true}) {
    ReadOptions options;
    if (by_bytes) {
      options.max_bytes = 4 * record;
    } else {
      options.limit = 4;
    }
    std::vector<std::size_t> sizes;
    for (bool more = true; more;) {
      const ReadPage page = node->read(options).value();
      sizes.push_back(page.entries.size());
      CHECK(page.entries.back().lsn == page.examined);
      options.after = page.examined;
      more = page.has_more;
    }
    CHECK(sizes == std::vector<std::size_t>{2, 5, 1});
  }
}

TEST_CASE("row_id needs one table") {
  const Node node(1);
  ReadOptions options;
  options.row_id = "1";
  CHECK(node->read(options).error().code == ErrorCode::bad_request);
}

TEST_CASE("every entry knows the value before it") {
  const Node a(1);
  const Node b(2);
  a->put("t", "1", Payload::json("1"));
  a->put("t", "2", Payload::json("2"));
  a->put("t", "1", Payload::json("3"));
  CHECK(a->log().at(1).before_lsn == 0);
  CHECK(a->log().at(3).before_lsn == 1);
  deliver(a, b);
  a->put("t", "1", Payload::json("4"));
  a->put("t", "1", Payload::json("5"));
  b->put("t", "1", Payload::json("6"));
  deliver(b, a);
  const LogReader reader = a->log();
  CHECK(reader.at(6).verdict == Verdict::conflict);
  CHECK(reader.at(reader.at(6).before_lsn).change.data == "5");
}

TEST_CASE("records larger than a segment have a place of their own") {
  Replica::Options options;
  options.max_change_bytes = limits::max_change_bytes;
  const auto replica = Replica::open(std::move(options)).value();
  const std::string large(6 << 20, 'L');
  for (int i = 0; i < 3; ++i) {
    REQUIRE(replica->put("t", "small", Payload::json(std::to_string(i))));
    REQUIRE(replica->put("t", "large", Payload::raw(large)));
  }
  const LogReader reader = replica->log();
  for (Lsn lsn = 1; lsn <= 6; ++lsn) {
    CHECK(reader.at(lsn).change.data.size() == (lsn % 2 == 0 ? large.size() : 1));
  }
  CHECK(replica->get("t", "large").winner->data == large);
}

TEST_CASE("the running hash tells logs apart and can be told for any place") {
  const Node a(1);
  const Node b(1);
  for (int i = 0; i < 300; ++i) {
    a->put("t", std::to_string(i), Payload::json("1"));
    b->put("t", std::to_string(i), Payload::json("1"));
  }
  CHECK(a->log().running_hash(257) == b->log().running_hash(257));
  CHECK(a->log().running_hash(257) != a->log().running_hash(256));
  const std::uint64_t at_128 = a->log().running_hash(128);
  a->put("t", "x", Payload::json("1"));
  CHECK(a->log().running_hash(128) == at_128);
  CHECK(a->log().running_hash(0) == 0);
}

TEST_CASE("dots are found and clocks are told by place") {
  const Node a(1);
  const Node b(2);
  for (int i = 0; i < 10; ++i) {
    a->put("t", "a" + std::to_string(i), Payload::json("1"));
    b->put("t", "b" + std::to_string(i), Payload::json("1"));
    deliver(b, a);
  }
  const LogReader reader = a->log();
  for (Lsn lsn = 1; lsn <= reader.last_lsn(); ++lsn) {
    CHECK(reader.find(reader.at(lsn).change.dot) == lsn);
    VectorClock expected;
    for (Lsn at = 1; at <= lsn; ++at) expected.raise(reader.at(at).change.dot);
    CHECK(reader.clock_at(lsn) == expected);
  }
  CHECK(reader.find({node_named(1), 99}) == 0);
  CHECK(reader.find({node_named(9), 1}) == 0);
}

TEST_CASE("a page looks at so many changes and no more, whatever it finds") {
  const Filled world;
  ReadOptions options = Filled::all();
  options.tables = {"t0"};
  options.row_id = "no such row";
  options.max_examined = 100;
  std::size_t pages = 0;
  ReadPage page = world.node->read(options).value();
  for (; page.has_more; ++pages) {
    CHECK(page.entries.empty());
    REQUIRE(page.examined > options.after);
    CHECK(page.examined <= options.after + 100);
    options.after = page.examined;
    page = world.node->read(options).value();
  }
  CHECK(pages >= 10);
  CHECK(page.examined == world.node->log().last_lsn());

  // What was found before counts, and goes on behind what was looked at.
  ReadOptions rare = Filled::all();
  rare.row_id = "0";
  rare.tables = {"rare"};
  std::vector<Lsn> found;
  rare.max_examined = 7;
  do {
    page = world.node->read(rare).value();
    for (const LogEntry& entry : page.entries) found.push_back(entry.lsn);
    rare.after = page.examined;
  } while (page.has_more);
  ReadOptions at_once = Filled::all();
  at_once.tables = {"rare"};
  at_once.row_id = "0";
  CHECK(found == world.read(at_once));
  CHECK(found.size() == 1);
}

TEST_CASE("no transaction is cut where a page has looked at enough") {
  Node node(1);
  const std::vector<Write> writes(5, Write{WriteKind::put, "t", "1", Payload::json("1"), {}});
  REQUIRE(node->transaction(writes));
  node->put("t", "2", Payload::json("1"));
  ReadOptions options;
  options.max_examined = 2;
  CHECK(node->read(options).value().examined == 5);
}
