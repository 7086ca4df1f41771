#include <stdexcept>

#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

/// Two replicas that both wrote row t/1 without seeing the other, and have exchanged.
struct Collision {
  explicit Collision(const std::string& policy, bool equal_bytes = false)
      : a(1, policy), b(2, policy) {
    a->put("t", "1", Payload::json("\"base\""));
    exchange(a, b);
    a.clock.advance_us(1000);
    a->put("t", "1", Payload::json("\"from a\""));
    b.clock.advance_us(5000);
    b->put("t", "1", Payload::json(equal_bytes ? "\"from a\"" : "\"from b\""));
    exchange(a, b);
  }
  ConflictReport report(const Node& node) const { return node->conflicts().conflicts.at(0); }

  Node a;
  Node b;
};

}  // namespace

TEST_CASE("lww: the later write wins everywhere and the loser is in the report") {
  const Collision world("lww");
  CHECK(text_of(world.a->get("t", "1")) == "\"from b\"");
  CHECK(text_of(world.b->get("t", "1")) == "\"from b\"");
  const ConflictReport at_a = world.report(world.a);
  const ConflictReport at_b = world.report(world.b);
  CHECK(at_a.id == at_b.id);
  CHECK(at_a.status == ConflictStatus::resolved);
  CHECK(at_a.kind == ConflictKind::update_update);
  CHECK(at_a.winner == ConflictWinner::remote);
  CHECK(at_b.winner == ConflictWinner::local);
  CHECK(at_a.winner_dot == at_b.winner_dot);
  CHECK(at_a.local.data == "\"from a\"");
  CHECK(at_a.remote.data == "\"from b\"");
  CHECK(at_a.base().bytes == "\"base\"");
  CHECK(at_a.resolved_by == "policy lww");
  CHECK(at_a.reason.find("later by 4.001 ms") != std::string::npos);
  CHECK(world.a->log().last_lsn() == 3);  // nobody wrote the winner down
}

TEST_CASE("lww: a decision can be overruled until somebody saw both sides") {
  const Collision world("lww");
  const ConflictReport report = world.report(world.b);
  Settlement settlement;
  settlement.how = Settlement::How::pick_remote;
  settlement.note = "ann was right";
  settlement.actor = "bob";
  REQUIRE(world.b->resolve(report.id, settlement));
  exchange(world.a, world.b);
  for (const Node* node : {&world.a, &world.b}) {
    CHECK(text_of((*node)->get("t", "1")) == "\"from a\"");
    const ConflictReport settled = (*node)->conflict(report.id).value();
    CHECK(settled.status == ConflictStatus::resolved);
    CHECK(settled.resolved_by == "bob");
    CHECK(settled.resolution.has_value());
    CHECK(settled.winner_dot == world.report(world.a).local.dot);
    CHECK(settled.reason.find("ann was right") != std::string::npos);
  }
  CHECK(world.a->resolve(report.id, settlement).error().code == ErrorCode::conflict_resolved);
}

TEST_CASE("causal: the conflict stays open, plain writes are refused, a resolution closes it") {
  const Collision world("causal");
  const ConflictReport report = world.report(world.a);
  CHECK(report.status == ConflictStatus::open);
  CHECK(report.winner == ConflictWinner::none);
  CHECK_FALSE(report.winner_dot.has_value());
  const Row row = world.a->get("t", "1");
  REQUIRE(row.siblings.size() == 2);
  CHECK(row.siblings[0].data == "\"from b\"");  // shown for the time being
  const auto refused = world.a->put("t", "1", Payload::json("0"));
  CHECK(refused.error().code == ErrorCode::conflict_open);
  CHECK(refused.error().text("token") == world.a->token("t", "1"));

  Settlement settlement;
  settlement.how = Settlement::How::data;
  settlement.payload = Payload::json("\"both\"");
  REQUIRE(world.a->resolve(report.id, settlement));
  exchange(world.a, world.b);
  for (const Node* node : {&world.a, &world.b}) {
    CHECK(text_of((*node)->get("t", "1")) == "\"both\"");
    const ConflictReport closed = (*node)->conflict(report.id).value();
    CHECK(closed.status == ConflictStatus::resolved);
    CHECK(closed.winner == ConflictWinner::merged);
    CHECK(closed.winner_dot == closed.resolution);
  }
  CHECK(world.b->put("t", "1", Payload::json("1")));
}

