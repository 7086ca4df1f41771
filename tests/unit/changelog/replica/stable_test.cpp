// Stable markers: which take effect, what they say of seeing, and what they set free.
#include "syncline/record.hpp"
#include "unit/changelog/replica/replica_fixture.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

void put(const Node& node, std::string_view row, std::string_view json) {
  REQUIRE(node->put("t", row, Payload::json(json)));
}

/// Everything that the home has is stable, and all of `others` get to know.
void mark_all(const Node& home, std::initializer_list<const Node*> others) {
  REQUIRE(home->append_stable_marker(home->summary()));
  for (const Node* other : others) {
    const IntegrateResult result = deliver(home, *other);
    REQUIRE(result.rejected.empty());
  }
}

ChangeView last_change(const Node& node, const LogReader& reader) {
  return reader.at(node->log().last_lsn()).change;
}

ErrorCode code_of(const Result<WriteResult>& result) {
  REQUIRE(result.has_error());
  return result.error().code;
}

/// A home, two edges, and a row that both edges hold.
struct Three {
  explicit Three(const std::string& policy = "lww", std::shared_ptr<Journal> journal = nullptr)
      : home(1, policy, std::move(journal)), a(2, policy), b(3, policy) {
    put(a, "row", "1");
    pass();
  }
  void pass() const {
    exchange(a, home);
    exchange(b, home);
    exchange(a, home);
  }
  void mark() const { mark_all(home, {&a, &b}); }
  Node home;
  Node a;
  Node b;
};

}  // namespace

TEST_CASE("a marker has a number, a vector and takes effect where it is integrated") {
  const Three scene;
  CHECK_FALSE(scene.home->stable_marker());
  const VectorClock stable = scene.home->summary();
  const auto written = scene.home->append_stable_marker(stable);
  REQUIRE(written);
  CHECK(written->operation == Operation::stable);
  CHECK(scene.home->stable_marker()->number == 1);
  CHECK(scene.home->stable_marker()->vector == stable);
  CHECK(scene.home->stable_marker()->dot == written->dot);
  CHECK(scene.home->stable_marker()->hlc == written->hlc);
  CHECK_FALSE(scene.a->stable_marker());
  deliver(scene.home, scene.a);
  CHECK(scene.a->stable_marker() == scene.home->stable_marker());
}

TEST_CASE("a marker that says nothing new, too much or less than before is refused") {
  const Three scene;
  const VectorClock all = scene.home->summary();
  VectorClock too_much = all;
  too_much.set(scene.b->node(), 9);
  CHECK(code_of(scene.home->append_stable_marker(too_much)) == ErrorCode::bad_request);
  CHECK(code_of(scene.home->append_stable_marker({})) == ErrorCode::bad_request);
  REQUIRE(scene.home->append_stable_marker(all));
  CHECK(code_of(scene.home->append_stable_marker(all)) == ErrorCode::bad_request);
  CHECK(code_of(scene.home->append_stable_marker({})) == ErrorCode::bad_request);
  CHECK(scene.home->stable_marker()->number == 1);
}

TEST_CASE("a second marker of a number that is known has no effect") {
  const Three scene;
  scene.mark();
  put(scene.a, "row", "2");
  deliver(scene.a, scene.home);
  Change forged;
  forged.dot = {node_named(9), 1};
  forged.hlc = scene.home->now();
  forged.operation = Operation::stable;
  forged.context = scene.home->summary();
  forged.stable = 1;
  const std::string record = encode_record(forged);
  const std::string_view records[] = {record};
  CHECK(scene.home->integrate(records).rejected.empty());
  CHECK(scene.home->stable_marker()->dot.origin == scene.home->node());
}

