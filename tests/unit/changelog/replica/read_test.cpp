#include <atomic>
#include <thread>

#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

TEST_CASE("rows are scanned in order and in pages, new ones included") {
  const Node node(1);
  for (int i = 99; i >= 0; --i) {
    node->put("t", (i < 10 ? "0" : "") + std::to_string(i), Payload::json(std::to_string(i)));
    if (i % 30 == 0) node->scan("t");  // sorts what there is, so that several runs arise
  }
  node->put("u", "x", Payload::json("1"));
  node->erase("t", "50");
  ScanOptions options;
  options.limit = 7;
  std::vector<std::string> ids;
  for (bool more = true; more;) {
    const RowPage page = node->scan("t", options);
    for (const Row& row : page.rows) ids.emplace_back(row.winner->row_id);
    more = page.next.has_value();
    if (more) options.after = *page.next;
  }
  CHECK(ids.size() == 99);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(std::find(ids.begin(), ids.end(), "50") == ids.end());
  CHECK(node->scan("none").rows.empty());
  CHECK(node->tables() == std::vector<std::string>{"t", "u"});
  ScanOptions deleted;
  deleted.include_deleted = true;
  CHECK(node->scan("t", deleted).rows.size() == 100);
}

TEST_CASE("a row's history is told newest first") {
  const Node node(1);
  for (int i = 0; i < 5; ++i) {
    node->put("t", "1", Payload::json(std::to_string(i)));
    node->put("t", "2", Payload::json("0"));
  }
  const LogReader reader = node->log();
  const auto all = node->history(reader, "t", "1", 100);
  REQUIRE(all.size() == 5);
  CHECK(all[0].change.data == "4");
  CHECK(all[4].change.data == "0");
  const auto some = node->history(reader, "t", "1", 2, all[1].lsn);
  REQUIRE(some.size() == 2);
  CHECK(some[0].change.data == "2");
  CHECK(node->history(reader, "t", "9", 10).empty());
}

TEST_CASE("a deleted row and a row that never was differ in their tokens only by what was seen") {
  const Node node(1);
  const RowToken never = node->token("t", "1");
  node->put("t", "1", Payload::json("1"));
  node->erase("t", "1");
  CHECK(node->token("t", "1") != never);
  CHECK(Replica::token_of(node->get("t", "9")) == never);
}

TEST_CASE("what somebody reads stays readable when the log is laid anew or the replica goes") {
  const Node other(2);
  other->put("t", "2", Payload::json("2"));
  auto node = std::make_unique<Node>(std::uint8_t{1});
  (*node)->put("t", "1", Payload::json("\"kept\""));
  const Row row = (*node)->get("t", "1");
  const LogReader reader = (*node)->log();
  REQUIRE((*node)->merge(other->snapshot()));
  node.reset();
  CHECK(row.winner->data == "\"kept\"");
  CHECK(reader.at(1).change.data == "\"kept\"");
}

TEST_CASE("readers beside a writer see a prefix, in which nothing is missing") {
  const Node node(1);
  constexpr Lsn total = 20'000;
  std::atomic<bool> failed{false};
  const auto follow = [&] {
    Lsn seen = 0;
    std::vector<LogEntry> entries(64);
    while (seen < total && !failed) {
      const LogReader reader = node->log();
      if (reader.last_lsn() < seen) failed = true;
      const std::size_t count = reader.read(seen + 1, entries);
      for (std::size_t i = 0; i < count; ++i) {
        const LogEntry& entry = entries[i];
        if (entry.lsn != ++seen || entry.change.dot.seq != seen) failed = true;
      }
      const Row row = node->get("t", "7");
      if (row.exists() && row.winner->table != "t") failed = true;
    }
  };
  std::thread first(follow);
  std::thread second(follow);
  for (Lsn i = 0; i < total; ++i) {
    if (!node->put("t", std::to_string(i % 50), Payload::json(std::to_string(i)))) failed = true;
  }
  first.join();
  second.join();
  CHECK_FALSE(failed);
}
