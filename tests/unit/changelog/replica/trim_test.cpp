#include <atomic>
#include <thread>

#include "support/journal_over.hpp"
#include "syncline/record.hpp"
#include "unit/changelog/replica/replica_fixture.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

constexpr int leaf = 4096;  // what memory is freed in without a journal

void put(const Node& node, int row, int value) {
  REQUIRE(node->put("t", std::to_string(row), Payload::json(std::to_string(value))));
}

/// Writes `count` changes to `rows` rows in turn.
void fill(const Node& node, int count, int rows) {
  for (int i = 0; i < count; ++i) put(node, i % rows, i);
}

/// A journal whose checkpoints fail when they are told to.
class NoCheckpoints final : public JournalOver {
 public:
  Result<void> checkpoint(Lsn first_kept,
                          const std::function<Result<void>(const Visit&)>& write) override {
    if (failing) return Error{ErrorCode::unavailable, "no space left"};
    return JournalOver::checkpoint(first_kept, write);
  }
  bool failing = true;
};

/// A journal during whose checkpoints something else happens.
class BusyJournal final : public JournalOver {
 public:
  using JournalOver::JournalOver;
  Result<void> flush() override {
    ++flushes;
    return JournalOver::flush();
  }
  Result<void> checkpoint(Lsn first_kept,
                          const std::function<Result<void>(const Visit&)>& write) override {
    flushes_before = flushes;
    if (meanwhile) meanwhile();
    return JournalOver::checkpoint(first_kept, write);
  }
  int flushes = 0;
  int flushes_before = 0;
  std::function<void()> meanwhile;
};

}  // namespace

TEST_CASE("a trim drops what is superseded and keeps the rows") {
  const Node node(1);
  fill(node, 2 * leaf + 100, 50);
  put(node, 1000, 7);
  const LogStatistics before = node->statistics();
  const std::string rows = visible_state(*node);
  const TrimResult trimmed = node->trim(2 * leaf + 50).value();
  CHECK(trimmed.first_lsn == 2 * leaf + 1);
  CHECK(trimmed.kept_changes == 50);
  CHECK(trimmed.dropped_changes == 2 * leaf - 50);
  CHECK(visible_state(*node) == rows);
  const LogStatistics after = node->statistics();
  CHECK(after.changes == 101 + 50);
  CHECK(after.bytes == before.bytes - trimmed.dropped_bytes);
  CHECK(after.bytes < before.bytes / 20);
  CHECK(after.memory_bytes < before.memory_bytes);
  CHECK(after.oldest_lsn == 2 * leaf + 1);
  CHECK(node->log().first_lsn() == 2 * leaf + 1);
  CHECK(node->read({}).value().entries.front().lsn == 2 * leaf + 1);
  CHECK_FALSE(node->log().holds(1));
  CHECK(node->log().find({node->node(), 1}) == 0);
}

TEST_CASE("a trim of less than a leaf, or of nothing, does nothing") {
  const Node node(1);
  CHECK(node->trim(100).value().first_lsn == 1);
  fill(node, 100, 10);
  CHECK(node->trim(0).value().first_lsn == 1);
  CHECK(node->trim(90).value().dropped_changes == 0);
  CHECK(node->statistics().changes == 100);
  const Node kept(2, "lww", std::make_shared<MemoryJournal>());
  fill(kept, 100, 10);
  CHECK(kept->trim(40).value().first_lsn == 40);
  CHECK(kept->trim(40).value().dropped_changes == 0);
  CHECK(kept->trim(20).value().first_lsn == 40);
}

TEST_CASE("everything can be trimmed, and writing goes on") {
  const Node node(1);
  const Node twin(1);
  for (const Node* each : {&node, &twin}) fill(*each, leaf, 10);
  CHECK(node->trim(1'000'000).value().first_lsn == leaf + 1);
  CHECK(node->log().first_lsn() == node->log().last_lsn() + 1);
  CHECK(node->statistics().changes == 10);
  for (const Node* each : {&node, &twin}) {
    fill(*each, 300, 20);
    REQUIRE((*each)->erase("t", "3"));
  }
  CHECK(visible_state(*node) == visible_state(*twin));
  CHECK(log_state(*node, leaf + 200) == log_state(*twin, leaf + 200));
  for (Lsn lsn = leaf; lsn <= leaf + 301; ++lsn) {
    CHECK(node->log().running_hash(lsn) == twin->log().running_hash(lsn));
  }
}

