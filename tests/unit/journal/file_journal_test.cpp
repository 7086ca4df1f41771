#include <atomic>
#include <condition_variable>
#include <thread>

#include "support/faulty_files.hpp"
#include "syncline/random.hpp"
#include "unit/journal/journal_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

std::vector<OwnedEntry> changes(Lsn from, Lsn to, std::size_t bytes = 20) {
  std::vector<OwnedEntry> made;
  for (Lsn lsn = from; lsn <= to; ++lsn) made.push_back(change(lsn, bytes));
  return made;
}

}  // namespace

TEST_CASE("a journal gives back what was appended, in order") {
  MemoryFiles files;
  std::vector<OwnedEntry> all;
  {
    OpenJournal open = open_journal(journal_options(files));
    CHECK(open.found.empty());
    for (Lsn lsn = 1; lsn <= 50; ++lsn) {
      std::vector<OwnedEntry> batch{change(lsn, lsn * 3)};
      if (lsn % 7 == 0) batch.push_back(property("p" + std::to_string(lsn)));
      REQUIRE(commit(*open.journal, batch));
      all.insert(all.end(), batch.begin(), batch.end());
      CHECK(open.journal->durable_lsn() == lsn);
    }
  }
  const OpenJournal again = open_journal(journal_options(files));
  CHECK(again.found == all);
  CHECK(again.journal->durable_lsn() == 50);
  CHECK(again.journal->opening().entries == all.size());
  CHECK(again.journal->opening().closed_cleanly);
  CHECK(again.journal->opening().torn_bytes == 0);
}

TEST_CASE("what was acknowledged survives a power cut, with commit") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    MemoryFiles files;
    SeededRandom random(seed);
    FileJournal::Options options = journal_options(files);
    options.segment_bytes = std::uint64_t{64} << 10;
    Lsn next = 1;
    for (int round = 0; round < 4; ++round) {
      const OpenJournal open = open_journal(options);
      // Nothing that was acknowledged is missing, nothing twice, nothing out of order.
      REQUIRE(open.found.size() >= next - 1);
      for (std::size_t i = 0; i < open.found.size(); ++i) REQUIRE(open.found[i].lsn == i + 1);
      next = open.found.size() + 1;
      for (int i = 0; i < 60; ++i, ++next) REQUIRE(commit(*open.journal, {change(next, 700)}));
      // Never acknowledged: may be there or not.
      REQUIRE(append(*open.journal, {change(next, 2000)}));
      files.crash(random);
    }
  }
}

TEST_CASE("interval acknowledges at once, and says what is safe") {
  MemoryFiles files;
  FileJournal::Options options = journal_options(files);
  options.durability = Durability::interval;
  options.interval = std::chrono::hours(1);
  const OpenJournal open = open_journal(options);
  REQUIRE(commit(*open.journal, {change(1)}));
  CHECK(open.journal->durable_lsn() == 0);
  REQUIRE(open.journal->flush());
  CHECK(open.journal->durable_lsn() == 1);
}

TEST_CASE("interval syncs by itself and calls back") {
  MemoryFiles files;
  FileJournal::Options options = journal_options(files);
  options.durability = Durability::interval;
  options.interval = std::chrono::milliseconds(1);
  const OpenJournal open = open_journal(options);
  std::mutex mutex;
  std::condition_variable called;
  bool done = false;
  open.journal->on_durable([&] {
    const std::lock_guard lock(mutex);
    done = true;
    called.notify_all();
  });
  REQUIRE(commit(*open.journal, {change(1)}));
  std::unique_lock lock(mutex);
  CHECK(called.wait_for(lock, std::chrono::seconds(20), [&] { return done; }));
  lock.unlock();
  open.journal->on_durable({});
  CHECK(open.journal->durable_lsn() == 1);
}

TEST_CASE("none lets everything leave at once") {
  MemoryFiles files;
  FileJournal::Options options = journal_options(files);
  options.durability = Durability::none;
  options.interval = std::chrono::hours(1);
  {
    const OpenJournal open = open_journal(options);
    REQUIRE(commit(*open.journal, {change(1)}));
    CHECK(open.journal->durable_lsn() == 1);
  }
  CHECK(open_journal(options).found.size() == 1);
}