TEST_CASE("a marker that covers what is not held, and a change of an unknown marker, wait") {
  const Three scene;
  put(scene.a, "row", "2");
  deliver(scene.a, scene.home);
  REQUIRE(scene.home->append_stable_marker(scene.home->summary()));
  put(scene.home, "other", "1");
  const Records records(*scene.home);
  const std::vector<std::string_view> last_two(records.views.end() - 2, records.views.end());
  IntegrateResult result = scene.b->integrate(last_two);
  REQUIRE(result.rejected.size() == 2);
  CHECK(result.rejected[0].error.code == ErrorCode::depends);
  CHECK_FALSE(scene.b->stable_marker());

  // Another origin's change that names the marker, without the marker.
  deliver(scene.home, scene.a);
  put(scene.a, "third", "1");
  const Records of_a(*scene.a);
  const Node fresh(7);
  deliver(scene.b, fresh);
  const std::string_view both[] = {records.views[records.views.size() - 3], of_a.views.back()};
  result = fresh->integrate(both);
  REQUIRE(result.rejected.size() == 1);
  CHECK(result.rejected[0].error.code == ErrorCode::depends);
}

TEST_CASE("a marker waits for what was refused before it, since it counts in log order") {
  const Three scene;
  const VectorClock stable = scene.home->summary();
  put(scene.a, "row", "2");
  put(scene.a, "row", "3");
  deliver(scene.a, scene.home);
  REQUIRE(scene.home->append_stable_marker(stable));
  const Records records(*scene.home);
  const std::vector<std::string_view> with_a_hole(records.views.end() - 2, records.views.end());
  IntegrateResult result = scene.b->integrate(with_a_hole);
  REQUIRE(result.rejected.size() == 2);
  CHECK(result.rejected[0].error.code == ErrorCode::sequence_gap);
  CHECK(result.rejected[1].error.code == ErrorCode::depends);
  CHECK_FALSE(scene.b->stable_marker());
  CHECK(scene.b->integrate(records.views).rejected.empty());
  CHECK(scene.b->stable_marker());
}

TEST_CASE("a pusher that is not the home writes no markers") {
  const Three scene;
  REQUIRE(scene.a->append_stable_marker(scene.a->summary()));
  const Records records(*scene.a);
  IntegrateOptions options;
  options.pusher = scene.a->node();
  options.refuse_markers_of_pusher = true;
  const IntegrateResult result = scene.b->integrate(records.views, options);
  REQUIRE(result.rejected.size() == 1);
  CHECK(result.rejected[0].error.code == ErrorCode::invalid_change);
  CHECK(result.rejected[0].error.text("field") == "operation");
  options.pusher = scene.home->node();  // who relays it may
  CHECK(scene.b->integrate(records.views, options).rejected.empty());
}

TEST_CASE("writes leave out of their context what the marker covers") {
  const Three scene;
  put(scene.b, "row", "2");
  scene.pass();
  scene.mark();
  put(scene.a, "row", "3");
  const LogReader reader = scene.a->log();
  const ChangeView change = last_change(scene.a, reader);
  CHECK(change.stable == 1);
  CHECK(change.context.empty());
  put(scene.a, "row", "4");
  const LogReader later = scene.a->log();
  CHECK(last_change(scene.a, later).context.size() == 1);

  const Write writes[] = {{WriteKind::put, "t", "row", Payload::json("5"), {}}};
  REQUIRE(scene.b->transaction(writes));
  const LogReader of_b = scene.b->log();
  CHECK(last_change(scene.b, of_b).stable == 1);
  CHECK(last_change(scene.b, of_b).context.empty());
}

TEST_CASE("who has applied a marker has seen what it covers, and only that") {
  const Three scene;
  scene.mark();
  put(scene.a, "row", "2");  // its context is empty
  CHECK(deliver(scene.a, scene.home).applied == 1);
  CHECK(scene.home->conflicts().conflicts.empty());
  put(scene.b, "row", "3");  // neither saw the other
  CHECK(deliver(scene.b, scene.home).conflicting == 1);
  CHECK(scene.home->conflicts().conflicts.size() == 1);
  const ConflictReport report = scene.home->conflicts().conflicts[0];
  CHECK(report.base_data == "1");
  CHECK(report.parted_local.stable == 1);
}

