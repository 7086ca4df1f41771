#include <random>

#include "unit/changelog/replica/replica_fixture.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

void put(const Node& node, int row, int value) {
  REQUIRE(node->put("t", std::to_string(row), Payload::json(std::to_string(value))));
}

/// A journal with the entries of another one that `wanted` lets through.
template <typename Wanted>
std::shared_ptr<MemoryJournal> part_of(MemoryJournal& journal, Wanted wanted) {
  auto part = std::make_shared<MemoryJournal>();
  REQUIRE(journal.replay([&](const JournalEntry& entry) -> Result<void> {
    if (!wanted(entry)) return {};
    return part->append(std::span(&entry, 1)) ? Result<void>() : Error{ErrorCode::internal, ""};
  }));
  return part;
}

Error opening_error(std::shared_ptr<Journal> journal) {
  Replica::Options options;
  options.journal = std::move(journal);
  return Replica::open(std::move(options)).error();
}

}  // namespace

TEST_CASE("a trimmed replica comes back from its journal as it was, again and again") {
  const auto journal = std::make_shared<MemoryJournal>();
  std::string state;
  {
    const Node node(1, "lww", journal);
    const Node other(2);
    for (int i = 0; i < 300; ++i) put(node, i % 7, i);
    deliver(node, other);
    put(node, 1, 1000);
    REQUIRE(other->put("t", "1", Payload::json("2000")));
    deliver(other, node);
    REQUIRE(node->cover({{node_named(5), 7}}));
    REQUIRE(node->set_property("cursor", "early"));
    for (int i = 0; i < 100; ++i) put(node, i % 9, i);
    REQUIRE(node->erase("t", "8"));
    REQUIRE(node->set_property("gone", "soon"));
    REQUIRE(node->trim(350));
    REQUIRE(node->set_property("cursor", "late"));
    REQUIRE(node->set_property("gone", std::nullopt));
    put(node, 3, 3000);
    state = whole_state(*node);
  }
  CHECK(reopened_state(*journal) == state);
  const std::size_t entries = journal->size();
  CHECK(entries < 150);
  {
    const Node node(1, "lww", journal);
    CHECK(node->put("t", "1", Payload::json("5")).value().dot.seq == 404);
    put(node, 20, 1);
    CHECK(reopened_state(*journal) == whole_state(*node));
    CHECK(node->trim(380).value().first_lsn == 380);
    CHECK(reopened_state(*journal) == whole_state(*node));
    put(node, 2, 6);
    state = whole_state(*node);
  }
  CHECK(reopened_state(*journal) == state);
  CHECK(journal->size() < entries);
}

TEST_CASE("a checkpoint behind which the journal ends too early is damaged") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node node(1, "lww", journal);
  for (int i = 0; i < 20; ++i) put(node, i % 3, i);
  REQUIRE(node->trim(10));
  using Kind = JournalEntryKind;
  const auto without = [&](auto unwanted) {
    return opening_error(
        part_of(*journal, [&](const JournalEntry& entry) { return !unwanted(entry); }));
  };
  const Error cut = without([](const JournalEntry& entry) { return entry.lsn == 20; });
  CHECK(cut.code == ErrorCode::internal);
  CHECK(cut.detail.find("up to 20") != std::string::npos);
  CHECK(without([](const JournalEntry& entry) { return entry.lsn == 12; }).code ==
        ErrorCode::internal);
  CHECK(without([](const JournalEntry& entry) { return entry.kind == Kind::log_state; }).code ==
        ErrorCode::internal);
  CHECK(without([](const JournalEntry& entry) { return entry.kind == Kind::filings; }).code ==
        ErrorCode::internal);
  CHECK(without([](const JournalEntry& entry) { return entry.kind == Kind::identity; }).code ==
        ErrorCode::internal);
}

TEST_CASE("new ids taken before and after a trim are those that come back") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node node(1, "lww", journal);
  const NodeId before = node->node();
  for (int i = 0; i < 10; ++i) put(node, i % 3, i);
  REQUIRE(node->reidentify());
  for (int i = 0; i < 10; ++i) put(node, i % 3, i);
  const NodeId between = node->node();
  REQUIRE(node->trim(5));  // the journal goes on having the change of ids
  CHECK(reopened_state(*journal) == whole_state(*node));
  REQUIRE(node->trim(15));
  CHECK(reopened_state(*journal) == whole_state(*node));
  REQUIRE(node->reidentify());
  put(node, 1, 1);
  CHECK(reopened_state(*journal) == whole_state(*node));
  CHECK(node->summary().get(before) == 10);
  CHECK(node->summary().get(between) == 10);
  CHECK(node->summary().get(node->node()) == 1);
}

