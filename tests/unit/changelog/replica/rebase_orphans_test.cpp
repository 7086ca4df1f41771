// Changes of third parties that a rebase takes out of the log: what a server lost and its edges
// have.

#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

void put(const Node& node, std::string_view row, std::string_view json) {
  REQUIRE(node->put("t", row, Payload::json(json)));
}

std::string rebased_of_last(const Node& node) {
  const LogReader reader = node->log();
  const Metadata metadata = reader.at(reader.last_lsn()).change.metadata();
  const auto found = metadata.find("rebased");
  return found == metadata.end() ? "" : found->second;
}

/// A server that was put back to its first change and wrote a second one anew, and an edge that
/// still has what the server lost.
struct LostScene {
  LostScene() {
    put(*lost, "base", "1");
    server = std::make_unique<Node>(1, "lww", journal->copy());
  }
  /// Hands over what was written before the loss, and lets the server go on under another id.
  void lose() {
    deliver(*lost, edge);
    REQUIRE((*server)->reidentify());
  }

  std::shared_ptr<MemoryJournal> journal = std::make_shared<MemoryJournal>();
  std::unique_ptr<Node> lost = std::make_unique<Node>(1, "lww", journal);
  std::unique_ptr<Node> server;
  Node edge{2};
};

}  // namespace

TEST_CASE("a context that names what the giver has otherwise is no sighting of it") {
  LostScene scene;
  put(*scene.lost, "base", "\"lost\"");
  put(*scene.lost, "base", "\"lost, too\"");
  put(*scene.server, "base", "\"other\"");  // under the number that the last lost one had seen
  scene.lose();
  const auto result = scene.edge->rebase((*scene.server)->snapshot());
  REQUIRE(result);
  // So it was not seen, and the policy decides.
  CHECK(result->rewritten + result->voided == 1);
  REQUIRE(scene.edge->conflicts().conflicts.size() == 1);
  CHECK(rebased_of_last(scene.edge).find(' ') != std::string::npos);
  deliver(scene.edge, *scene.server);
  CHECK((*scene.server)->visible_checksum() == scene.edge->visible_checksum());
  CHECK((*scene.server)->conflicts().conflicts.size() == 1);
}

TEST_CASE("of orphans that did not see one another the one that lost is kept in a void") {
  LostScene scene;
  const Node third(3);
  put(*scene.lost, "new", "\"begin\"");
  put(*scene.server, "elsewhere", "1");
  deliver(*scene.lost, third);
  put(third, "new", "\"of the third\"");
  put(*scene.lost, "new", "\"of the server\"");
  deliver(*scene.lost, scene.edge);
  deliver(third, scene.edge);
  REQUIRE(scene.edge->get("t", "new").siblings.size() == 2);
  const std::string shown = text_of(scene.edge->get("t", "new"));
  scene.lose();
  const auto result = scene.edge->rebase((*scene.server)->snapshot());
  REQUIRE(result);
  CHECK(result->rewritten == 3);
  CHECK(result->voided == 1);
  CHECK(text_of(scene.edge->get("t", "new")) == shown);
  REQUIRE(scene.edge->conflicts().conflicts.size() == 1);
  const ConflictReport report = scene.edge->conflicts().conflicts[0];
  CHECK(report.local.data != report.remote.data);
  CHECK(report.winner_dot == scene.edge->get("t", "new").winner->dot);
}

TEST_CASE("who has more of a line of orphans goes on where another one has written it anew") {
  LostScene scene;
  const Node other(3);
  put(*scene.lost, "base", "2");
  put(*scene.server, "elsewhere", "1");
  deliver(*scene.lost, other);
  put(*scene.lost, "base", "3");
  scene.lose();
  REQUIRE(other->rebase((*scene.server)->snapshot()));
  deliver(other, *scene.server);
  CHECK(text_of((*scene.server)->get("t", "base")) == "2");
  const auto result = scene.edge->rebase((*scene.server)->snapshot());
  REQUIRE(result);
  CHECK(result->delivered == 1);
  CHECK(result->rewritten == 1);
  CHECK(result->voided == 0);
  CHECK(text_of(scene.edge->get("t", "base")) == "3");
  CHECK(scene.edge->conflicts().conflicts.empty());
}

TEST_CASE("a replica of some tables leaves nothing behind under an id that it gives up") {
  LostScene scene;
  put(*scene.lost, "base", "2");
  put(*scene.server, "elsewhere", "1");
  scene.lose();
  put(scene.edge, "own", "3");  // saw nothing that was lost, and could go over as it is
  put(scene.edge, "base", "4");
  const std::vector<std::string> tables = {"t"};
  const auto result = scene.edge->rebase((*scene.server)->snapshot(tables), tables);
  REQUIRE(result);
  CHECK(result->before != result->after);
  CHECK(result->rewritten == 3);
  CHECK(scene.edge->summary().get(result->before) == 0);
  CHECK(scene.edge->summary().get(result->after) == 3);
  CHECK(text_of(scene.edge->get("t", "own")) == "3");
  CHECK(text_of(scene.edge->get("t", "base")) == "4");
}

TEST_CASE("what a void keeps is carried on when the void itself is orphaned") {
  LostScene scene;
  put(*scene.lost, "base", "\"lost\"");
  put(*scene.server, "base", "\"other\"");
  scene.lose();
  const auto backup = (*scene.server)->snapshot();
  scene.edge.clock.advance_us(0);
  REQUIRE(scene.edge->rebase(backup));
  const std::string before = rebased_of_last(scene.edge);
  const LogReader reader = scene.edge->log();
  const ChangeView first = reader.at(reader.last_lsn()).change;
  // It turns out that the edge's own origin is contested as well.
  RebaseOptions options;
  options.contested[scene.edge->node()] = 0;
  const auto again = scene.edge->rebase(backup, {}, options);
  REQUIRE(again);
  CHECK(again->before != again->after);
  CHECK(again->rewritten + again->voided == 1);
  const LogReader after = scene.edge->log();
  const ChangeView second = after.at(after.last_lsn()).change;
  CHECK(second.operation == first.operation);
  CHECK(second.data == first.data);
  CHECK(second.dot.origin == again->after);
  CHECK(rebased_of_last(scene.edge).substr(0, before.find(' ')) ==
        before.substr(0, before.find(' ')));
}
