#include "support/journal_over.hpp"
#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

class FailingJournal final : public JournalOver {
 public:
  using JournalOver::JournalOver;
  Result<void> checkpoint(Lsn first_kept,
                          const std::function<Result<void>(const Visit&)>& write) override {
    if (failing) return Error{ErrorCode::unavailable, "no space left"};
    return JournalOver::checkpoint(first_kept, write);
  }
  bool failing = false;
};

void put(const Node& node, std::string_view row, std::string_view json) {
  REQUIRE(node->put("t", row, Payload::json(json)));
}

std::string rebased_of_last(const Node& node) {
  const LogReader reader = node->log();
  const Metadata metadata = reader.at(reader.last_lsn()).change.metadata();
  const auto found = metadata.find("rebased");
  return found == metadata.end() ? "" : found->second;
}

/// A hub, an edge whose first change the hub has, and the edge's journal as it was then.
struct Scene {
  explicit Scene(const std::string& policy = "lww")
      : hub(1, policy), edge(2, policy, journal), policy_name(policy) {
    put(edge, "base", "1");
    deliver(edge, hub);
    backup = journal->copy();
  }
  /// The edge as the backup has it.
  Node restored(std::shared_ptr<Journal> from = nullptr) const {
    return Node(2, policy_name, from ? std::move(from) : backup->copy());
  }

  std::shared_ptr<MemoryJournal> journal = std::make_shared<MemoryJournal>();
  Node hub;
  Node edge;
  std::string policy_name;
  std::shared_ptr<MemoryJournal> backup;
};

}  // namespace

TEST_CASE("what only the restored copy holds is written anew under a new id") {
  Scene scene;
  put(scene.edge, "later", "1");
  deliver(scene.edge, scene.hub);
  const Node copy = scene.restored();
  const LogId log_before = copy->log_id();
  put(copy, "base", "2");
  put(copy, "base", "3");
  put(copy, "mine", "4");

  const auto result = copy->rebase(scene.hub->snapshot());
  REQUIRE(result);
  CHECK(result->before == scene.edge->node());
  CHECK(result->after == copy->node());
  CHECK(result->before != result->after);
  CHECK(copy->log_id() != log_before);
  CHECK(result->rewritten == 3);
  CHECK(result->voided == 0);
  CHECK(text_of(copy->get("t", "base")) == "3");
  CHECK(text_of(copy->get("t", "mine")) == "4");
  CHECK(text_of(copy->get("t", "later")) == "1");
  CHECK(copy->conflicts().conflicts.empty());
  CHECK(rebased_of_last(copy) == to_string(Dot{scene.edge->node(), 4}));
  CHECK(copy->history(copy->log(), "t", "base", 10).size() == 3);

  deliver(copy, scene.hub);
  CHECK(scene.hub->visible_checksum() == copy->visible_checksum());
  CHECK(scene.hub->summary() == copy->summary());
  CHECK(scene.hub->chain_at(copy->node(), 3) == copy->chain_at(copy->node(), 3));
}

TEST_CASE("a copy that has nothing of its own takes a new id all the same") {
  Scene scene;
  put(scene.edge, "later", "1");
  deliver(scene.edge, scene.hub);
  const Node copy = scene.restored();
  const auto result = copy->rebase(scene.hub->snapshot());
  REQUIRE(result);
  CHECK(result->before != result->after);
  CHECK(result->rewritten == 0);
  CHECK(copy->summary() == scene.hub->summary());
}

