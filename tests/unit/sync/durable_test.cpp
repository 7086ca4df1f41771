#include "sync/durable.hpp"

#include <doctest/doctest.h>

#include "support/journal_over.hpp"
#include "support/results.hpp"

namespace syncline {
namespace {

/// A journal that says itself how much of it would survive.
class SlowJournal final : public test::JournalOver {
 public:
  Lsn durable_lsn() const noexcept override { return durable; }
  Lsn durable = 0;
};

}  // namespace

TEST_CASE("what a crash could take back does not leave") {
  const auto journal = std::make_shared<SlowJournal>();
  Replica::Options options;
  options.journal = journal;
  const auto replica = Replica::open(options);
  REQUIRE(replica);
  for (const char* row : {"1", "2", "3", "4"}) {
    REQUIRE((*replica)->put("t", row, Payload::json("1")));
  }
  const NodeId self = (*replica)->node();
  CHECK(durable_summary(**replica).empty());
  CHECK(read_durable(**replica, {})->entries.empty());

  journal->durable = 3;
  CHECK(durable_summary(**replica).get(self) == 3);
  auto page = read_durable(**replica, {});
  REQUIRE(page);
  CHECK(page->entries.size() == 3);
  CHECK(page->examined == 3);
  CHECK_FALSE(page->has_more);
  ReadOptions two;
  two.limit = 2;
  page = read_durable(**replica, two);
  CHECK(page->examined == 2);
  CHECK(page->has_more);
  two.after = 4;
  CHECK(read_durable(**replica, two)->examined == 4);

  journal->durable = 4;
  CHECK(durable_summary(**replica) == (*replica)->summary());
  CHECK(read_durable(**replica, {})->entries.size() == 4);
}

TEST_CASE("a clock goes out with the hashes of what is held whole") {
  const auto replica = Replica::open({});
  REQUIRE(replica);
  REQUIRE((*replica)->put("t", "1", Payload::json("1")));
  VectorClock clock = (*replica)->summary();
  const NodeId elsewhere = *NodeId::parse("aaaaaaaa-0000-4000-8000-000000000001");
  clock.set(elsewhere, 5);
  const WireClock wire = wire_clock(**replica, clock);
  CHECK(wire.entries.at((*replica)->node()).chain.has_value());
  CHECK_FALSE(wire.entries.at(elsewhere).chain.has_value());
  CHECK(wire.clock() == clock);
}

}  // namespace syncline