TEST_CASE("what a merge inherits survives a restart") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node other(2, "lww", std::make_shared<MemoryJournal>());
  Node node(1, "lww", journal);
  put(node, 1, 1);
  REQUIRE(other->put("t", "1", Payload::json("2")));
  exchange(node, other);
  REQUIRE(node->set_property("cursor", "c"));
  node.clock.advance_us(50'000'123);
  // The other one drops what was replaced, so the merged log does not tell the chain.
  for (int i = 0; i < 100; ++i) put(node, 2, i);
  deliver(node, other);
  REQUIRE(other->trim(101));
  node.clock.advance_us(50'000'123);
  REQUIRE(node->merge(other->snapshot()));
  CHECK(node->statistics().changes < 10);
  CHECK(node->conflicts().conflicts.at(0).detected_at_us < 1'000'000'010'000'000);
  CHECK(node->origin(node->node()).whole);
  const std::string merged = visible_state(*node) + log_state(*node, 1);
  {
    const Node again(1, "lww", journal->copy());
    CHECK(visible_state(*again) + log_state(*again, 1) == merged);
    CHECK(again->property("cursor") == "c");
    CHECK(again->put("t", "5", Payload::json("5")).value().dot.seq == 102);
    CHECK(again->origin(again->node()).whole);
  }
  put(node, 4, 4);
  const Node again(1, "lww", journal);
  CHECK(visible_state(*again) + log_state(*again, 1) == visible_state(*node) + log_state(*node, 1));
}

TEST_CASE("a merge keeps what a trimmed replica alone holds") {
  const Node node(1, "lww", std::make_shared<MemoryJournal>());
  const Node other(2);
  put(node, 1, 1);
  for (int i = 0; i < 10; ++i) put(node, 2, i);
  REQUIRE(node->trim(8));
  REQUIRE(other->put("t", "3", Payload::json("3")));
  REQUIRE(node->merge(other->snapshot()));
  CHECK(text_of(node->get("t", "1")) == "1");
  CHECK(text_of(node->get("t", "2")) == "9");
  CHECK(text_of(node->get("t", "3")) == "3");
}

TEST_CASE("conflicts that were only counted survive a trim and a restart") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node node(1, "lww", journal);
  for (std::uint8_t number = 2; number < 50; ++number) {
    const Node other(number);
    REQUIRE(other->put("t", "1", Payload::json(std::to_string(number))));
    deliver(other, node);
  }
  const std::uint64_t counted = node->conflict_statistics().not_kept;
  CHECK(counted == 48 * 47 / 2 - limits::max_conflicts_per_row);
  for (int i = 0; i < 10; ++i) put(node, 2, i);
  REQUIRE(node->trim(55));
  CHECK(node->conflict_statistics().not_kept == counted);
  CHECK(reopened_state(*journal) == whole_state(*node));
}

TEST_CASE("what a rebase decided is still told after a trim and a restart") {
  for (const bool clone_wins : {false, true}) {
    CAPTURE(clone_wins);
    const auto journal = std::make_shared<MemoryJournal>();
    Node original(1, "lww", journal);
    const Node hub(9);
    put(original, 1, 1);
    const auto copied = journal->copy();
    Node clone(1, "lww", copied);
    (clone_wins ? clone : original).clock.advance_us(1'000'000);
    put(clone, 1, 2);
    put(original, 1, 3);
    deliver(original, hub);
    const RebaseResult rebased = clone->rebase(hub->snapshot()).value();
    CHECK(rebased.rewritten == (clone_wins ? 1 : 0));
    CHECK(rebased.voided == (clone_wins ? 0 : 1));
    for (int i = 0; i < 20; ++i) put(clone, 5, i);
    CHECK(reopened_state(*copied) == whole_state(*clone));
    const auto before = clone->conflicts().conflicts;
    REQUIRE(before.size() == 1);
    CHECK(clone->trim(15).value().first_lsn == 15);
    const auto after = clone->conflicts().conflicts;
    REQUIRE(after.size() == 1);
    CHECK(text_of(after[0]) == text_of(before[0]));
    CHECK(reopened_state(*copied) == whole_state(*clone));
  }
}

TEST_CASE("a journal of nothing but a merge's checkpoint is an empty replica") {
  const auto journal = std::make_shared<MemoryJournal>();
  const Node other(2);
  {
    const Node node(1, "lww", journal);
    REQUIRE(node->cover({{other->node(), 1}}));
    REQUIRE(node->merge(other->snapshot()));
    REQUIRE(node->cover({{other->node(), 3}}));
  }
  const Node again(1, "lww", journal);
  CHECK(again->summary().get(other->node()) == 3);
  put(again, 1, 1);
  CHECK(reopened_state(*journal) == whole_state(*again));
}

namespace {

/// One replica that is trimmed and restarted, a twin that is not, and two that write elsewhere.
class History {
 public:
  explicit History(unsigned seed)
      : engine_(seed),
        policy_(seed % 2 == 0 ? "lww" : "causal"),
        trimmed_(std::make_unique<Node>(std::uint8_t{1}, policy_, journal_)),
        twin_(std::uint8_t{1}, policy_),
        second_(std::uint8_t{2}, policy_),
        third_(std::uint8_t{3}, policy_) {}

  /// `stable_only`: trims only what all others had seen before they went on writing.
  void run(bool stable_only) {
    for (int i = 0; i < 250; ++i) {
      step(stable_only);
      if (i % 10 != 0) continue;
      REQUIRE(reopened_state(*journal_, policy_) == whole_state(**trimmed_));
      if (stable_only) compare();
    }
  }

