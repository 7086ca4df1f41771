#include "unit/changelog/replica/replica_fixture.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

void put(const Node& node, std::string_view row, std::string_view json) {
  REQUIRE(node->put("t", row, Payload::json(json)));
}

Rejection refusal(const Node& node, Sequence seq) {
  return {{node->node(), seq}, 0, Error{ErrorCode::too_large, "more than is taken"}};
}

VoidResult take_back(const Node& node, std::vector<Sequence> seqs) {
  std::vector<Rejection> rejections;
  for (const Sequence seq : seqs) rejections.push_back(refusal(node, seq));
  auto done = node->void_private(rejections);
  REQUIRE(done);
  return std::move(*done);
}

std::uint64_t conflicts_of(const Node& node) { return node->conflict_statistics().total; }

}  // namespace

TEST_CASE("a change that is taken back leaves its number and nothing else") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node node(1, "lww", journal);
  put(node, "a", "1");
  put(node, "b", "1");
  put(node, "b", "2");
  const VoidResult done = take_back(node, {2});
  REQUIRE(done.voided.size() == 1);
  CHECK(done.voided[0].data == "1");
  CHECK(done.voided[0].row_id == "b");
  const Change left = node->log().at(2).change.to_change();
  CHECK(left.operation == Operation::void_);
  CHECK(left.dot == Dot{node->node(), 2});
  CHECK(left.table.empty());
  CHECK(left.data.empty());
  CHECK(left.metadata == Metadata{{"refused", "too_large"}});
  // A later change of the row stands.
  CHECK(text_of(node->get("t", "b")) == "2");
  CHECK(node->statistics().rows == 2);
  CHECK(node->log().at(3).before_lsn == 0);
  CHECK(node->log().at(3).change.context.get(node->node()) == 2);

  const std::string state = whole_state(*node);
  CHECK(reopened_state(*journal) == state);
  // Once more changes nothing.
  CHECK(take_back(node, {2}).voided.empty());
  CHECK(whole_state(*node) == state);
  const Node other(2);
  CHECK(deliver(node, other).rejected.empty());
  CHECK(other->visible_checksum() == node->visible_checksum());
  CHECK(other->origin(node->node()).chain == node->origin(node->node()).chain);
}

TEST_CASE("the row is what it was before, or what others wrote meanwhile") {
  Node node(1);
  const Node other(2);
  put(node, "a", "1");
  exchange(node, other);
  node->mark_sent(1, "other");
  put(node, "a", "2");
  put(node, "new", "2");
  REQUIRE(node->erase("t", "a"));

  SUBCASE("nobody did") {
    take_back(node, {2, 3, 4});
    CHECK(text_of(node->get("t", "a")) == "1");
    CHECK_FALSE(node->get("t", "new").exists());
    CHECK_FALSE(node->get("t", "new").winner);
    CHECK(node->scan("t").rows.size() == 1);
    CHECK(node->statistics().tombstones == 0);
  }
  SUBCASE("somebody did: the conflict goes with the side that is no more") {
    put(other, "a", "77");
    deliver(other, node);
    CHECK(conflicts_of(node) == 1);
    take_back(node, {2, 4});
    CHECK(conflicts_of(node) == 0);
    CHECK(text_of(node->get("t", "a")) == "77");
    CHECK(node->get("t", "a").siblings.empty());
  }
  SUBCASE("only its first change is taken back: the conflict is with the one that saw it") {
    put(other, "a", "77");
    deliver(other, node);
    const Dot erased = {node->node(), 4};
    CHECK(node->conflicts().conflicts.at(0).parted_local.dot == Dot{node->node(), 2});
    const std::uint64_t detected = node->conflicts().conflicts.at(0).detected_at_us;
    node.clock.advance_us(5'000'000);
    take_back(node, {2});
    REQUIRE(conflicts_of(node) == 1);
    const ConflictReport report = node->conflicts().conflicts.at(0);
    CHECK(report.parted_local.dot == erased);
    CHECK(report.detected_at_us == detected);
    // Whoever gets the changes now finds the same.
    deliver(node, other);
    CHECK(other->conflicts().conflicts.at(0).id == report.id);
    CHECK(other->visible_checksum() == node->visible_checksum());
  }
}

TEST_CASE("a conflict from before the private changes stays as it was") {
  Node node(1);
  const Node other(2);
  put(node, "a", "1");
  put(other, "a", "2");
  exchange(node, other);
  node->mark_sent(1, "other");
  const ConflictReport before = node->conflicts().conflicts.at(0);
  node.clock.advance_us(5'000'000);
  put(node, "a", "3");
  take_back(node, {2});
  REQUIRE(conflicts_of(node) == 1);
  CHECK(text_of(node->conflicts().conflicts.at(0)) == text_of(before));
}

