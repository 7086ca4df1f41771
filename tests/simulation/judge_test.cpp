// Can the judge go red? It is shown replicas with something wrong, and has to name that.
#include "judge.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "graph.hpp"
#include "oracle.hpp"
#include "support/results.hpp"
#include "syncline/clock.hpp"
#include "syncline/journal.hpp"
#include "syncline/random.hpp"
#include "syncline/record.hpp"

namespace syncline::sim {
namespace {

constexpr std::uint64_t start_us = 1'700'000'000'000'000;

NodeId node_number(std::uint8_t number) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes.back() = number;
  return NodeId(bytes);
}

/// Replicas on journals that can be tampered with, and a judge who looks on.
class Court {
 public:
  struct Place {
    std::size_t site = 0;
    std::shared_ptr<MemoryJournal> journal = std::make_shared<MemoryJournal>();
    std::unique_ptr<Replica> replica;
  };

  explicit Court(std::size_t places, std::string policy = "lww") : policy_(std::move(policy)) {
    for (std::size_t i = 0; i < places; ++i) {
      Judge::SiteOptions options;
      options.name = "site " + std::to_string(i);
      options.serves = i == 0;
      options.server = i == 0;
      places_.emplace_back().site = judge.add_site(options);
      start(i);
    }
  }
  ~Court() {
    for (Place& place : places_) place.replica.reset();
  }
  Court(const Court&) = delete;
  Court& operator=(const Court&) = delete;

  Replica& at(std::size_t i) { return *places_[i].replica; }
  void start(std::size_t i) {
    Replica::Options options;
    options.node = node_number(static_cast<std::uint8_t>(i + 1));
    options.clock = &clock;
    options.random = &random;
    options.journal = places_[i].journal;
    options.policies.default_policy = policy_;
    auto opened = Replica::open(std::move(options));
    REQUIRE(opened);
    places_[i].replica = std::move(*opened);
    judge.attach(places_[i].site, at(i));
  }
  void end(std::size_t i, Departure how) {
    judge.detach(places_[i].site, how);
    places_[i].replica.reset();
  }
  std::shared_ptr<MemoryJournal>& journal(std::size_t i) { return places_[i].journal; }