TEST_CASE("segments follow one another, and closed ones can be compressed") {
  MemoryFiles files;
  FileJournal::Options options = journal_options(files);
  options.segment_bytes = std::uint64_t{64} << 10;
  const auto all = changes(1, 600, 900);
  {
    const OpenJournal open = open_journal(options);
    for (const OwnedEntry& entry : all) REQUIRE(commit(*open.journal, {entry}));
  }
  CHECK(count_files(files, ".segment") > 5);
  CHECK(open_journal(options).found == all);
  options.compress_closed = true;
  options.interval = std::chrono::milliseconds(1);
  {
    const OpenJournal open = open_journal(options);
    for (int i = 0; i < 10'000 && count_files(files, ".segment") > 1; ++i) {
      std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(open.found == all);
  }
  CHECK(count_files(files, ".segment") == 1);
  CHECK(count_files(files, ".segment.zst") > 5);
  CHECK(open_journal(options).found == all);
}

TEST_CASE("many writers share their syncs, and each is durable when it returns") {
  MemoryFiles memory;
  FaultyFiles files(memory);
  FileJournal::Options options = journal_options(files);
  const OpenJournal open = open_journal(options);
  std::mutex order;  // the replica's lock
  Lsn last = 0;
  std::vector<std::thread> writers;
  std::atomic<int> wrong{0};
  for (int writer = 0; writer < 16; ++writer) {
    writers.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        JournalPosition position = 0;
        Lsn lsn = 0;
        {
          const std::lock_guard lock(order);
          lsn = ++last;
          const auto appended = append(*open.journal, {change(lsn)});
          if (!appended) ++wrong;
          position = appended.value();
        }
        if (!open.journal->wait_durable(position)) ++wrong;
        if (open.journal->durable_lsn() < lsn) ++wrong;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(wrong == 0);
  CHECK(open.journal->durable_lsn() == 1600);
  memory.crash_to_synced();
  const OpenJournal again = open_journal(journal_options(memory));
  CHECK(again.found.size() == 1600);
}

TEST_CASE("a checkpoint takes the place of what was before") {
  MemoryFiles files;
  FileJournal::Options options = journal_options(files);
  options.segment_bytes = std::uint64_t{64} << 10;
  const auto all = changes(1, 400, 900);
  Lsn kept = 0;
  {
    const OpenJournal open = open_journal(options);
    REQUIRE(commit(*open.journal, {property("old")}));
    for (const OwnedEntry& entry : all) REQUIRE(commit(*open.journal, {entry}));
    CHECK(open.journal->checkpoint_before(1) == 0);
    kept = open.journal->checkpoint_before(300);
    REQUIRE(kept > 200);
    REQUIRE(kept <= 300);
    const std::size_t before = count_files(files, ".segment");
    REQUIRE(open.journal->checkpoint(
        kept, [&](const Journal::Visit& emit) { return emit(property("kept").view()); }));
    CHECK(count_files(files, ".segment") < before);
    CHECK(open.journal->checkpoint_before(kept) == 0);
    REQUIRE(commit(*open.journal, {change(401)}));
  }
  const OpenJournal again = open_journal(options);
  REQUIRE(again.found.size() == 1 + (400 - kept + 1) + 1);
  CHECK(again.found.front() == property("kept"));
  CHECK(again.found[1].lsn == kept);
  CHECK(again.found.back().lsn == 401);

  // A new log in the place of everything.
  REQUIRE(again.journal->checkpoint(0, [&](const Journal::Visit& emit) -> Result<void> {
    for (Lsn lsn = 1; lsn <= 5; ++lsn) {
      if (auto done = emit(change(lsn).view()); !done) return done;
    }
    return {};
  }));
  CHECK(again.journal->durable_lsn() == 5);
  REQUIRE(commit(*again.journal, {change(6)}));
  files.crash_to_synced();
  CHECK(open_journal(options).found == changes(1, 6));
}

TEST_CASE("a full disk refuses, loses nothing, and takes writes again when there is room") {
  MemoryFiles files;
  files.set_capacity(200'000);
  FileJournal::Options options = journal_options(files);
  options.segment_bytes = std::uint64_t{64} << 10;
  const OpenJournal open = open_journal(options);
  Lsn next = 1;
  while (true) {
    const auto done = commit(*open.journal, {change(next, 1000)});
    if (!done) {
      CHECK(done.error().code == ErrorCode::unavailable);
      break;
    }
    ++next;
    REQUIRE(next < 1000);
  }
  CHECK(next > 100);
  CHECK_FALSE(append(*open.journal, {change(next, 1000)}));
  files.set_capacity(10'000'000);
  for (int i = 0; i < 100; ++i, ++next) REQUIRE(commit(*open.journal, {change(next, 1000)}));
  files.crash_to_synced();
  CHECK(open_journal(options).found.size() == next - 1);
}

TEST_CASE("a failed sync: what it was about is written again elsewhere") {
  MemoryFiles memory;
  FaultyFiles files(memory);
  FileJournal::Options options = journal_options(files);
  const OpenJournal open = open_journal(options);
  REQUIRE(commit(*open.journal, {change(1)}));
  files.fail_from(files.steps() + 1);
  CHECK(commit(*open.journal, {change(2)}).error().code == ErrorCode::unavailable);
  CHECK(open.journal->durable_lsn() == 1);
  CHECK_FALSE(append(*open.journal, {change(3)}));
  files.stop_failing();
  // Change 2 was taken, only its fate was open: it is there, before what comes next.
  REQUIRE(commit(*open.journal, {change(3)}));
  CHECK(open.journal->durable_lsn() == 3);
  memory.crash_to_synced();
  CHECK(open_journal(journal_options(memory)).found == changes(1, 3));
}

TEST_CASE("a directory has one user at a time, and a copy of one is known") {
  MemoryFiles files;
  {
    const OpenJournal open = open_journal(journal_options(files));
    REQUIRE(commit(*open.journal, {change(1)}));
    const auto second = FileJournal::open(journal_options(files));
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::unavailable);
    CHECK_FALSE(open.journal->is_copy());
  }
  REQUIRE(files.copy("/data", "/copy"));
  {
    const OpenJournal copy = open_journal(journal_options(files, "/copy"));
    CHECK(copy.journal->is_copy());
    CHECK(copy.found.size() == 1);
    const OwnedEntry renaming{JournalEntryKind::renaming, 0, "new", 0, false};
    REQUIRE(commit(*copy.journal, {renaming}));
    CHECK_FALSE(copy.journal->is_copy());
  }
  CHECK_FALSE(open_journal(journal_options(files, "/copy")).journal->is_copy());
  CHECK_FALSE(open_journal(journal_options(files)).journal->is_copy());
}

TEST_CASE("room that a burst took is given back when it is over") {
  MemoryFiles files;
  FileJournal::Options options = journal_options(files);
  const auto size_on_disk = [&] {
    std::uint64_t size = 0;
    const auto entries = files.list("/data");
    for (const DirectoryEntry& entry : *entries) {
      size += read_file(files, "/data/" + entry.name, 1'000'000'000).value().size();
    }
    return size;
  };
  constexpr std::uint64_t written = 30 * 100'000;
  {
    const OpenJournal open = open_journal(options);
    for (Lsn lsn = 1; lsn <= 30; ++lsn) REQUIRE(append(*open.journal, {change(lsn, 100'000)}));
    REQUIRE(open.journal->flush());
    CHECK(size_on_disk() > written + (std::uint64_t{2} << 20));
  }
  options.durability = Durability::interval;
  options.interval = std::chrono::milliseconds(1);
  const OpenJournal open = open_journal(options);
  for (Lsn lsn = 31; lsn <= 60; ++lsn) REQUIRE(append(*open.journal, {change(lsn, 100'000)}));
  REQUIRE(open.journal->flush());
  for (int i = 0; i < 20'000 && size_on_disk() > 2 * written + 100'000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(size_on_disk() < 2 * written + 100'000);
  REQUIRE(commit(*open.journal, {change(61)}));
  REQUIRE(open.journal->flush());
  CHECK(open.journal->durable_lsn() == 61);
}
