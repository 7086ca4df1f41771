// Logs that are laid anew after a stable marker was applied: what was forgotten stays so.
#include "syncline/record.hpp"
#include "unit/changelog/replica/replica_fixture.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

void put(const Node& node, std::string_view row, std::string_view json) {
  REQUIRE(node->put("t", row, Payload::json(json)));
}

/// Everything that the node has is stable.
void mark(const Node& node) { REQUIRE(node->append_stable_marker(node->summary())); }

void send_all(const Node& node) { node->mark_sent(node->origin(node->node()).seq, "other"); }

Rejection refusal(const Node& node, Sequence seq) {
  return {{node->node(), seq}, 0, Error{ErrorCode::too_large, "more than is taken"}};
}

/// A node and what it needs to drop a report: at most one is kept.
struct OneReport {
  OneReport() : clock(2'000'000'000'000'000), random(1) {
    Replica::Options options;
    options.node = node_named(1);
    options.clock = &clock;
    options.random = &random;
    options.max_conflict_reports = 1;
    replica = Replica::open(std::move(options)).value();
  }
  void integrate(const Node& from) const {
    REQUIRE(replica->integrate(Records(*from).views).rejected.empty());
  }
  ManualClock clock;
  SeededRandom random;
  std::unique_ptr<Replica> replica;
};

}  // namespace

TEST_CASE("tables are dropped under a stable marker, which stays") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node node(1, "lww", journal);
  put(node, "gone", "1");
  put(node, "stays", "1");
  REQUIRE(node->put("u", "1", Payload::json("1")));
  REQUIRE(node->erase("t", "gone"));
  mark(node);
  const std::optional<StableMarker> marker = node->stable_marker();
  const std::vector<std::string> dropped{"u"};
  REQUIRE(node->drop_tables(dropped, node->summary()));
  CHECK(node->tables() == std::vector<std::string>{"t"});
  CHECK(node->stable_marker() == marker);
  CHECK(node->statistics().tombstones == 0);
  put(node, "gone", "2");
  CHECK(node->log().at(node->log().last_lsn()).change.stable == 1);
  Replica::Options options;
  options.journal = journal->copy();
  const auto reopened = Replica::open(std::move(options)).value();
  CHECK(visible_state(*reopened) == visible_state(*node));
  CHECK(log_state(*reopened, 1) == log_state(*node, 1));
}

TEST_CASE("rows that were forgotten do not come back when private changes get another form") {
  const auto journal = std::make_shared<MemoryJournal>();
  Node node(1, "lww", journal);
  put(node, "gone", "1");
  REQUIRE(node->erase("t", "gone"));
  mark(node);
  send_all(node);
  put(node, "b", "1");
  put(node, "c", "1");
  SUBCASE("another date") {
    node.clock.advance_us(5);
    CHECK(node->restamp_private().value().restamped == 2);
  }
  SUBCASE("a void") {
    const Rejection rejections[] = {refusal(node, 4)};
    CHECK(node->void_private(rejections).value().voided.size() == 1);
  }
  CHECK(node->statistics().tombstones == 0);
  CHECK_FALSE(node->get("t", "gone").winner);
  CHECK(reopened_state(*journal) == whole_state(*node));
}

TEST_CASE("a delete that is a head again, as what came after it is taken back, is forgotten") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node node(1, "lww", journal);
  put(node, "row", "1");
  REQUIRE(node->erase("t", "row"));
  const VectorClock stable = node->summary();
  send_all(node);
  put(node, "row", "2");
  REQUIRE(node->append_stable_marker(stable));
  CHECK(node->statistics().tombstones == 0);
  const Rejection rejections[] = {refusal(node, 3)};
  CHECK(node->void_private(rejections).value().voided.size() == 1);
  CHECK_FALSE(node->get("t", "row").winner);
  CHECK(node->statistics().tombstones == 0);
  CHECK(reopened_state(*journal) == whole_state(*node));
}