TEST_CASE("a deleted row is forgotten when its delete is stable") {
  const Three scene;
  REQUIRE(scene.a->erase("t", "row"));
  CHECK(scene.a->statistics().tombstones == 1);
  scene.mark();  // does not cover the delete
  CHECK(scene.a->statistics().tombstones == 1);
  CHECK(scene.a->get("t", "row").winner);
  scene.pass();
  scene.mark();
  for (const Node* node : {&scene.home, &scene.a, &scene.b}) {
    CHECK((*node)->statistics().tombstones == 0);
    CHECK_FALSE((*node)->get("t", "row").winner);
    ScanOptions all;
    all.include_deleted = true;
    CHECK((*node)->scan("t", all).rows.empty());
    CHECK((*node)->token("t", "row") == (*node)->token("t", "never"));
  }
}

TEST_CASE("a forgotten row can be inserted again, once in the order, and be forgotten again") {
  const Three scene;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(scene.a->erase("t", "row"));
    scene.pass();
    scene.mark();
    CHECK(scene.b->scan("t").rows.empty());
    REQUIRE(scene.b->insert("t", "row", Payload::json("7")));
    scene.pass();
    CHECK(scene.a->scan("t").rows.size() == 1);
    CHECK(scene.b->scan("t").rows.size() == 1);
    CHECK(text_of(scene.a->get("t", "row")) == "7");
    CHECK(scene.a->conflicts().conflicts.empty());
    CHECK(scene.a->statistics().tombstones == 0);
  }
}

TEST_CASE("a delete beside a living sibling stays, although it is stable") {
  const Three scene;
  REQUIRE(scene.a->erase("t", "row"));
  put(scene.b, "row", "2");
  scene.pass();
  scene.mark();
  CHECK(scene.home->get("t", "row").siblings.size() == 2);
  CHECK(scene.b->get("t", "row").siblings.size() == 2);
}

TEST_CASE("a delete stays while a change that did not see it is not stable") {
  const Three scene;
  REQUIRE(scene.a->erase("t", "row"));
  exchange(scene.a, scene.home);
  const VectorClock without_b = scene.home->summary();
  REQUIRE(scene.b->erase("t", "row"));  // did not see it
  exchange(scene.b, scene.home);
  REQUIRE(scene.home->append_stable_marker(without_b));
  CHECK(scene.home->get("t", "row").siblings.size() == 2);
  CHECK(scene.home->statistics().tombstones == 1);
  scene.pass();
  scene.mark();
  CHECK(scene.home->statistics().tombstones == 0);
  CHECK_FALSE(scene.home->get("t", "row").winner);
  // The report stays, and so it does when the row comes again.
  REQUIRE(scene.home->conflicts().conflicts.size() == 1);
  CHECK(scene.home->conflicts().conflicts[0].kind == ConflictKind::delete_delete);
  put(scene.home, "row", "9");
  CHECK(scene.home->conflicts().conflicts.size() == 1);
  CHECK(scene.home->scan("t").rows.size() == 1);
  CHECK(scene.home->statistics().rows == 1);
}

TEST_CASE("a marker that covers more deletes than fit under one lock forgets all of them") {
  const Node home(1);
  constexpr int rows = 5'000;
  for (int i = 0; i < rows; ++i) put(home, std::to_string(i), "1");
  put(home, "stays", "1");
  for (int i = 0; i < rows; ++i) REQUIRE(home->erase("t", std::to_string(i)));
  CHECK(home->scan("t").rows.size() == 1);
  REQUIRE(home->append_stable_marker(home->summary()));
  CHECK(home->statistics().tombstones == 0);
  CHECK(home->scan("t").rows.size() == 1);
  CHECK(text_of(home->get("t", "stays")) == "1");
  for (int i = 0; i < rows; ++i) put(home, std::to_string(i), "2");
  ScanOptions all;
  all.limit = 2 * rows;
  CHECK(home->scan("t", all).rows.size() == rows + 1);
  CHECK(home->visible_checksum().rows == rows + 1);
}