TEST_CASE("causal: a write with the token that covers all heads settles as well") {
  const Collision world("causal");
  WriteOptions seen;
  const RowToken token = world.b->token("t", "1");
  seen.if_match = token;
  REQUIRE(world.b->put("t", "1", Payload::json("\"from b\""), seen));
  const ConflictReport closed = world.report(world.b);
  CHECK(closed.status == ConflictStatus::resolved);
  CHECK(closed.winner == ConflictWinner::local);
}

TEST_CASE("causal: a straggler that did not see the resolution opens it again") {
  const Collision world("causal");
  Node c(3, "causal");
  for (Lsn lsn = 1; lsn <= 2; ++lsn) {  // c knows the base and a's side only
    const Records records(*world.a);
    c->integrate(std::span(records.views).subspan(lsn - 1, 1));
  }
  Settlement settlement;
  settlement.how = Settlement::How::pick_local;
  const ConflictId id = world.report(world.a).id;
  REQUIRE(world.a->resolve(id, settlement));
  REQUIRE(c->put("t", "1", Payload::json("\"from c\"")));
  exchange(world.a, c);
  CHECK(world.a->conflict(id).value().status == ConflictStatus::open);
  CHECK(c->conflict(id).value().status == ConflictStatus::open);
  CHECK(world.a->conflicts().conflicts.size() == 1);
}

TEST_CASE("the same bytes on both sides converge") {
  for (const char* policy : {"lww", "causal"}) {
    const Collision world(policy, true);
    const ConflictReport report = world.report(world.a);
    CHECK(report.status == ConflictStatus::convergent);
    CHECK(world.a->log().at(3).verdict == Verdict::convergent);
    CHECK(world.a->resolve(report.id, {}).error().code == ErrorCode::conflict_resolved);
  }
}

TEST_CASE("ten edits against ten are one conflict, whose tips are the last of each side") {
  const Node a(1);
  const Node b(2);
  a->put("t", "1", Payload::json("0"));
  exchange(a, b);
  for (int i = 0; i < 10; ++i) {
    a->put("t", "1", Payload::json("1" + std::to_string(i)));
    b->put("t", "1", Payload::json("2" + std::to_string(i)));
  }
  exchange(a, b);
  REQUIRE(a->conflicts().conflicts.size() == 1);
  REQUIRE(b->conflicts().conflicts.size() == 1);
  const ConflictReport report = a->conflicts().conflicts[0];
  CHECK(report.local.data == "19");
  CHECK(report.remote.data == "29");
  CHECK(report.parted_local.dot.seq == 2);
  CHECK(report.parted_remote.dot.seq == 1);
}

TEST_CASE("conflicts are listed by filters and in pages") {
  const Node a(1);
  const Node b(2);
  for (int i = 0; i < 25; ++i) {
    const std::string table = i % 5 == 0 ? "five" : "t";
    a->put(table, std::to_string(i), Payload::json("1"));
    b->put(table, std::to_string(i), Payload::json(i % 2 == 0 ? "1" : "2"));
  }
  exchange(a, b);
  ConflictQuery query;
  query.limit = 10;
  std::size_t pages = 0;
  std::size_t found = 0;
  for (bool more = true; more;) {
    const ConflictPage page = a->conflicts(query);
    ++pages;
    found += page.conflicts.size();
    more = page.next.has_value();
    if (more) query.after = *page.next;
  }
  CHECK(pages == 3);
  CHECK(found == 25);
  ConflictQuery five;
  five.table = "five";
  CHECK(a->conflicts(five).conflicts.size() == 5);
  ConflictQuery convergent;
  convergent.status = ConflictStatus::convergent;
  CHECK(a->conflicts(convergent).conflicts.size() == 13);
  ConflictQuery kind;
  kind.kind = ConflictKind::update_update;
  CHECK(a->conflicts(kind).conflicts.empty());
  ConflictQuery later;
  later.since_us = a.clock.now_us() + 1'000'000;
  CHECK(a->conflicts(later).conflicts.empty());
  const ConflictStatistics statistics = a->conflict_statistics();
  CHECK(statistics.total == 25);
  CHECK(statistics.by_table.at("five") == 5);
  CHECK(statistics.by_status.at("convergent") == 13);
  CHECK(statistics.by_kind.at("insert_insert") == 25);
  CHECK(statistics.by_policy.at("lww") == 25);
  CHECK(statistics.by_hour.size() == 1);
}