TEST_CASE("reports that were let go stay so, and counted, when private changes get another form") {
  const OneReport home;
  const Node a(2);
  const Node b(3);
  for (const std::string row : {"x", "y", "z"}) {
    put(a, row, "1");
    put(b, row, "2");
  }
  home.integrate(a);
  home.integrate(b);
  for (const std::string row : {"x", "y", "z"}) {
    REQUIRE(home.replica->put("t", row, Payload::json("3")));
  }
  REQUIRE(home.replica->append_stable_marker(home.replica->summary()));
  REQUIRE(home.replica->conflicts().conflicts.size() == 1);
  const ConflictId kept = home.replica->conflicts().conflicts[0].id;
  home.replica->mark_sent(home.replica->origin(node_named(1)).seq, "other");
  REQUIRE(home.replica->put("t", "w", Payload::json("1")));
  CHECK(home.replica->restamp_private().value().restamped == 1);
  REQUIRE(home.replica->conflicts().conflicts.size() == 1);
  CHECK(home.replica->conflicts().conflicts[0].id == kept);
  CHECK(home.replica->conflict_statistics().not_kept == 2);
}

TEST_CASE("a marker that is taken back is named by nobody, and what it said is still said") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node node(1, "lww", journal);
  const Node other(2);
  put(node, "row", "1");
  mark(node);
  exchange(node, other);
  send_all(node);
  put(other, "row", "2");
  deliver(other, node);
  mark(node);              // 3
  put(node, "row", "3");   // 4: names the marker
  put(node, "else", "1");  // 5: so does what is taken back with it
  CHECK(node->log().at(node->log().last_lsn()).change.stable == 2);
  const Rejection rejections[] = {refusal(node, 3), refusal(node, 5)};
  CHECK(node->void_private(rejections).value().voided.size() == 2);
  CHECK(node->stable_marker()->number == 1);
  CHECK(reopened_state(*journal) == whole_state(*node));
  const IntegrateResult result = deliver(node, other);
  CHECK(result.rejected.empty());
  CHECK(result.conflicting == 0);
  CHECK(text_of(other->get("t", "row")) == "3");
  CHECK(other->visible_checksum() == node->visible_checksum());
}

TEST_CASE("nobody can use up the numbers of markers") {
  const Node home(1);
  put(home, "row", "1");
  mark(home);
  Change forged;
  forged.dot = {node_named(9), 1};
  forged.hlc = home->now();
  forged.operation = Operation::stable;
  forged.context = home->summary();
  forged.stable = std::numeric_limits<std::uint64_t>::max();
  const std::string record = encode_record(forged);
  const std::string_view records[] = {record};
  const IntegrateResult result = home->integrate(records);
  REQUIRE(result.rejected.size() == 1);
  CHECK(result.rejected[0].error.code == ErrorCode::invalid_change);
  CHECK(result.rejected[0].error.text("field") == "stable");
  mark(home);
  CHECK(home->stable_marker()->number == 2);
}

TEST_CASE("own markers that the giver of a snapshot has no more stay where they were named") {
  const Node home(1);
  const Node edge(2);
  put(home, "row", "0");
  for (int i = 1; i < 4; ++i) {
    mark(home);
    put(home, "row", std::to_string(i));
  }
  exchange(home, edge);
  put(edge, "own", "1");
  for (int i = 4; i < 8; ++i) {
    mark(home);
    put(home, "row", std::to_string(i));
  }
  Snapshot snapshot = home->snapshot();
  std::erase_if(snapshot.history, [](const SnapshotRecord& record) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(record.record.data()),
                          record.record.size());
    const ChangeView change = decode_record(bytes).value();
    return change.operation == Operation::stable && change.stable != 7;
  });
  REQUIRE(edge->merge(snapshot));
  std::vector<std::uint64_t> numbers;
  const LogReader reader = edge->log();
  Sequence last = 0;
  for (Lsn lsn = 1; lsn <= reader.last_lsn(); ++lsn) {
    const ChangeView change = reader.at(lsn).change;
    if (change.operation == Operation::stable) numbers.push_back(change.stable);
    if (change.dot.origin != home->node()) continue;
    CHECK(change.dot.seq > last);
    last = change.dot.seq;
  }
  CHECK(numbers == std::vector<std::uint64_t>{1, 2, 3, 7});
  CHECK(edge->stable_marker() == home->stable_marker());
  CHECK(edge->log().at(reader.last_lsn()).change.dot.origin == edge->node());
  CHECK(deliver(edge, home).rejected.empty());
}