TEST_CASE("what markers did is there after a restart, with and without a checkpoint") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Three scene("causal", journal);
  put(scene.a, "other", "1");
  REQUIRE(scene.a->erase("t", "row"));
  REQUIRE(scene.b->erase("t", "row"));  // a conflict of a row that will be forgotten
  scene.pass();
  REQUIRE(scene.a->erase("t", "other"));
  scene.pass();
  scene.mark();
  put(scene.a, "other", "2");  // relies on the marker
  put(scene.b, "third", "3");
  scene.pass();
  const std::string before = whole_state(*scene.home);
  CHECK(reopened_state(*journal, "causal") == before);
  for (int i = 0; i < 3; ++i) put(scene.b, "other", std::to_string(i));
  scene.pass();
  REQUIRE(scene.home->trim(scene.home->log().last_lsn()));
  const std::string trimmed = whole_state(*scene.home);
  CHECK(reopened_state(*journal, "causal") == trimmed);
  CHECK(scene.home->stable_marker()->number == 1);
}

TEST_CASE("a trim leaves nothing of forgotten rows, and of markers what is named or last") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Three scene("lww", journal);
  REQUIRE(scene.a->erase("t", "row"));
  scene.pass();
  scene.mark();
  put(scene.a, "named", "1");  // names marker 1
  scene.pass();
  for (int i = 0; i < 4; ++i) {
    put(scene.home, "row " + std::to_string(i), "1");
    scene.mark();
  }
  REQUIRE(scene.home->stable_marker()->number == 5);
  const std::string before = visible_state(*scene.home);
  const auto trimmed = scene.home->trim(scene.home->log().last_lsn());
  REQUIRE(trimmed);
  CHECK(visible_state(*scene.home) == before);
  std::vector<std::uint64_t> markers;
  std::size_t deletes = 0;
  const LogReader reader = scene.home->log();
  for (Lsn lsn = 1; lsn <= reader.last_lsn(); ++lsn) {
    if (!reader.holds(lsn)) continue;
    const ChangeView change = reader.at(lsn).change;
    if (change.operation == Operation::stable) markers.push_back(change.stable);
    if (change.operation == Operation::erase) ++deletes;
  }
  CHECK(deletes == 0);
  // Those after 1 are named by the home's own writes.
  CHECK(markers.front() == 1);
  CHECK(markers.back() == 5);
  CHECK(reopened_state(*journal) == whole_state(*scene.home));
}

TEST_CASE("old reports go when nothing can open them again, and are counted") {
  ManualClock clock(2'000'000'000'000'000);
  SeededRandom random(1);
  const auto journal = std::make_shared<MemoryJournal>();
  Replica::Options options;
  options.node = node_named(1);
  options.clock = &clock;
  options.random = &random;
  options.journal = journal;
  options.max_conflict_reports = 1;
  const auto home = Replica::open(std::move(options)).value();
  const Node a(2);
  const Node b(3);
  for (const std::string row : {"x", "y", "z"}) {
    put(a, row, "1");
    put(b, row, "2");
  }
  for (const Node* node : {&a, &b})
    REQUIRE(home->integrate(Records(**node).views).rejected.empty());
  CHECK(home->conflicts().conflicts.size() == 3);
  REQUIRE(home->append_stable_marker(home->summary()));
  CHECK(home->conflicts().conflicts.size() == 3);  // their sides are heads
  const ConflictId first = home->conflicts().conflicts[0].id;
  for (const std::string row : {"x", "y", "z"}) {
    REQUIRE(home->put("t", row, Payload::json("3")));
  }
  VectorClock stable = home->summary();
  REQUIRE(home->append_stable_marker(stable));
  CHECK(home->conflicts().conflicts.size() == 1);
  CHECK(home->conflict_statistics().not_kept == 2);
  CHECK(home->conflict(first).has_error());
  CHECK(reopened_state(*journal) != "");
  REQUIRE(home->trim(home->log().last_lsn()));
  Replica::Options again;
  again.journal = journal->copy();
  const auto reopened = Replica::open(std::move(again)).value();
  CHECK(reopened->conflict_statistics().not_kept == 2);
  CHECK(reopened->conflicts().conflicts.size() == 1);
}