TEST_CASE("who reads the log from before a trim still does") {
  const Node node(1);
  fill(node, leaf + 500, 50);
  const LogReader reader = node->log();
  const Row row = node->get("t", "7");
  const std::string before = log_state(*node, 1);
  REQUIRE(node->trim(leaf + 100));
  fill(node, leaf, 50);
  REQUIRE(node->trim(2 * leaf + 100));
  CHECK(reader.first_lsn() == 1);
  CHECK(reader.last_lsn() == leaf + 500);
  std::vector<LogEntry> entries(leaf + 500);
  CHECK(reader.read(1, entries) == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    REQUIRE(entries[i].change.dot.seq == i + 1);
    REQUIRE(entries[i].change.data == std::to_string(i));
  }
  CHECK(reader.find({node->node(), 17}) == 17);
  CHECK(reader.running_hash(100) != 0);
  CHECK(row.winner->row_id == "7");
}

TEST_CASE("the last change of a row from before the beginning stays as the before image") {
  const Node node(1, "lww", std::make_shared<MemoryJournal>());
  put(node, 1, 1);
  put(node, 1, 2);
  put(node, 1, 3);
  put(node, 1, 4);
  REQUIRE(node->trim(3));
  const LogReader reader = node->log();
  CHECK_FALSE(reader.holds(1));
  REQUIRE(reader.holds(reader.at(3).before_lsn));
  CHECK(reader.at(reader.at(3).before_lsn).change.data == "2");
  CHECK(node->history(reader, "t", "1", 10).size() == 3);
  REQUIRE(node->trim(4));
  CHECK_FALSE(node->log().holds(2));
  CHECK(node->history(node->log(), "t", "1", 10).size() == 2);
}

TEST_CASE("what concerns no row goes") {
  const Node node(1, "lww", std::make_shared<MemoryJournal>());
  Change nothing;
  nothing.dot = {node_named(7), 1};
  nothing.hlc = HybridTime::from_us(1'000'000);
  nothing.table = "t";
  nothing.row_id = "1";
  const std::string record = encode_record(nothing);
  CHECK(node->integrate(std::vector<std::string_view>{record}).rejected.empty());
  put(node, 1, 1);
  put(node, 1, 2);
  CHECK(node->trim(2).value().kept_changes == 0);
  CHECK_FALSE(node->log().holds(1));
  CHECK(node->integrate(std::vector<std::string_view>{record}).duplicates == 1);
}

TEST_CASE("a number without effect that is not stable stays, since others are still to get it") {
  const Node home(1, "lww", std::make_shared<MemoryJournal>());
  put(home, 1, 1);
  Change nothing;
  nothing.dot = {node_named(7), 1};
  nothing.hlc = HybridTime::from_us(1'000'000);
  const std::string record = encode_record(nothing);
  VectorClock stable;
  stable.set(home->node(), 1);
  REQUIRE(home->append_stable_marker(stable));
  REQUIRE(home->integrate(std::vector<std::string_view>{record}).rejected.empty());
  put(home, 2, 2);
  REQUIRE(home->trim(4));
  CHECK(home->log().holds(3));
  CHECK(home->snapshot().history.size() == 2);  // beside it the marker

  stable.set(node_named(7), 1);
  REQUIRE(home->append_stable_marker(stable));
  put(home, 1, 3);
  REQUIRE(home->trim(6));
  CHECK_FALSE(home->log().holds(3));
}

