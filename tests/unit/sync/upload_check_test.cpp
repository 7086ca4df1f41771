// What a snapshot that a caller gives may take away.

#include "sync/upload_check.hpp"

#include "support/caller.hpp"
#include "sync/stable_state.hpp"
#include "syncline/record.hpp"

namespace syncline::test {
namespace {

/// A caller that gives a snapshot of what it says to hold.
struct Giver : Caller {
  explicit Giver(SyncWorld& of) : Caller(of) {
    enter();
    page.giver = id();
    page.lsn = 1;
    page.clock = WireClock(world.server().summary());
  }
  void claim(const NodeId& node, Sequence seq) {
    VectorClock clock = page.clock.clock();
    clock.raise(node, seq);
    page.clock = WireClock(clock);
  }
  Change update(Sequence seq, std::string_view row) const {
    Change change;
    change.dot = {id(), seq};
    change.hlc = world.server().now();
    change.operation = Operation::update;
    change.table = "t";
    change.row_id = row;
    change.context = world.server().summary();
    change.format = PayloadFormat::json;
    change.data = "2";
    return change;
  }
  static void add(ChangeList& list, const Change& change) {
    const std::string record = encode_record(change);
    list.records.emplace_back(record.begin(), record.end());
    list.lsns.push_back(list.lsns.size() + 1);
  }
  Result<UploadResponse> give() {
    SnapshotUpload upload;
    upload.node_id = id();
    upload.first = true;
    upload.page = page;
    return world.hub.take_snapshot(world.tenant, upload);
  }

  SnapshotResponse page;
};

struct OneRow : SyncWorld {
  OneRow() { REQUIRE(server().put("t", "a", Payload::json("1"))); }
  std::string text() {
    const Row row = server().get("t", "a");
    return row.exists() ? std::string(row.winner->data) : "(none)";
  }
};

}  // namespace

TEST_CASE_FIXTURE(OneRow, "a clock that covers what the snapshot lacks deletes nothing") {
  Giver giver(*this);
  giver.claim(giver.id(), 1);
  const LogId log = server().log_id();
  SUBCASE("without a word of the row") {}
  SUBCASE("with another row") { Giver::add(giver.page.rows, giver.update(1, "b")); }
  SUBCASE("with a change that did not see the row") {
    Change change = giver.update(1, "a");
    change.context = {};
    Giver::add(giver.page.rows, change);
  }
  const auto given = giver.give();
  REQUIRE(given.has_error());
  CHECK(given.error().code == ErrorCode::dot_mismatch);
  CHECK(given.error().text("origin") == server().node().to_string());
  CHECK(given.error().detail.find("t/a") != std::string::npos);
  CHECK(text() == "1");
  CHECK(server().log_id() == log);
}

TEST_CASE_FIXTURE(OneRow, "what was written while the snapshot was read does not stand for it") {
  Giver giver(*this);
  giver.claim(giver.id(), 1);
  Giver::add(giver.page.rows, giver.update(2, "a"));  // the clock does not cover it
  const auto given = giver.give();
  REQUIRE(given.has_error());
  CHECK(given.error().code == ErrorCode::unavailable);
  CHECK(given.error().number("retry_after_s") == 1);
  CHECK(text() == "1");
}

TEST_CASE_FIXTURE(OneRow, "a snapshot that bears its clock out is merged") {
  Giver giver(*this);
  giver.claim(giver.id(), 1);
  Giver::add(giver.page.rows, giver.update(1, "a"));
  REQUIRE(giver.give());
  CHECK(text() == "2");
}

TEST_CASE_FIXTURE(OneRow, "a row that was deleted and forgotten under a later marker goes") {
  Giver giver(*this);
  const NodeId home = NodeId::generate(random);
  Change marker;
  marker.dot = {home, 1};
  marker.hlc = server().now();
  marker.operation = Operation::stable;
  marker.stable = 1;
  marker.context = server().summary();
  giver.claim(home, 1);
  giver.page.stable = {1, marker.context};
  SUBCASE("the marker covers it") {
    Giver::add(giver.page.markers, marker);
    REQUIRE(giver.give());
    CHECK(text() == "(none)");
  }
  SUBCASE("it does not") {
    marker.context = VectorClock{{giver.id(), 1}};
    Giver::add(giver.page.markers, marker);
    // Who has applied a later marker is gone by, but nothing that is held here is lost.
    const NodeId before = server().node();
    REQUIRE(giver.give());
    CHECK(text() == "1");
    CHECK(server().node() != before);
  }
}

TEST_CASE_FIXTURE(OneRow, "nobody tells the answering replica what it has written") {
  Giver giver(*this);
  giver.claim(server().node(), 100);
  Giver::add(giver.page.rows, giver.update(1, "a"));
  CHECK(code_of(giver.give()) == ErrorCode::bad_request);
  CHECK(server().put("t", "b", Payload::json("1"))->dot.seq == 2);
}

TEST_CASE_FIXTURE(OneRow, "a newcomer gives nothing that it wrote before it had joined") {
  static_cast<void>(hub.exchange_of(tenant));
  clock.advance_us(60'000'000);
  hub.maintain(tenant);
  REQUIRE(stable_state(server()).number == 1);
  Giver giver(*this);
  giver.page.stable = stable_state(server());
  giver.claim(giver.id(), 1);
  Giver::add(giver.page.rows, giver.update(1, "a"));
  const auto given = giver.give();
  REQUIRE(given.has_error());
  CHECK(given.error().code == ErrorCode::depends);
  CHECK(given.error().number("newcomer") == 1);
  CHECK(text() == "1");
}

}  // namespace syncline::test
