// Snapshots and rebases between replicas that have applied stable markers.
#include "unit/changelog/replica/replica_fixture.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

void put(const Node& node, std::string_view row, std::string_view json) {
  REQUIRE(node->put("t", row, Payload::json(json)));
}

std::string rows_and_conflicts(const Node& node) {
  std::string text;
  ScanOptions all;
  all.include_deleted = true;
  const RowPage page = node->scan("t", all);
  for (const Row& row : page.rows) {
    text += std::string(row.winner->row_id) + " " + to_string(row.winner->dot);
    for (const ChangeView& head : row.siblings) text += " | " + to_string(head.dot);
    text += "\n";
  }
  const ConflictPage conflicts = node->conflicts();
  for (const ConflictReport& report : conflicts.conflicts) text += to_string(report.id) + "\n";
  return text;
}

}  // namespace

TEST_CASE("a snapshot leaves out what is stable and replaced, and has the markers") {
  const Node home(1);
  for (int i = 0; i < 5; ++i) put(home, "row", std::to_string(i));
  put(home, "gone", "1");
  REQUIRE(home->erase("t", "gone"));
  REQUIRE(home->append_stable_marker(home->summary()));
  put(home, "row", "6");
  put(home, "row", "7");
  const Snapshot snapshot = home->snapshot();
  CHECK(snapshot.stable_number == 1);
  CHECK(snapshot.stable_clock == home->stable_marker()->vector);
  CHECK(snapshot.rows.size() == 1);
  // The base, which 6 and 7 replaced, the 6 and the marker.
  CHECK(snapshot.history.size() == 3);
  const Node taker(2);
  REQUIRE(taker->merge(snapshot));
  CHECK(taker->stable_marker() == home->stable_marker());
  CHECK(rows_and_conflicts(taker) == rows_and_conflicts(home));
  // The seen base tells that what saw it is concurrent with nothing.
  put(taker, "row", "8");
  CHECK(deliver(taker, home).applied == 1);
}

TEST_CASE("a conflict that is reported comes with its row's history from before it") {
  const Node home(1);
  const Node edge(2);
  put(home, "row", "0");
  exchange(home, edge);
  put(home, "row", "1");
  put(edge, "row", "2");
  exchange(home, edge);
  exchange(home, edge);
  put(home, "row", "3");  // saw both
  put(home, "row", "4");
  REQUIRE(home->append_stable_marker(home->summary()));
  REQUIRE(home->conflicts().conflicts.size() == 1);
  const Node taker(3);
  REQUIRE(taker->merge(home->snapshot()));
  CHECK(rows_and_conflicts(taker) == rows_and_conflicts(home));
  CHECK(taker->conflicts().conflicts[0].base_data == "0");
}

TEST_CASE("collecting waits for the whole snapshot") {
  // The giver's log has a stable delete, then a marker, then the sibling's successor; the sibling
  // itself is left out because the latter, which is stable as well, saw it.
  const Node home(1);
  const Node a(2);
  const Node b(3);
  put(a, "row", "0");
  exchange(a, home);
  exchange(b, home);
  put(b, "row", "1");
  REQUIRE(a->erase("t", "row"));
  deliver(b, home);
  deliver(a, home);
  REQUIRE(home->append_stable_marker(home->summary()));
  put(b, "row", "2");  // saw its own only
  deliver(b, home);
  REQUIRE(home->append_stable_marker(home->summary()));
  REQUIRE(home->get("t", "row").siblings.size() == 2);
  const Node taker(4);
  REQUIRE(taker->merge(home->snapshot()));
  CHECK(rows_and_conflicts(taker) == rows_and_conflicts(home));
  CHECK(taker->get("t", "row").siblings.size() == 2);
}

TEST_CASE("own changes that name a marker keep it, although the giver has trimmed it") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node home(1, "lww", journal);
  const Node edge(2);
  put(home, "row", "0");
  REQUIRE(home->append_stable_marker(home->summary()));
  exchange(home, edge);
  put(edge, "row", "1");  // names marker 1, which covers what it saw; nobody has it yet
  put(home, "other", "0");
  REQUIRE(home->append_stable_marker(home->summary()));
  put(home, "other", "1");
  REQUIRE(home->append_stable_marker(home->summary()));
  REQUIRE(home->trim(home->log().last_lsn()));
  REQUIRE(edge->merge(home->snapshot()));
  CHECK(edge->get("t", "row").siblings.empty());
  CHECK(text_of(edge->get("t", "row")) == "1");
  CHECK(edge->stable_marker()->number == 3);
}

TEST_CASE("a snapshot of a giver with an older marker is refused") {
  const Node home(1);
  const Node edge(2);
  put(home, "row", "0");
  exchange(home, edge);
  const Snapshot old = edge->snapshot();
  REQUIRE(home->append_stable_marker(home->summary()));
  const auto merged = home->merge(old);
  REQUIRE(merged.has_error());
  CHECK(merged.error().code == ErrorCode::bad_request);
  CHECK(merged.error().detail.find("number 0") != std::string::npos);
  CHECK(merged.error().detail.find("number 1") != std::string::npos);
}