TEST_CASE("conflicts keep their reports over a trim, and so do those that come later") {
  for (const std::string policy : {"lww", "causal"}) {
    CAPTURE(policy);
    const Node trimmed(1, policy, std::make_shared<MemoryJournal>());
    const Node twin(1, policy);
    const Node other(2, policy);
    const auto on_both = [&](auto&& act) {
      act(trimmed);
      act(twin);
    };
    on_both([](const Node& node) {
      put(node, 1, 1);
      put(node, 2, 1);
      put(node, 2, 2);
    });
    deliver(twin, other);
    on_both([](const Node& node) { put(node, 1, 10); });
    REQUIRE(other->put("t", "1", Payload::json("20")));
    on_both([&](const Node& node) {
      deliver(other, node);
      put(node, 2, 3);
      put(node, 3, 1);
    });
    deliver(twin, other);
    REQUIRE(other->put("t", "2", Payload::json("30")));  // it has seen what is trimmed now
    CHECK(trimmed->trim(7).value().first_lsn == 7);
    CHECK(trimmed->log().holds(1));        // the row parted
    CHECK_FALSE(trimmed->log().holds(3));  // this one did not
    CHECK(visible_state(*trimmed) == visible_state(*twin));
    on_both([&](const Node& node) { put(node, 2, 4); });
    CHECK(trimmed->trim(8).value().first_lsn == 8);
    on_both([&](const Node& node) { deliver(other, node); });
    CHECK(visible_state(*trimmed) == visible_state(*twin));
    const auto reports = trimmed->conflicts().conflicts;
    REQUIRE(reports.size() == 2);
    CHECK(reports[1].base_data == "3");
    Settlement settlement;
    settlement.how = Settlement::How::pick_remote;
    settlement.note = "because";
    on_both([&](const Node& node) { CHECK(node->resolve(reports[0].id, settlement)); });
    CHECK(visible_state(*trimmed) == visible_state(*twin));
    CHECK(log_state(*trimmed, 9) == log_state(*twin, 9));
  }
}

TEST_CASE("what comes again after it was trimmed is a duplicate, and a straggler is superseded") {
  const Node early(1);
  const Node writer(2);
  const auto journal = std::make_shared<MemoryJournal>();
  const Node node(3, "lww", journal);
  put(early, 1, 1);
  deliver(early, writer);
  for (int value = 2; value < 6; ++value) put(writer, 1, value);
  // It gets what saw the first change, and only later that change itself.
  const Records all(*writer);
  IntegrateOptions gaps;
  gaps.allow_gaps = true;
  CHECK(node->integrate(std::span(all.views).subspan(1), gaps).applied == 4);
  REQUIRE(node->trim(4));
  CHECK_FALSE(node->log().holds(1));  // which saw it
  CHECK(node->integrate(std::span(all.views).subspan(1, 1)).duplicates == 1);
  CHECK(deliver(early, node).superseded == 1);
  CHECK(text_of(node->get("t", "1")) == "5");
  CHECK(node->conflicts().conflicts.empty());
  CHECK(node->log().at(5).verdict == Verdict::superseded);
  put(node, 2, 1);
  CHECK(node->trim(5).value().first_lsn == 5);
  CHECK(reopened_state(*journal) == whole_state(*node));
  CHECK(node->trim(6).value().first_lsn == 6);
  CHECK(reopened_state(*journal) == whole_state(*node));
  CHECK(text_of(node->get("t", "1")) == "5");
}

TEST_CASE("a snapshot of a trimmed replica has all that it holds") {
  const Node giver(1, "lww", std::make_shared<MemoryJournal>());
  const Node other(2);
  fill(giver, 30, 5);
  deliver(giver, other);
  put(giver, 1, 100);
  REQUIRE(other->put("t", "1", Payload::json("200")));
  deliver(other, giver);
  put(giver, 2, 300);
  REQUIRE(giver->trim(33));
  const Node fresh(3);
  REQUIRE(fresh->merge(giver->snapshot()));
  CHECK(fresh->visible_checksum() == giver->visible_checksum());
  CHECK(fresh->summary() == giver->summary());
  const auto given = giver->conflicts().conflicts;
  const auto taken = fresh->conflicts().conflicts;
  REQUIRE(given.size() == 1);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].id == given[0].id);
  CHECK(taken[0].base_data == given[0].base_data);
  CHECK(fresh->statistics().changes == giver->statistics().changes);
  // And one that was trimmed takes a snapshot itself.
  put(fresh, 3, 400);
  REQUIRE(giver->merge(fresh->snapshot()));
  CHECK(fresh->visible_checksum() == giver->visible_checksum());
}