  Dot put(std::size_t i, const std::string& row, const std::string& data) {
    clock.advance_us(1'000);
    const auto written = at(i).put("t", row, Payload::raw(data));
    REQUIRE(written);
    judge.wrote(places_[i].site, written->dot);
    return written->dot;
  }
  void deliver(std::size_t from, std::size_t to) {
    clock.advance_us(1'000);
    const LogReader log = at(from).log();
    std::vector<std::string_view> records;
    for (Lsn lsn = 1; lsn <= log.last_lsn(); ++lsn) records.push_back(text_of(log.at(lsn).change));
    CHECK(at(to).integrate(records).rejected.empty());
    judge.observe(places_[to].site);
  }
  /// Hands over a record that nobody wrote.
  void forge(std::size_t to, const Change& change) {
    const std::string record = encode_record(change);
    const std::string_view records[] = {record};
    CHECK(at(to).integrate(records).rejected.empty());
    judge.observe(places_[to].site);
  }
  /// Lets the replica start with a record in its journal that it never wrote.
  void forge_own(std::size_t i, const Change& change) {
    end(i, Departure::stopped);
    const std::string record = encode_record(change);
    JournalEntry entry;
    entry.lsn = change.dot.seq;
    entry.received_at_us = clock.now_us();
    entry.bytes = {reinterpret_cast<const std::uint8_t*>(record.data()), record.size()};
    REQUIRE(journal(i)->append(std::span(&entry, 1)));
    start(i);
  }
  /// Its journal loses all changes behind the one at `last`.
  void cut_journal(std::size_t i, Lsn last) {
    auto shorter = std::make_shared<MemoryJournal>();
    REQUIRE(journal(i)->copy()->replay([&](const JournalEntry& entry) -> Result<void> {
      if (entry.kind == JournalEntryKind::change && entry.lsn > last) return {};
      if (auto taken = shorter->append(std::span(&entry, 1)); !taken) return taken.error();
      return {};
    }));
    journal(i) = shorter;
  }

  Change own_change(std::size_t i, Sequence seq, const std::string& row, const std::string& data) {
    Change change;
    change.dot = {at(i).node(), seq};
    change.hlc = HybridTime::from_us(clock.now_us() + 10'000);
    change.operation = Operation::insert;
    change.table = "t";
    change.row_id = row;
    change.format = PayloadFormat::bytes;
    change.data = data;
    return change;
  }

  std::string verdict() const {
    return judge.violation() ? judge.violation()->invariant : std::string("nothing");
  }

  ManualClock clock{start_us};
  SeededRandom random{7};
  Judge judge{Judge::Options{}};

 private:
  static std::string_view text_of(const ChangeView& change) {
    return {reinterpret_cast<const char*>(change.record.data()), change.record.size()};
  }

  std::string policy_;
  std::vector<Place> places_;
};

}  // namespace

TEST_CASE("judge: finds nothing where nothing is wrong") {
  for (const std::string policy : {"lww", "causal"}) {
    Court court(2, policy);
    court.put(0, "a", "1");
    court.put(1, "a", "2");
    court.deliver(0, 1);
    court.deliver(1, 0);
    court.end(0, Departure::stopped);
    court.start(0);
    court.deliver(1, 0);
    court.judge.at_rest();
    CHECK(court.verdict() == "nothing");
  }
}

TEST_CASE(
    "judge: a change that nobody wrote, and one with another content than its writer gave it") {
  Court court(2);
  Change change = court.own_change(0, 1, "a", "x");
  SUBCASE("of an unknown origin") {
    change.dot.origin = node_number(99);
    court.forge(1, change);
    CHECK(court.verdict() == "only_what_was_written");
  }
  SUBCASE("under a dot that has another content") {
    court.put(0, "a", "1");
    court.forge(1, change);
    CHECK(court.verdict() == "one_dot_one_content");
  }
}

TEST_CASE("judge: a context that tells too little") {
  Court court(1);
  court.put(0, "a", "1");
  court.forge_own(0, court.own_change(0, 2, "a", "x"));
  CHECK(court.verdict() == "contexts_tell_what_was_seen");
}

TEST_CASE("judge: a context that tells too much") {
  Court court(2);
  court.put(1, "a", "1");
  Change change = court.own_change(0, 1, "a", "x");
  change.context.set(node_number(2), 1);
  court.forge_own(0, change);
  CHECK(court.verdict() == "contexts_tell_what_was_seen");
}

TEST_CASE("judge: a change that is dated before what it saw") {
  Court court(1);
  const Dot first = court.put(0, "a", "1");
  Change change = court.own_change(0, 2, "a", "x");
  change.context.set(first.origin, first.seq);
  change.operation = Operation::update;
  change.hlc = HybridTime::from_us(start_us);
  court.forge_own(0, change);
  CHECK(court.verdict() == "time_grows_along_causality");
}

TEST_CASE("judge: a summary that covers what is not held") {
  Court court(2);
  court.put(0, "a", "1");
  REQUIRE(court.at(1).cover(court.at(0).summary()));
  court.judge.observe(1);
  CHECK(court.verdict() == "no_holes_below_a_summary");
}

TEST_CASE("judge: a server that takes what is dated too far ahead") {
  Court court(2);
  court.clock.advance_us(600'000'000);
  court.put(1, "a", "1");
  court.clock.set_us(start_us);
  const LogReader log = court.at(1).log();
  const ChangeView change = log.at(1).change;
  const std::string_view records[] = {
      {reinterpret_cast<const char*>(change.record.data()), change.record.size()}};
  CHECK(court.at(0).integrate(records).rejected.empty());  // as if it had been pulled
  court.judge.observe(0);
  CHECK(court.verdict() == "times_are_bounded_at_the_server");
}

TEST_CASE("judge: writes that are lost") {
  Court court(2);
  SUBCASE("acknowledged and not in the log") {
    court.judge.wrote(0, Dot{court.at(0).node(), 5});
    CHECK(court.verdict() == "nothing_acknowledged_is_lost");
  }
  SUBCASE("after a crash") {
    court.put(0, "a", "1");
    court.end(0, Departure::crashed);
    court.cut_journal(0, 0);
    court.start(0);
    CHECK(court.verdict() == "nothing_acknowledged_is_lost");
  }
  SUBCASE("not after a crash that took the disk") {
    court.put(0, "a", "1");
    court.end(0, Departure::wiped);
    court.cut_journal(0, 0);
    court.start(0);
    court.judge.at_rest();
    CHECK(court.verdict() == "nothing");
  }
  SUBCASE("half of a transaction") {
    court.clock.advance_us(1'000);
    std::vector<Write> writes(2);
    writes[0] = {WriteKind::put, "t", "a", Payload::raw("1"), {}};
    writes[1] = {WriteKind::put, "t", "b", Payload::raw("2"), {}};
    const auto written = court.at(0).transaction(writes);
    REQUIRE(written);
    court.judge.observe(0);
    court.end(0, Departure::crashed);
    court.cut_journal(0, 1);
    court.start(0);
    CHECK(court.verdict() == "transactions_are_whole");
  }
}

TEST_CASE("judge: replicas that do not agree in the end") {
  Court court(2);
  SUBCASE("one lacks a change") {
    court.put(0, "a", "1");
    court.judge.at_rest();
    CHECK(court.verdict() == "all_agree_in_the_end");
  }
  SUBCASE("one has another policy") {
    PolicySettings causal;
    causal.default_policy = "causal";
    court.at(1).set_policies(causal, 2);
    court.judge.at_rest();
    CHECK(court.verdict() == "all_agree_in_the_end");
  }
  SUBCASE("a replica wrote by itself") {
    REQUIRE(court.at(0).put("t", "a", Payload::raw("1")));
    court.deliver(0, 1);
    court.judge.at_rest();
    CHECK(court.verdict() == "replicas_write_nothing_by_themselves");
  }
}

TEST_CASE(
    "judge: a change is on the list of what was taken back, and was not told to be, and back") {
  Court court(1);
  const Dot dot = court.put(0, "a", "1");
  SUBCASE("told, but not void") {
    SyncReport report;
    report.taken_back.push_back(court.own_change(0, dot.seq, "a", "1"));
    court.judge.told(0, 0, report);
    CHECK(court.verdict() == "each_pushed_change_has_one_verdict");
  }
  SUBCASE("void, listed, and discarded by nobody who is known") {
    Rejection rejection;
    rejection.dot = dot;
    rejection.error = Error{ErrorCode::too_large, "too large"};
    REQUIRE(court.at(0).void_private(std::span(&rejection, 1)));
    court.judge.observe(0);
    CHECK(court.verdict() == "nothing");
    REQUIRE(court.at(0).discard_rejected(dot));
    court.judge.at_rest();
    CHECK(court.verdict() == "each_pushed_change_has_one_verdict");
  }
}

TEST_CASE("judge: more bytes than the plan allows") {
  Court court(1);
  court.put(0, "a", "1");
  court.judge.limit(0, 1);  // what is held already may stay
  court.judge.observe(0);
  CHECK(court.verdict() == "nothing");
  court.put(0, "b", "2");
  court.judge.observe(0);
  CHECK(court.verdict() == "memory_stays_within_its_budget");
}

TEST_CASE("judge: every violation has a name from the table") {
  for (const Invariant& invariant : invariants()) {
    CHECK_FALSE(invariant.meaning.empty());
    CHECK_FALSE(invariant.checked.empty());
  }
}

TEST_CASE("oracle: heads, conflicts and their statuses by hand") {
  Graph graph("default");
  Oracle oracle(graph);
  std::vector<std::string> records;
  const auto make = [&](std::uint8_t origin, Sequence seq, std::uint64_t us,
                        const std::string& data, const Bits& saw) {
    Change change;
    change.dot = {node_number(origin), seq};
    change.hlc = HybridTime::from_us(us);
    change.operation = Operation::update;
    change.table = "t";
    change.row_id = "a";
    change.format = PayloadFormat::bytes;
    change.data = data;
    records.push_back(encode_record(change));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(records.back().data());
    const ChangeView view = view_trusted_record(bytes);
    return graph.at(graph.add(view, chain_hash(0, view), saw)).place;
  };
  const auto set_of = [](std::initializer_list<std::uint32_t> places) {
    Bits bits;
    for (const std::uint32_t place : places) bits.set(place);
    return bits;
  };
  const std::uint32_t base = make(1, 1, 10, "base", {});
  const std::uint32_t left = make(1, 2, 20, "left", set_of({base}));
  const std::uint32_t right = make(2, 1, 30, "right", set_of({base}));
  const std::uint32_t onward = make(2, 2, 40, "onward", set_of({base, right}));
  const std::uint32_t row = graph.row_of("t", "a");

  const Bits parted = set_of({base, left, right, onward});
  SUBCASE("the point of parting is one, however long the sides are") {
    const ExpectedRow& open = oracle.expected(row, parted, false);
    CHECK(open.heads == std::vector<std::uint32_t>{onward, left});
    REQUIRE(open.conflicts.size() == 1);
    CHECK(open.conflicts[0].status == ConflictStatus::open);
    CHECK(open.conflicts[0].pair->x == left);
    CHECK(open.conflicts[0].pair->y == right);
    CHECK(open.conflicts[0].tip_y == onward);
    const ExpectedRow& settled = oracle.expected(row, parted, true);
    CHECK(settled.conflicts[0].status == ConflictStatus::resolved);
    CHECK(settled.conflicts[0].winner == onward);
  }
  SUBCASE("what saw both settles it, and says who won by its bytes") {
    const std::uint32_t merged = make(1, 3, 50, "left", set_of({base, left, right, onward}));
    Bits all = parted;
    all.set(merged);
    const ExpectedRow& expected = oracle.expected(row, all, false);
    CHECK(expected.heads == std::vector<std::uint32_t>{merged});
    REQUIRE(expected.conflicts.size() == 1);
    CHECK(expected.conflicts[0].status == ConflictStatus::resolved);
    CHECK(expected.conflicts[0].resolution == merged);
    CHECK(expected.conflicts[0].winner == left);
    CHECK(oracle.verdict(row, merged, set_of({onward, left})) == Verdict::applied);
    CHECK(oracle.verdict(row, left, set_of({onward})) == Verdict::conflict);
    CHECK(oracle.verdict(row, left, set_of({merged})) == Verdict::superseded);
  }
  SUBCASE("a revoked change counts for nothing") {
    graph.revoke(graph.row(row).nodes[left], no_node);
    CHECK(oracle.expected(row, parted, false).conflicts.empty());
    graph.revive(graph.row(row).nodes[left]);
    CHECK(oracle.expected(row, parted, false).conflicts.size() == 1);
  }
}

}  // namespace syncline::sim