TEST_CASE("too many conflicts of one row are counted and not kept") {
  const Node hub(1);
  for (std::uint8_t i = 2; i < 50; ++i) {  // 48 concurrent inserts: 1128 pairs
    const Node edge(i);
    edge->put("t", "1", Payload::json(std::to_string(i)));
    deliver(edge, hub);
  }
  const ConflictStatistics statistics = hub->conflict_statistics();
  CHECK(statistics.total == limits::max_conflicts_per_row);
  CHECK(statistics.not_kept == 48 * 47 / 2 - limits::max_conflicts_per_row);
  CHECK(hub->conflicts().conflicts[0].more_of_row == statistics.not_kept);
}

TEST_CASE("another policy is in force at once, for what lies there as well") {
  const Collision world("lww");
  CHECK(world.report(world.a).status == ConflictStatus::resolved);
  world.a->set_policies({"lww", {{"t", "causal"}}}, 2);
  CHECK(world.report(world.a).status == ConflictStatus::open);
  CHECK(world.report(world.a).policy == "causal");
  world.a->set_policies({"lww", {}}, 3);
  CHECK(world.report(world.a).status == ConflictStatus::resolved);
}

TEST_CASE("a settlement can delete, or pick a change by its dot") {
  const Collision first("causal");
  Settlement erase;
  erase.how = Settlement::How::erase;
  REQUIRE(first.a->resolve(first.report(first.a).id, erase));
  CHECK_FALSE(first.a->get("t", "1").exists());

  const Collision second("causal");
  Settlement pick;
  pick.how = Settlement::How::pick_dot;
  pick.dot = {node_named(7), 1};
  const ConflictReport report = second.report(second.a);
  CHECK(second.a->resolve(report.id, pick).error().code == ErrorCode::bad_request);
  pick.dot = report.local.dot;
  REQUIRE(second.a->resolve(report.id, pick));
  CHECK(text_of(second.a->get("t", "1")) == "\"from a\"");
  CHECK(second.a->resolve(ConflictId{}, pick).error().code == ErrorCode::conflict_not_found);
}

TEST_CASE("the conflicts of one row are found by the row, and a page ends at its bytes") {
  const Collision world("lww");
  ConflictQuery row;
  row.table = "t";
  row.row_id = "1";
  CHECK(world.a->conflicts(row).conflicts.size() == 1);
  row.row_id = "2";
  CHECK(world.a->conflicts(row).conflicts.empty());

  const Node a(1);
  const Node b(2);
  for (int i = 0; i < 5; ++i) {
    a->put("t", std::to_string(i), Payload::raw(std::string(1000, 'a')));
    b->put("t", std::to_string(i), Payload::raw(std::string(1000, 'b')));
  }
  exchange(a, b);
  ConflictQuery small;
  small.max_bytes = 3000;
  const ConflictPage page = a->conflicts(small);
  CHECK(page.conflicts.size() == 2);
  CHECK(page.next.has_value());
}

TEST_CASE("long edits of one row against each other take no longer than they are") {
  const Node a(1);
  const Node b(2);
  for (int i = 0; i < 20'000; ++i) {
    a->put("t", "1", Payload::json("1"));
    b->put("t", "1", Payload::json("2"));
  }
  exchange(a, b);  // quadratic work would take minutes
  CHECK(a->conflicts().conflicts.size() == 1);
}

TEST_CASE("a subscriber that throws harms neither the write nor the others") {
  const Node node(1);
  int heard = 0;
  const Subscription bad = node->subscribe([](Lsn) { throw std::runtime_error("no"); });
  const Subscription good = node->subscribe([&](Lsn) { ++heard; });
  CHECK(node->put("t", "1", Payload::json("1")));
  CHECK(heard == 1);
}