TEST_CASE("a trim that the journal does not take changes nothing") {
  const auto journal = std::make_shared<NoCheckpoints>();
  const Node node(1, "lww", journal);
  const Node other(2);
  fill(node, 20, 5);
  const std::string before = whole_state(*node);
  CHECK(node->trim(15).error().code == ErrorCode::unavailable);
  CHECK(whole_state(*node) == before);
  REQUIRE(other->put("t", "1", Payload::json("1")));  // a straggler that parts from the very first
  deliver(other, node);
  CHECK(node->conflicts().conflicts.at(0).parted_local.dot.seq == 2);
  journal->failing = false;
  CHECK(node->trim(15).value().first_lsn == 15);
  CHECK(node->log().holds(2));
}

TEST_CASE("a straggler that comes while the checkpoint is written finds what stays") {
  const auto memory = std::make_shared<MemoryJournal>();
  const auto journal = std::make_shared<BusyJournal>(memory);
  const Node node(1, "lww", journal);
  const Node other(2);
  fill(node, 30, 3);
  REQUIRE(other->put("t", "1", Payload::json("\"late\"")));  // parts from what is trimmed
  journal->meanwhile = [&] { deliver(other, node); };
  CHECK(node->trim(25).value().first_lsn == 25);
  CHECK(journal->flushes_before == 2);  // the checkpoint speaks of what must not be lost
  const auto reports = node->conflicts().conflicts;
  REQUIRE(reports.size() == 1);
  CHECK(node->log().holds(reports[0].local_lsn));
  CHECK(reopened_state(*memory) == whole_state(*node));
}

TEST_CASE("a decision that comes while the checkpoint is written refers to nothing that goes") {
  const auto memory = std::make_shared<MemoryJournal>();
  const auto journal = std::make_shared<BusyJournal>(memory);
  const Node node(1, "lww", journal);
  const Node other(2);
  fill(node, 30, 3);
  deliver(node, other);
  const Dot dropped{node->node(), 2};
  const Metadata metadata{{"rebased", to_string(Dot{node_named(9), 1}) + " " + to_string(dropped)}};
  REQUIRE(other->put("t", "1", Payload::json("\"anew\""), {{}, &metadata}));
  journal->meanwhile = [&] { deliver(other, node); };
  CHECK(node->trim(25).value().first_lsn == 25);
  CHECK_FALSE(node->log().holds(2));
  const auto reports = node->conflicts().conflicts;
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].local.dot == dropped);
  CHECK(reports[0].local_lsn == 0);  // known by its name only
  CHECK(reports[0].remote_lsn == 31);
  CHECK(reopened_state(*memory) == whole_state(*node));
}

TEST_CASE("writers, readers and trims go beside one another") {
  const Node node(1, "lww", std::make_shared<MemoryJournal>());
  fill(node, leaf, 500);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 20'000; ++i) put(node, i % 700, i);
    done = true;
  });
  std::thread reader([&] {
    while (!done) {
      const ReadPage page = node->read({}).value();
      Lsn last = page.entries.empty() ? 0 : page.entries.front().lsn - 1;
      for (const LogEntry& entry : page.entries) {
        if (entry.lsn != ++last || entry.change.dot.seq != entry.lsn) FAIL("a hole");
      }
      const Row row = node->get("t", "7");
      if (row.winner->row_id != "7") FAIL("another row");
      ScanOptions options;
      options.limit = 100;
      if (node->scan("t", options).rows.size() != 100) FAIL("rows are gone");
    }
  });
  while (!done) {
    const Lsn last = node->log().last_lsn();
    CHECK(node->trim(last - 100));
  }
  writer.join();
  reader.join();
  const Node twin(1);
  fill(twin, leaf, 500);
  for (int i = 0; i < 20'000; ++i) put(twin, i % 700, i);
  CHECK(visible_state(*node) == visible_state(*twin));
}