 private:
  unsigned pick(unsigned count) { return static_cast<unsigned>(engine_() % count); }

  void compare() {
    const Lsn first = (*trimmed_)->log().first_lsn();
    REQUIRE(visible_state(**trimmed_) == visible_state(*twin_));
    for (Lsn lsn = first; lsn <= twin_->log().last_lsn(); ++lsn) {
      const LogEntry here = (*trimmed_)->log().at(lsn);
      const LogEntry there = twin_->log().at(lsn);
      REQUIRE(here.change.dot == there.change.dot);
      REQUIRE(here.verdict == there.verdict);
      REQUIRE(here.before_lsn == there.before_lsn);
      REQUIRE((*trimmed_)->log().running_hash(lsn) == twin_->log().running_hash(lsn));
      REQUIRE((*trimmed_)->log().clock_at(lsn - 1) == twin_->log().clock_at(lsn - 1));
      const VectorClock clock = twin_->log().clock_at(pick(static_cast<unsigned>(lsn)));
      const Lsn lacking = twin_->first_lsn_not_covered(clock);
      const Lsn found = (*trimmed_)->first_lsn_not_covered(clock);
      REQUIRE((lacking >= first ? found == lacking : found >= 1 && found < first));
    }
  }

  void step(bool stable_only) {
    advance();
    switch (pick(10)) {
      case 0:
        take(second_);
        break;
      case 1:
        take(third_);
        break;
      case 2:
        deliver(twin_, pick(2) == 0 ? second_ : third_);
        break;
      case 3:
        return trim(stable_only);
      case 4:
        if (pick(3) == 0) restart();
        break;
      case 5:
        if (stable_only && pick(2) == 0) settle();
        break;
      case 6:
        write(pick(2) == 0 ? second_ : third_);
        break;
      default:
        write_first();
    }
  }

  void advance() {
    const std::uint64_t by = pick(3000);
    for (Node* node : {trimmed_.get(), &twin_}) node->clock.advance_us(by);
    if (pick(20) == 0) {  // a clock that jumps back
      for (Node* node : {trimmed_.get(), &twin_}) {
        node->clock.set_us(node->clock.now_us() - 20'000);
      }
    }
    second_.clock.advance_us(pick(3000));
    third_.clock.advance_us(pick(3000));
  }

  void take(const Node& from) {
    deliver(from, *trimmed_);
    deliver(from, twin_);
  }

  void write(const Node& node) { write_to({&node}); }
  void write_first() { write_to({trimmed_.get(), &twin_}); }
  void write_to(std::initializer_list<const Node*> nodes) {
    const std::string table = pick(2) == 0 ? "s" : "t";
    const std::string row = std::to_string(pick(8));
    const bool erases = pick(6) == 0;
    const std::string value = std::to_string(pick(40));
    for (const Node* node : nodes) {
      const RowToken token = (*node)->token(table, row);
      WriteOptions options;
      options.if_match = token;
      if (!erases) {
        CHECK((*node)->put(table, row, Payload::json(value), options));
      } else if ((*node)->get(table, row).exists()) {
        CHECK((*node)->erase(table, row, options));
      }
    }
  }

  void settle() {
    ConflictQuery query;
    query.status = ConflictStatus::open;
    const auto open = twin_->conflicts(query).conflicts;
    if (open.empty()) return;
    Settlement settlement;
    settlement.how = pick(2) == 0 ? Settlement::How::pick_local : Settlement::How::pick_remote;
    for (const Node* node : {trimmed_.get(), &twin_})
      CHECK((*node)->resolve(open[0].id, settlement));
  }

  void trim(bool stable_only) {
    if (pick(2) == 0) {  // all have everything: what is there is stable from now on
      take(second_);
      take(third_);
      deliver(twin_, second_);
      deliver(twin_, third_);
      stable_ = twin_->log().last_lsn();
    }
    const Lsn last = stable_only ? stable_ : twin_->log().last_lsn();
    if (last == 0) return;
    const Lsn before = 1 + pick(static_cast<unsigned>(last));
    CHECK((*trimmed_)->trim(before));
    CHECK((*trimmed_)->log().first_lsn() >= before);
  }

  void restart() {
    const std::uint64_t now = trimmed_->clock.now_us();
    trimmed_.reset();
    trimmed_ = std::make_unique<Node>(std::uint8_t{1}, policy_, journal_);
    trimmed_->clock.set_us(now);
  }

  std::mt19937 engine_;
  std::string policy_;
  std::shared_ptr<MemoryJournal> journal_ = std::make_shared<MemoryJournal>();
  std::unique_ptr<Node> trimmed_;
  Node twin_;
  Node second_;
  Node third_;
  Lsn stable_ = 0;
};

}  // namespace

TEST_CASE("after trims and restarts a replica goes on as its twin that knows of none") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    History(seed).run(true);
  }
}

TEST_CASE("whatever is trimmed, a restart changes nothing") {
  for (unsigned seed = 100; seed < 140; ++seed) {
    CAPTURE(seed);
    History(seed).run(false);
  }
}
