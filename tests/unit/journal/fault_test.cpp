// A disk that fails or lies at every single step.
#include "support/faulty_files.hpp"
#include "syncline/random.hpp"
#include "unit/journal/journal_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

/// What one run of the script did: the changes that were acknowledged, and those that were tried.
struct Outcome {
  Lsn acknowledged = 0;  ///< all up to here
  Lsn appended = 0;      ///< all up to here were taken
  bool reset = false;    ///< the log was replaced by changes 1 to 3 with other bytes
  bool reset_tried = false;
  Lsn acknowledged_afterwards = 0;  ///< behind an attempt to replace the log that failed
};

OwnedEntry second_log(Lsn lsn) {
  OwnedEntry entry = change(lsn, 100);
  entry.bytes = "second " + entry.bytes;
  return entry;
}

FileJournal::Options small_segments(FileSystem& files) {
  FileJournal::Options options = journal_options(files, "/a/data");
  options.segment_bytes = std::uint64_t{64} << 10;
  return options;
}

/// Appends one change after another, as a replica does: one that was refused is tried again under
/// the same LSN, one that was taken never.
void write(Journal& journal, Outcome& outcome, Lsn count, std::size_t bytes) {
  for (Lsn i = 0; i < count; ++i) {
    const Lsn lsn = outcome.appended + 1;
    const OwnedEntry entry = outcome.reset ? second_log(lsn) : change(lsn, bytes);
    const auto position = append(journal, {entry});
    if (!position) continue;
    outcome.appended = lsn;
    if (journal.wait_durable(*position)) outcome.acknowledged = lsn;
  }
}

/// Opening, writing over some segments, a checkpoint, closing; opening, a new log, closing.
Outcome run_script(FileSystem& files) {
  Outcome outcome;
  if (auto open = try_open(small_segments(files))) {
    write(*open->journal, outcome, 24, 9000);
    const Lsn kept = open->journal->checkpoint_before(outcome.acknowledged);
    if (kept != 0) {
      static_cast<void>(open->journal->checkpoint(kept, [&](const Journal::Visit& emit) {
        // Stands for all before `kept`.
        return emit(property(std::to_string(kept)).view());
      }));
    }
    write(*open->journal, outcome, 5, 500);
  }
  if (auto open = try_open(small_segments(files))) {
    // What was in doubt is decided now: it is there or not.
    outcome.appended = open->found.empty() ? 0 : open->journal->durable_lsn();
    outcome.acknowledged = std::max(outcome.acknowledged, outcome.appended);
    write(*open->journal, outcome, 3, 500);
    outcome.reset_tried = true;
    const auto done = open->journal->checkpoint(0, [&](const Journal::Visit& emit) -> Result<void> {
      for (Lsn lsn = 1; lsn <= 3; ++lsn) {
        if (auto emitted = emit(second_log(lsn).view()); !emitted) return emitted;
      }
      return {};
    });
    if (done) {
      outcome.reset = true;
      outcome.appended = outcome.acknowledged = 3;
    }
    const Lsn before = outcome.acknowledged;
    write(*open->journal, outcome, 3, 500);
    if (!outcome.reset) outcome.acknowledged_afterwards = outcome.acknowledged - before;
  }
  return outcome;
}

/// The LSNs that are there have to be gapless, of one log, and as they were written.
void check_contents(const std::vector<OwnedEntry>& found, const Outcome& outcome,
                    bool may_lack_some) {
  Lsn next = 0;
  bool second = false;
  for (const OwnedEntry& entry : found) {
    if (entry.kind == JournalEntryKind::property) {
      next = static_cast<Lsn>(std::stoull(entry.bytes));
      continue;
    }
    if (next == 0) next = 1;
    if (entry.lsn == next && entry == second_log(next)) second = true;
    REQUIRE(entry.lsn == next);
    const OwnedEntry large = change(next, 9000);
    const OwnedEntry small = change(next, 500);
    const bool as_written = second ? entry == second_log(next) : entry == large || entry == small;
    REQUIRE(as_written);
    ++next;
  }
  if (may_lack_some) return;
  const Lsn last = next == 0 ? 0 : next - 1;
  if (outcome.reset) REQUIRE(second);
  if (second) {
    REQUIRE(outcome.reset_tried);
    REQUIRE(outcome.acknowledged_afterwards == 0);
  }
  if (outcome.reset || !second) REQUIRE(last >= outcome.acknowledged);
}

void run_with(Fault fault, bool from_then_on) {
  const std::uint64_t steps = [] {
    MemoryFiles memory;
    FaultyFiles files(memory);
    run_script(files);
    return files.steps();
  }();
  REQUIRE(steps > 80);
  for (std::uint64_t step = 1; step <= steps; ++step) {
    CAPTURE(step);
    MemoryFiles memory;
    FaultyFiles files(memory);
    if (from_then_on) {
      files.fail_from(step, fault);
    } else {
      files.fail_at(step, fault);
    }
    const Outcome outcome = run_script(files);
    SeededRandom random(step);
    memory.crash(random);
    const auto opened = try_open(small_segments(memory));
    if (fault == Fault::dropped) {
      // A disk that lies loses what was acknowledged; what is there has to be right nonetheless, or
      // it is refused.
      if (opened) check_contents(opened->found, outcome, true);
      continue;
    }
    if (!opened) FAIL(to_string(opened.error()));
    check_contents(opened->found, outcome, false);
  }
}

}  // namespace

