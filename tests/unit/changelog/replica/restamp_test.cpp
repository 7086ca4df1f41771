#include "unit/changelog/replica/private_pair.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

void put(const Node& node, std::string_view row, std::string_view json) {
  REQUIRE(node->put("t", row, Payload::json(json)));
}

HybridTime hlc_at(const Node& node, Lsn lsn) { return node->log().at(lsn).change.hlc; }

}  // namespace

TEST_CASE("own changes are private until they are sent") {
  const Node node(1);
  CHECK(node->private_from() == 1);
  put(node, "a", "1");
  put(node, "b", "1");
  put(node, "c", "1");
  CHECK(node->private_from() == 1);
  CHECK(node->mark_sent(2, "hub"));
  CHECK_FALSE(node->mark_sent(2, "hub"));
  CHECK(node->private_from() == 3);

  SUBCASE("and again when the only log that had them refuses them") {
    node->refused(2, "hub");
    CHECK(node->private_from() == 2);
  }
  SUBCASE("what another log refuses is not private") {
    node->refused(1, "other");
    CHECK(node->private_from() == 3);
  }
  SUBCASE("what two logs had never is again") {
    CHECK_FALSE(node->mark_sent(1, "other"));
    node->refused(1, "hub");
    CHECK(node->private_from() == 2);
    CHECK(node->mark_sent(3, "other"));
    node->refused(1, "other");
    CHECK(node->private_from() == 2);
  }
  SUBCASE("somebody without a name is another one each time") {
    CHECK(node->mark_sent(3, ""));
    node->refused(3, "");
    CHECK(node->private_from() == 4);
  }
  SUBCASE("under a new id nothing was sent") {
    REQUIRE(node->reidentify());
    CHECK(node->private_from() == 1);
  }
}

TEST_CASE("after a restart nothing that was written before is private") {
  const auto journal = std::make_shared<MemoryJournal>();
  {
    const Node node(1, "lww", journal);
    put(node, "a", "1");
  }
  const Node again(1, "lww", journal);
  CHECK(again->private_from() == 2);
  CHECK(again->restamp_private()->restamped == 0);
  put(again, "a", "2");
  CHECK(again->private_from() == 2);
}

TEST_CASE("private changes are dated anew in their order, after all that is kept") {
  const auto journal = std::make_shared<MemoryJournal>();
  PrivatePair pair(journal);
  const Replica& node = *pair.node;
  const LogReader before = node.log();
  const Sequence first = node.private_from();
  const HybridTime ahead = node.last_hlc();
  const RestampResult done = pair.node->restamp_private().value();
  CHECK(done.restamped == node.origin(node.node()).seq + 1 - first);
  CHECK(done.restamped > 100);
  CHECK(node.last_hlc() < ahead);
  CHECK(node.last_hlc() == done.latest);

  const LogReader after = node.log();
  CHECK(after.log_id() == before.log_id());
  REQUIRE(after.last_lsn() == before.last_lsn());
  HybridTime kept;
  HybridTime last;
  for (Lsn lsn = 1; lsn <= after.last_lsn(); ++lsn) {
    const LogEntry entry = after.at(lsn);
    Change was = before.at(lsn).change.to_change();
    CHECK(entry.received_at_us == before.at(lsn).received_at_us);
    if (entry.change.dot.origin == node.node() && entry.change.dot.seq >= first) {
      CHECK(entry.change.hlc > last);
      CHECK(entry.change.hlc < was.hlc);
      last = entry.change.hlc;
      was.hlc = last;
    } else {
      kept = std::max(kept, entry.change.hlc);
    }
    CHECK(entry.change.to_change() == was);
  }
  CHECK(last > kept);
  CHECK(last.physical_us() <= 1'000'000'000'000'501);
  // What is shown and what collided is what anybody finds who takes the same changes.
  const Node fresh(3);
  deliver(pair.node, fresh);
  CHECK(fresh->visible_checksum() == node.visible_checksum());
  CHECK(fresh->conflict_statistics().total == node.conflict_statistics().total);
  CHECK(node.conflict_statistics().total > 5);
  CHECK(fresh->chain_at(node.node(), 130) == node.chain_at(node.node(), 130));
  deliver(pair.node, pair.other);
  CHECK(pair.other->visible_checksum() == node.visible_checksum());

  // Doing it again comes to the same, in memory and on disk.
  const std::string state = whole_state(node);
  CHECK(reopened_state(*journal) == state);
  REQUIRE(pair.node->restamp_private());
  CHECK(whole_state(node) == state);
}

TEST_CASE("a clock that is known to be wrong is not asked beyond the given time") {
  Node node(1);
  node.clock.advance_us(hour_us);
  put(node, "a", "1");
  const HybridTime latest = HybridTime::from_us(1'000'000'000'000'700);
  REQUIRE(node->restamp_private(latest));
  CHECK(hlc_at(node, 1) == latest);
  CHECK(text_of(node->get("t", "a")) == "1");
}

TEST_CASE("a trimmed log keeps its beginning when its private changes are dated anew") {
  const auto journal = std::make_shared<MemoryJournal>();
  PrivatePair pair(journal, 7);
  REQUIRE(pair.node->trim(100)->first_lsn == 100);
  const std::string early = log_state(*pair.node, 1).substr(0, 2000);
  REQUIRE(pair.node->restamp_private()->restamped > 100);
  CHECK(log_state(*pair.node, 1).substr(0, 2000) == early);
  const std::string state = whole_state(*pair.node);
  CHECK(reopened_state(*journal) == state);
  REQUIRE(pair.node->trim(150)->first_lsn == 150);
  // Of what was cut off some is still held, but is private no more.
  CHECK(pair.node->private_from() == pair.node->log().clock_at(149).get(pair.node->node()) + 1);
}

TEST_CASE("a conflict keeps its sides and its time where a snapshot has turned the log around") {
  Node node(1);
  const Node other(2);
  put(node, "a", "1");
  put(other, "a", "2");
  deliver(other, node);
  node.clock.advance_us(5'000'000);
  REQUIRE(node->merge(other->snapshot()));
  const ConflictReport before = node->conflicts().conflicts.at(0);
  REQUIRE(before.parted_local.dot == Dot{node->node(), 1});
  REQUIRE(before.parted_remote.dot == node->log().at(1).change.dot);
  REQUIRE(node->restamp_private()->restamped == 1);
  REQUIRE(node->conflicts().conflicts.size() == 1);
  const ConflictReport after = node->conflicts().conflicts[0];
  CHECK(after.id == before.id);
  CHECK(after.parted_local.dot == before.parted_local.dot);
  CHECK(after.detected_at_us == before.detected_at_us);
}