TEST_CASE("where somebody else wrote the row, the policy decides once") {
  Scene scene;
  put(scene.edge, "base", "\"of the edge\"");
  deliver(scene.edge, scene.hub);
  Node copy = scene.restored();
  const Dot orphan{scene.edge->node(), 2};

  SUBCASE("the later one prevails and is written anew") {
    copy.clock.advance_us(1'000);
    put(copy, "base", "\"of the copy\"");
    const auto result = copy->rebase(scene.hub->snapshot());
    REQUIRE(result);
    CHECK(result->rewritten == 1);
    CHECK(text_of(copy->get("t", "base")) == "\"of the copy\"");
  }
  SUBCASE("the earlier one is kept in a void") {
    put(copy, "base", "\"of the copy\"");
    scene.edge.clock.advance_us(1'000);
    put(scene.edge, "base", "\"again\"");
    deliver(scene.edge, scene.hub);
    const auto result = copy->rebase(scene.hub->snapshot());
    REQUIRE(result);
    CHECK(result->voided == 1);
    CHECK(text_of(copy->get("t", "base")) == "\"again\"");
    const LogReader reader = copy->log();
    const ChangeView last = reader.at(reader.last_lsn()).change;
    CHECK(last.operation == Operation::void_);
    CHECK(last.data == "\"of the copy\"");
  }
  CHECK(rebased_of_last(copy).starts_with(to_string(orphan) + " "));
  REQUIRE(deliver(copy, scene.hub).rejected.empty());
  CHECK(scene.hub->visible_checksum() == copy->visible_checksum());
  // Every replica that files it reports the same conflict.
  REQUIRE(copy->conflicts().conflicts.size() == 1);
  REQUIRE(scene.hub->conflicts().conflicts.size() == 1);
  const ConflictReport here = copy->conflicts().conflicts[0];
  const ConflictReport there = scene.hub->conflicts().conflicts[0];
  CHECK(here.id == there.id);
  CHECK(here.status == ConflictStatus::resolved);
  CHECK(there.status == ConflictStatus::resolved);
  CHECK(here.winner_dot == there.winner_dot);
  CHECK(here.local.dot == there.local.dot);
  CHECK(here.remote.dot == there.remote.dot);
  CHECK(here.reason == there.reason);
  CHECK(here.reason.find(to_string(orphan)) != std::string::npos);
  CHECK(here.winner_dot == copy->get("t", "base").winner->dot);
  CHECK(scene.hub->conflict(here.id));
}

TEST_CASE("a decision of a rebase can be overruled with what a void keeps") {
  Scene scene;
  const Node copy = scene.restored();
  put(copy, "base", "\"lost\"");
  scene.edge.clock.advance_us(1'000);
  put(scene.edge, "base", "\"won\"");
  deliver(scene.edge, scene.hub);
  REQUIRE(copy->rebase(scene.hub->snapshot()));
  deliver(copy, scene.hub);
  const ConflictReport report = scene.hub->conflicts().conflicts.at(0);
  Settlement settlement;
  settlement.how = Settlement::How::pick_dot;
  settlement.dot = report.remote.dot;
  REQUIRE(report.remote.operation == Operation::void_);
  REQUIRE(scene.hub->resolve(report.id, settlement));
  CHECK(text_of(scene.hub->get("t", "base")) == "\"lost\"");
  const ConflictReport after = scene.hub->conflict(report.id).value();
  CHECK(after.winner_dot == report.remote.dot);
  CHECK(after.resolution);
  CHECK(scene.hub->resolve(report.id, settlement).error().code == ErrorCode::conflict_resolved);
  deliver(scene.hub, copy);
  CHECK(copy->conflict(report.id).value().winner_dot == after.winner_dot);
}

TEST_CASE("what the policy leaves to people is handed to the app, and kept in a void") {
  Scene scene("causal");
  put(scene.edge, "base", "\"of the edge\"");
  deliver(scene.edge, scene.hub);
  Node copy = scene.restored();
  copy.clock.advance_us(1'000);
  put(copy, "base", "\"of the copy\"");
  const auto result = copy->rebase(scene.hub->snapshot());
  REQUIRE(result);
  CHECK(result->rewritten == 0);
  CHECK(result->voided == 1);
  REQUIRE(result->handed_to_app.size() == 1);
  CHECK(result->handed_to_app[0].data == "\"of the copy\"");
  CHECK(result->handed_to_app[0].dot == Dot{scene.edge->node(), 2});
  CHECK(text_of(copy->get("t", "base")) == "\"of the edge\"");
}

TEST_CASE("a server's lost changes come back from its edges, once") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node first(2);
  const Node second(3);
  std::shared_ptr<MemoryJournal> backup;
  NodeId old_id;
  {
    const Node server(1, "lww", journal);
    old_id = server->node();
    put(server, "a", "1");
    backup = journal->copy();
    put(server, "a", "2");
    put(server, "b", "3");
    deliver(server, first);
    deliver(server, second);
    put(first, "b", "4");  // what saw something that is no more goes the same way
  }
  const Node server(1, "lww", backup);
  put(server, "c", "5");  // under the number of what was lost
  REQUIRE(server->reidentify());

  const NodeId first_id = first->node();
  const auto rescued = first->rebase(server->snapshot());
  REQUIRE(rescued);
  CHECK(rescued->rewritten == 3);
  CHECK(rescued->before == first_id);
  CHECK(first->node() != first_id);  // its own change had seen what is no more
  deliver(first, server);
  CHECK(text_of(server->get("t", "a")) == "2");
  CHECK(text_of(server->get("t", "b")) == "4");
  CHECK(text_of(server->get("t", "c")) == "5");

  const NodeId second_id = second->node();
  const Lsn before = server->log().last_lsn();
  const auto nothing = second->rebase(server->snapshot());
  REQUIRE(nothing);
  CHECK(nothing->rewritten == 0);
  CHECK(nothing->voided == 0);
  CHECK(nothing->delivered == 2);
  CHECK(second->node() == second_id);
  deliver(second, server);
  CHECK(server->log().last_lsn() == before);
  CHECK(second->visible_checksum() == server->visible_checksum());
  CHECK(server->conflicts().conflicts.empty());
}

TEST_CASE("of a transaction that is written anew the order stays") {
  Scene scene;
  put(scene.edge, "later", "1");
  deliver(scene.edge, scene.hub);
  const Node copy = scene.restored();
  const std::vector<Write> writes = {{WriteKind::put, "t", "x", Payload::json("1"), {}},
                                     {WriteKind::put, "t", "y", Payload::json("2"), {}},
                                     {WriteKind::put, "t", "x", Payload::json("3"), {}}};
  REQUIRE(copy->transaction(writes));
  REQUIRE(copy->rebase(scene.hub->snapshot()));
  const LogReader reader = copy->log();
  std::vector<std::string> order;
  for (Lsn lsn = reader.last_lsn() - 2; lsn <= reader.last_lsn(); ++lsn) {
    order.emplace_back(reader.at(lsn).change.data);
    CHECK_FALSE(reader.at(lsn).change.transaction());
  }
  CHECK(order == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("a delete is carried over, and one that says what is so anyway is not") {
  Scene scene;
  put(scene.edge, "gone", "1");
  deliver(scene.edge, scene.hub);
  Node copy = scene.restored();
  REQUIRE(copy->erase("t", "base"));
  put(copy, "gone", "2");
  REQUIRE(copy->erase("t", "gone"));
  REQUIRE(scene.hub->erase("t", "gone"));
  const auto result = copy->rebase(scene.hub->snapshot());
  REQUIRE(result);
  CHECK(result->rewritten == 1);
  CHECK(result->delivered == 1);
  CHECK_FALSE(copy->get("t", "base").exists());
  CHECK_FALSE(copy->get("t", "gone").exists());
}

TEST_CASE("without anything contested it is a merge") {
  const Node hub(1);
  const Node edge(2);
  put(hub, "a", "1");
  exchange(hub, edge);
  put(hub, "a", "2");
  put(edge, "a", "3");
  const NodeId id = edge->node();
  const auto result = edge->rebase(hub->snapshot());
  REQUIRE(result);
  CHECK(result->after == id);
  CHECK(result->rewritten + result->voided + result->delivered == 0);
  CHECK(edge->get("t", "a").siblings.size() == 2);
  deliver(edge, hub);
  CHECK(hub->visible_checksum() == edge->visible_checksum());
}

TEST_CASE("a name that is known to be contested counts, with what is known to be the same") {
  const Node hub(1);
  const Node edge(2);
  put(edge, "a", "1");
  deliver(edge, hub);
  put(edge, "a", "2");
  RebaseOptions options;
  options.contested[edge->node()] = 1;
  const auto result = edge->rebase(hub->snapshot(), {}, options);
  REQUIRE(result);
  CHECK(result->before != result->after);
  CHECK(result->rewritten == 1);
  CHECK(edge->summary().get(result->before) == 1);
}

TEST_CASE("chain hashes tell what bytes cannot, where the giver has them no more") {
  Scene scene;
  put(scene.edge, "base", "2");
  put(scene.edge, "base", "3");
  deliver(scene.edge, scene.hub);
  const Node copy = scene.restored();
  put(copy, "mine", "4");
  put(copy, "mine", "5");
  Snapshot snapshot = scene.hub->snapshot();
  // As from one who has trimmed: the copy's second change has no counterpart any more.
  snapshot.history.clear();
  const auto result = copy->rebase(snapshot);
  REQUIRE(result);
  CHECK(result->before != result->after);
  CHECK(result->rewritten == 2);
  CHECK(copy->origin(result->before).whole);
  CHECK(copy->chain_at(result->before, 3) == scene.hub->chain_at(result->before, 3));
  // Whether the copy's first change was delivered, nothing tells any more: its bytes are kept.
  CHECK(result->voided == 1);
  CHECK(copy->put("t", "next", Payload::json("6")).value().dot.seq == 4);
  deliver(copy, scene.hub);
  CHECK(copy->chain_at(result->after, 4) == scene.hub->chain_at(result->after, 4));
  CHECK(text_of(copy->get("t", "mine")) == "5");
  CHECK(text_of(copy->get("t", "base")) == "3");
}

TEST_CASE("a rebase is there as a whole or not at all, and survives a restart") {
  Scene scene;
  put(scene.edge, "base", "\"of the edge\"");
  deliver(scene.edge, scene.hub);
  const auto kept = scene.backup->copy();
  const auto journal = std::make_shared<FailingJournal>(kept);
  VisibleChecksum checksum;
  VectorClock summary;
  NodeId id;
  ConflictId conflict{};
  {
    Node copy = scene.restored(journal);
    copy.clock.advance_us(1'000);
    put(copy, "base", "\"of the copy\"");
    REQUIRE(copy->set_property("remote/default", "kept"));
    const VectorClock before = copy->summary();
    const std::size_t entries = kept->size();
    journal->failing = true;
    CHECK(copy->rebase(scene.hub->snapshot()).error().code == ErrorCode::unavailable);
    CHECK(copy->node() == scene.edge->node());
    CHECK(copy->summary() == before);
    CHECK(text_of(copy->get("t", "base")) == "\"of the copy\"");
    CHECK(kept->size() == entries);
    journal->failing = false;
    REQUIRE(copy->rebase(scene.hub->snapshot()));
    checksum = copy->visible_checksum();
    summary = copy->summary();
    id = copy->node();
    conflict = copy->conflicts().conflicts.at(0).id;
  }
  Replica::Options options;
  options.journal = kept;
  const auto again = Replica::open(std::move(options));
  REQUIRE(again);
  CHECK((*again)->node() == id);
  CHECK((*again)->summary() == summary);
  CHECK((*again)->visible_checksum() == checksum);
  CHECK((*again)->property("remote/default") == "kept");
  CHECK((*again)->conflict(conflict));
  CHECK((*again)->put("t", "next", Payload::json("1")).value().dot.seq == 2);
}

TEST_CASE("a damaged snapshot leaves a replica as it was") {
  Scene scene;
  put(scene.edge, "later", "1");
  deliver(scene.edge, scene.hub);
  const Node copy = scene.restored();
  put(copy, "mine", "1");
  Snapshot snapshot = scene.hub->snapshot();
  snapshot.rows[0].record[0] = 'x';
  CHECK(copy->rebase(snapshot).error().code == ErrorCode::invalid_change);
  CHECK(copy->node() == scene.edge->node());
  CHECK(text_of(copy->get("t", "mine")) == "1");
}
