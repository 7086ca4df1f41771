#include "support/journal_over.hpp"
#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

/// A journal that fails when it is told to.
class FailingJournal final : public JournalOver {
 public:
  Result<JournalPosition> append(std::span<const JournalEntry> batch) override {
    if (failing) return Error{ErrorCode::unavailable, "no space left"};
    return JournalOver::append(batch);
  }
  Result<void> checkpoint(Lsn first_kept,
                          const std::function<Result<void>(const Visit&)>& write) override {
    if (failing) return Error{ErrorCode::unavailable, "no space left"};
    return JournalOver::checkpoint(first_kept, write);
  }
  bool failing = false;
};

}  // namespace

TEST_CASE("a replica comes back from its journal as it was") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node other(2);
  VisibleChecksum checksum;
  VectorClock summary;
  LogId log_id;
  std::vector<ConflictReport> reports;
  {
    const Node node(1, "lww", journal);
    node->put("t", "1", Payload::json("1"));
    deliver(node, other);
    other->put("t", "1", Payload::json("2"));
    node->put("t", "1", Payload::json("3"));
    deliver(other, node);
    const std::vector<Write> writes = {{WriteKind::put, "t", "2", Payload::json("1"), {}},
                                       {WriteKind::put, "t", "3", Payload::json("2"), {}}};
    REQUIRE(node->transaction(writes));
    REQUIRE(node->cover({{node_named(5), 7}}));
    checksum = node->visible_checksum();
    summary = node->summary();
    log_id = node->log_id();
    reports = node->conflicts().conflicts;
  }
  const Node again(1, "lww", journal);
  CHECK(again->visible_checksum() == checksum);
  CHECK(again->summary() == summary);
  CHECK(again->log_id() == log_id);
  CHECK(again->log().last_lsn() == 5);
  CHECK(again->releasable_lsn() == 5);
  REQUIRE(again->conflicts().conflicts.size() == 1);
  CHECK(again->conflicts().conflicts[0].id == reports[0].id);
  CHECK(again->conflicts().conflicts[0].detected_at_us == reports[0].detected_at_us);
  CHECK(again->put("t", "1", Payload::json("4")).value().dot.seq == 5);
}

TEST_CASE("a merged snapshot survives with its new log") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node other(2);
  other->put("t", "1", Payload::json("1"));
  LogId log_id;
  {
    const Node node(1, "lww", journal);
    node->put("t", "2", Payload::json("2"));
    REQUIRE(node->merge(other->snapshot()));
    log_id = node->log_id();
  }
  const Node again(1, "lww", journal);
  CHECK(again->log_id() == log_id);
  CHECK(again->statistics().rows == 2);
  CHECK(again->summary().get(other->node()) == 1);
}

TEST_CASE("a journal belongs to one node") {
  const auto journal = std::make_shared<MemoryJournal>();
  {
    const Node node(1, "lww", journal);
  }
  Replica::Options options;
  options.node = node_named(2);
  options.journal = journal;
  CHECK(Replica::open(std::move(options)).error().code == ErrorCode::bad_request);
}

TEST_CASE("when the journal fails a write changes nothing, and works again afterwards") {
  const auto journal = std::make_shared<FailingJournal>();
  const Node node(1, "lww", journal);
  const Node other(2);
  other->put("t", "o", Payload::json("1"));
  REQUIRE(node->put("t", "1", Payload::json("1")));
  journal->failing = true;
  CHECK(node->put("t", "1", Payload::json("2")).error().code == ErrorCode::unavailable);
  const std::vector<Write> writes = {{WriteKind::put, "t", "2", Payload::json("1"), {}}};
  CHECK(node->transaction(writes).error().code == ErrorCode::unavailable);
  CHECK(deliver(other, node).rejected.size() == 1);
  CHECK(node->merge(other->snapshot()).error().code == ErrorCode::unavailable);
  CHECK(text_of(node->get("t", "1")) == "1");
  CHECK(node->log().last_lsn() == 1);
  journal->failing = false;
  CHECK(node->put("t", "1", Payload::json("3")).value().dot.seq == 2);
  CHECK(deliver(other, node).applied == 1);
}
