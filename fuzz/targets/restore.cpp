// Opening a replica from a journal. The input is a sequence of entries, each with a byte for its
// kind, two for its LSN's distance from the last, two for a length, and its bytes: what a journal
// gives back whose checksums are right.
#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/record.hpp"
#include "syncline/replica.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

constexpr std::uint64_t now_us = 1'700'000'000'000'000;

// Whatever it was opened from, a replica's log and rows can be read. (What a checkpoint says of
// origins and filings, nobody can tell from other truths.)
void check_replica(const Replica& replica) {
  const LogReader reader = replica.log();
  for (Lsn lsn = reader.first_lsn(); lsn <= reader.last_lsn(); ++lsn) {
    const LogEntry entry = reader.at(lsn);
    FUZZ_CHECK(entry.lsn == lsn);
    FUZZ_CHECK(decode_record(entry.change.record).has_value());
  }
  replica.visible_checksum();
  replica.conflicts();
}

}  // namespace

void restore(Bytes bytes) {
  const auto journal = std::make_shared<MemoryJournal>();
  Input input(bytes);
  Lsn lsn = 0;
  while (!input.empty()) {
    JournalEntry entry;
    entry.kind = static_cast<JournalEntryKind>(input.byte() % 12);
    entry.lsn = lsn += input.number(2);
    entry.received_at_us = now_us;
    entry.bytes = input.sized();
    static_cast<void>(journal->append(std::span(&entry, 1)));
  }
  ManualClock clock{now_us};
  SeededRandom random{7};
  Replica::Options options;
  options.clock = &clock;
  options.random = &random;
  options.journal = journal;
  const auto replica = Replica::open(options);
  if (!replica) {
    check_error(replica.error());
    return;
  }
  check_replica(**replica);
  // It goes on from there.
  const auto written = (*replica)->put("table", "row", Payload::json("1"));
  if (!written) check_error(written.error());
  check_replica(**replica);
}

}  // namespace syncline::fuzz