TEST_CASE("a step that fails once loses nothing that was acknowledged") {
  run_with(Fault::refused, false);
}
TEST_CASE("a disk that fails from some step on loses nothing that was acknowledged") {
  run_with(Fault::refused, true);
}
TEST_CASE("a write that is torn loses nothing that was acknowledged") {
  run_with(Fault::torn, false);
  run_with(Fault::torn, true);
}
TEST_CASE("a sync that loses what it failed to write loses nothing that was acknowledged") {
  run_with(Fault::lost, false);
  run_with(Fault::lost, true);
}
TEST_CASE("a disk that lies is found out or harmless") {
  run_with(Fault::dropped, false);
  run_with(Fault::dropped, true);
}

TEST_CASE(
    "a step that fails, and a power cut soon afterwards, lose nothing that was acknowledged") {
  for (std::uint64_t step = 1;; ++step) {
    bool reached = false;
    for (std::uint64_t later = 1; later <= 12; ++later) {
      CAPTURE(step);
      CAPTURE(later);
      MemoryFiles memory;
      FaultyFiles files(memory);
      SeededRandom random(step * 100 + later);
      files.fail_at(step);
      bool cut = false;
      files.on_step([&](std::uint64_t at) {
        reached = reached || at == step;
        if (at != step + later || cut) return;
        cut = true;
        memory.crash(random);
        files.fail_from(1);
      });
      const Outcome outcome = run_script(files);
      if (!cut) memory.crash_to_synced();
      const auto opened = try_open(small_segments(memory));
      if (!opened) FAIL(to_string(opened.error()));
      check_contents(opened->found, outcome, false);
    }
    if (!reached) break;
  }
}

TEST_CASE("what a killed process wrote is durable before the next one says so") {
  MemoryFiles memory;
  FaultyFiles files(memory);
  FileJournal::Options options = small_segments(files);
  options.durability = Durability::none;
  options.interval = std::chrono::hours(1);
  {
    const OpenJournal open = open_journal(options);
    REQUIRE(commit(*open.journal, {change(1)}));
    REQUIRE(open.journal->flush());
    files.fail_from(1);  // killed: the system has the bytes, the disk may not
  }
  const OpenJournal again = open_journal(small_segments(memory));
  REQUIRE(again.journal->durable_lsn() == 1);
  memory.crash_to_synced();
  CHECK(open_journal(small_segments(memory)).found.size() == 1);
}

TEST_CASE("what a failed sync left in the system's memory is durable before an opening says so") {
  // A step of the last process fails, then one of an opening: where that is no sync, it is refused.
  for (std::uint64_t step = 1; step <= 16; ++step) {
    CAPTURE(step);
    MemoryFiles memory;
    FaultyFiles files(memory);
    bool told = false;
    {
      const OpenJournal open = open_journal(small_segments(files));
      REQUIRE(commit(*open.journal, {change(1)}));
      files.fail_at(files.steps() + 1 + step / 4, Fault::lost);
      told = commit(*open.journal, {change(2, 3000)}).has_value();
      files.fail_from(1);  // killed: nothing is written anew
    }
    files.fail_at(files.steps() + 1 + step % 4, Fault::lost);
    static_cast<void>(try_open(small_segments(files)));
    files.stop_failing();
    const Lsn said = open_journal(small_segments(files)).journal->durable_lsn();
    files.fail_from(1);
    CHECK(said >= (told ? 2 : 1));
    memory.crash_to_synced();
    CHECK(open_journal(small_segments(memory)).found.size() == said);
  }
}

TEST_CASE("where nothing is synced otherwise, a segment is closed on what is durable") {
  MemoryFiles memory;
  FaultyFiles files(memory);
  FileJournal::Options options = small_segments(files);
  options.durability = Durability::none;
  options.interval = std::chrono::hours(1);
  const auto empty = [](const Journal::Visit&) -> Result<void> { return {}; };
  {
    const OpenJournal open = open_journal(options);
    REQUIRE(commit(*open.journal, {change(1)}));
    REQUIRE(open.journal->flush());
    bool failed = false;
    // The sync before a checkpoint, one of these steps, fails; then another one is made.
    for (std::uint64_t step = 1; step <= 8; ++step) {
      files.fail_at(files.steps() + step, Fault::lost);
      failed = !open.journal->checkpoint(1, empty) || failed;
    }
    REQUIRE(failed);
    files.stop_failing();
    REQUIRE(open.journal->checkpoint(1, empty));
    files.fail_from(1);
  }
  memory.crash_to_synced();
  CHECK(open_journal(small_segments(memory)).found.size() == 1);
}

TEST_CASE("a power cut at every step loses nothing that was acknowledged") {
  const std::uint64_t steps = [] {
    MemoryFiles memory;
    FaultyFiles files(memory);
    run_script(files);
    return files.steps();
  }();
  for (std::uint64_t step = 1; step <= steps; ++step) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      CAPTURE(step);
      CAPTURE(seed);
      MemoryFiles memory;
      FaultyFiles files(memory);
      SeededRandom random(step * 100 + seed);
      bool cut = false;
      files.on_step([&](std::uint64_t at) {
        if (at != step || cut) return;
        cut = true;
        memory.crash(random);
        // The machine is off: nothing that this process still does reaches the disk.
        files.fail_from(1);
      });
      const Outcome outcome = run_script(files);
      const auto opened = try_open(small_segments(memory));
      if (!opened) FAIL(to_string(opened.error()));
      check_contents(opened->found, outcome, false);
    }
  }
}