namespace {

/// A home that has forgotten a row, and an old copy of an edge that wrote it since.
struct OldDevice {
  explicit OldDevice(const std::string& policy = "lww")
      : home(1, policy), edge(2, policy, journal) {
    put(edge, "row", "1");
    exchange(edge, home);
    const auto backup = journal->copy();
    REQUIRE(edge->erase("t", "row"));
    exchange(edge, home);
    home.clock.advance_us(1'000'000);
    REQUIRE(home->append_stable_marker(home->summary()));
    old = std::make_unique<Node>(2, policy, backup);
  }
  std::shared_ptr<MemoryJournal> journal = std::make_shared<MemoryJournal>();
  Node home;
  Node edge;
  std::unique_ptr<Node> old;
};

}  // namespace

TEST_CASE("an old device does not bring a forgotten row back") {
  const OldDevice scene;
  put(*scene.old, "row", "2");
  const auto result = (*scene.old)->rebase(scene.home->snapshot());
  REQUIRE(result);
  CHECK(result->rewritten == 0);
  CHECK(result->voided == 1);
  CHECK_FALSE((*scene.old)->get("t", "row").exists());
  const IntegrateResult delivered = deliver(*scene.old, scene.home);
  CHECK(delivered.rejected.empty());
  CHECK_FALSE(scene.home->get("t", "row").exists());
  // Both report it: a delete as old as the marker won.
  const Node* both[] = {scene.old.get(), &scene.home};
  for (const Node* node : both) {
    REQUIRE((*node)->conflicts().conflicts.size() == 1);
    const ConflictReport report = (*node)->conflicts().conflicts[0];
    CHECK(report.status == ConflictStatus::resolved);
    CHECK(report.winner_dot == scene.home->stable_marker()->dot);
    CHECK(report.row_id == "row");
  }
  // And the row may come again.
  put(scene.home, "row", "5");
  CHECK(text_of(scene.home->get("t", "row")) == "5");
  CHECK(scene.home->conflicts().conflicts.size() == 1);
}

TEST_CASE("an edit that is newer than the marker wins and lives") {
  const OldDevice scene;
  scene.old->clock.advance_us(5'000'000);
  put(*scene.old, "row", "2");
  const auto result = (*scene.old)->rebase(scene.home->snapshot());
  REQUIRE(result);
  CHECK(result->rewritten == 1);
  CHECK(text_of((*scene.old)->get("t", "row")) == "2");
  CHECK(deliver(*scene.old, scene.home).rejected.empty());
  CHECK(text_of(scene.home->get("t", "row")) == "2");
  REQUIRE(scene.home->conflicts().conflicts.size() == 1);
  const ConflictReport report = scene.home->conflicts().conflicts[0];
  CHECK(report.winner_dot == scene.home->get("t", "row").winner->dot);
  CHECK(report.kind != ConflictKind::update_update);
}

TEST_CASE("under causal an old edit of a forgotten row goes to the app") {
  const OldDevice scene("causal");
  scene.old->clock.advance_us(5'000'000);
  put(*scene.old, "row", "2");
  const auto result = (*scene.old)->rebase(scene.home->snapshot());
  REQUIRE(result);
  REQUIRE(result->handed_to_app.size() == 1);
  CHECK(result->handed_to_app[0].data == "2");
  CHECK_FALSE((*scene.old)->get("t", "row").exists());
}

TEST_CASE("a report on a forgotten row is there after a restart and in a snapshot") {
  const OldDevice scene;
  put(*scene.old, "row", "2");
  REQUIRE((*scene.old)->rebase(scene.home->snapshot()));
  const auto journal = std::make_shared<MemoryJournal>();
  const Node taker(7, "lww", journal);
  deliver(*scene.old, scene.home);
  put(scene.home, "more", "1");
  REQUIRE(scene.home->append_stable_marker(scene.home->summary()));
  REQUIRE(taker->merge(scene.home->snapshot()));
  REQUIRE(taker->conflicts().conflicts.size() == 1);
  CHECK(taker->conflicts().conflicts[0].id == scene.home->conflicts().conflicts[0].id);
  CHECK(reopened_state(*journal) == whole_state(*taker));
  REQUIRE(taker->trim(taker->log().last_lsn()));
  CHECK(reopened_state(*journal) == whole_state(*taker));
  CHECK(taker->conflicts().conflicts.size() == 1);
}

TEST_CASE("a log that was laid by a snapshot speaks of what that left out, also after a restart") {
  const Node home(1);
  put(home, "row", "1");
  put(home, "gone", "1");
  REQUIRE(home->erase("t", "gone"));
  REQUIRE(home->append_stable_marker(home->summary()));
  const Node writer(4);
  exchange(home, writer);
  REQUIRE(writer->put("t", "gone", Payload::json("2")));
  REQUIRE(writer->erase("t", "gone"));  // the last of its origin, and to be forgotten
  exchange(home, writer);
  REQUIRE(home->append_stable_marker(home->summary()));
  const auto journal = std::make_shared<MemoryJournal>();
  VectorClock covered;
  {
    const Node taker(2, "lww", journal);
    REQUIRE(taker->merge(home->snapshot()));
    covered = taker->summary();
    CHECK(covered.get(writer->node()) == 2);
    REQUIRE(taker->log().find({writer->node(), 2}) == 0);
    CHECK(taker->log().clock_at(taker->log().last_lsn()) == covered);
  }
  const Node taker(2, "lww", journal);
  CHECK(taker->log().clock_at(taker->log().last_lsn()) == covered);
  // Who takes it over from here can take what the origin writes next.
  const Node third(3);
  REQUIRE(third->merge(taker->snapshot()));
  put(writer, "gone", "3");
  CHECK(deliver(writer, third).rejected.empty());
}