TEST_CASE("a transaction is taken back as a whole") {
  Node node(1);
  put(node, "a", "0");
  const Write three[] = {{WriteKind::put, "t", "a", Payload::json("1"), {}},
                         {WriteKind::put, "t", "b", Payload::json("1"), {}},
                         {WriteKind::put, "t", "c", Payload::json("1"), {}}};
  REQUIRE(node->transaction(three));
  put(node, "d", "1");
  CHECK(take_back(node, {3}).voided.size() == 3);
  CHECK(text_of(node->get("t", "a")) == "0");
  CHECK_FALSE(node->get("t", "b").exists());
  CHECK(text_of(node->get("t", "d")) == "1");
  CHECK(node->rejected_changes().size() == 3);
  const Node other(2);
  CHECK(deliver(node, other).rejected.empty());
  CHECK(other->visible_checksum() == node->visible_checksum());
}

TEST_CASE("what was sent, and what others wrote, is not taken back") {
  Node node(1);
  const Node other(2);
  put(node, "a", "1");
  put(other, "b", "1");
  deliver(other, node);
  node->mark_sent(1, "hub");
  put(node, "c", "1");
  const std::string state = whole_state(*node);
  CHECK(take_back(node, {1, 9}).voided.empty());
  CHECK(node->void_private(std::vector{refusal(other, 1)})->voided.empty());
  CHECK(whole_state(*node) == state);
  node->refused(1, "hub");
  CHECK(take_back(node, {1}).voided.size() == 1);
}

TEST_CASE("the app reads what was taken back until it discards it, also after a restart") {
  const auto journal = std::make_shared<MemoryJournal>();
  const std::string large = '"' + std::string(900'000, 'x') + '"';
  Change first;
  {
    Node node(1, "lww", journal);
    node.clock.advance_us(77);
    put(node, "a", "1");
    REQUIRE(node->put("t", "b", Payload::json(large)));
    first = node->log().at(1).change.to_change();
    take_back(node, {1, 2});
    const auto list = node->rejected_changes();
    REQUIRE(list.size() == 2);
    CHECK(list[0].change == first);
    CHECK(list[0].error.code == ErrorCode::too_large);
    CHECK(list[0].error.detail == "more than is taken");
    CHECK(list[0].rejected_at_us == node.clock.now_us());
    CHECK(list[1].change.data == large);
  }
  const Node again(1, "lww", journal);
  REQUIRE(again->rejected_changes().size() == 2);
  CHECK(again->rejected_changes()[0].change == first);
  REQUIRE(again->discard_rejected(first.dot));
  CHECK(again->rejected_changes().size() == 1);
  const auto twice = again->discard_rejected(first.dot);
  REQUIRE(twice.has_error());
  CHECK(twice.error().code == ErrorCode::not_found);
  const Node third(1, "lww", journal);
  CHECK(third->rejected_changes().size() == 1);
  REQUIRE(third->discard_rejected({third->node(), 2}));
  CHECK(third->properties("rejected/").empty());
}

TEST_CASE("a change that is larger than a property is kept in parts") {
  const auto journal = std::make_shared<MemoryJournal>();
  Replica::Options options;
  options.journal = journal;
  options.max_change_bytes = std::size_t{10} << 20;
  options.max_body_bytes = std::size_t{20} << 20;
  const auto replica = Replica::open(options).value();
  const std::string large((std::size_t{9} << 20) + 5, 'x');
  REQUIRE(replica->put("t", "a", Payload::raw(large)));
  REQUIRE(replica->put("t", "b", Payload::raw("small")));
  const Error error{ErrorCode::too_large, ""};
  const NodeId self = replica->node();
  REQUIRE(
      replica->void_private(std::vector<Rejection>{{{self, 1}, 0, error}, {{self, 2}, 0, error}}));
  CHECK(replica->properties("rejected/").size() == 4);
  for (const auto& [name, value] : replica->properties("rejected/")) {
    CHECK(value.size() <= limits::max_property_value_bytes);
  }
  const auto list = replica->rejected_changes();
  REQUIRE(list.size() == 2);
  CHECK(list[0].change.data == large);
  CHECK(list[1].change.data == "small");
  REQUIRE(replica->discard_rejected({self, 1}));
  CHECK(replica->properties("rejected/").size() == 1);
}

TEST_CASE("when the list is full nothing more is taken back") {
  Node node(1);
  const auto fill = [&](std::size_t count) {
    std::vector<Write> writes(count, {WriteKind::put, "t", "a", Payload::json("1"), {}});
    node->write_batch(writes);
    std::vector<Rejection> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(refusal(node, node->origin(node->node()).seq - i));
    }
    return node->void_private(all);
  };
  REQUIRE(fill(10'000)->voided.size() == 10'000);
  const auto more = fill(1);
  REQUIRE(more.has_error());
  CHECK(more.error().code == ErrorCode::quota_exceeded);
  CHECK(text_of(node->get("t", "a")) == "1");
  REQUIRE(node->discard_rejected({node->node(), 1}));
  CHECK(node->void_private(std::vector{refusal(node, 10'001)})->voided.size() == 1);
}
