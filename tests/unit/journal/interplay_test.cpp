// What happens at the same time, or after one another, in and around a journal's files.

#include <atomic>
#include <condition_variable>
#include <future>
#include <thread>

#include "support/faulty_files.hpp"
#include "syncline/random.hpp"
#include "unit/journal/journal_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

constexpr std::chrono::seconds long_enough{20};

FileJournal::Options small_segments(FileSystem& files, const std::string& directory = "/data") {
  FileJournal::Options options = journal_options(files, directory);
  options.segment_bytes = std::uint64_t{64} << 10;
  return options;
}

/// The first `count` changes of 9000 bytes: seven of them fill a small segment.
void fill(FileSystem& files, Lsn count) {
  const OpenJournal open = open_journal(small_segments(files));
  for (Lsn lsn = 1; lsn <= count; ++lsn) REQUIRE(commit(*open.journal, {change(lsn, 9000)}));
}

void check_filled(FileSystem& files, Lsn count) {
  const OpenJournal open = open_journal(small_segments(files));
  REQUIRE(open.found.size() == count);
  for (Lsn lsn = 1; lsn <= count; ++lsn) REQUIRE(open.found[lsn - 1] == change(lsn, 9000));
}

/// Something that one thread waits for and another does.
class Signal {
 public:
  void give() {
    const std::lock_guard lock(mutex_);
    given_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, long_enough, [this] { return given_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool given_ = false;
};

}  // namespace

TEST_CASE("who waits is not forgotten when somebody else made durable what the first waits for") {
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    MemoryFiles memory;
    FaultyFiles files(memory);
    const OpenJournal open = open_journal(journal_options(files));
    FileJournal& journal = *open.journal;
    // Some who share a slow sync: the next one waits a moment for others.
    files.on_step([](std::uint64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(4)); });
    Lsn last = 0;
    const auto start = [&] {
      const auto position = append(journal, {change(++last)});
      REQUIRE(position);
      return std::async(std::launch::async, [&journal, position] {
        return journal.wait_durable(*position).has_value();
      });
    };
    std::vector<std::future<bool>> waiting;
    for (int i = 0; i < 5; ++i) {
      waiting.push_back(start());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    for (auto& each : waiting) REQUIRE(each.get());
    files.on_step({});
    auto first = start();
    std::this_thread::sleep_for(std::chrono::microseconds(100 * (round % 10)));
    REQUIRE(journal.flush());
    auto second = start();
    const bool done = second.wait_for(std::chrono::seconds(5)) == std::future_status::ready;
    if (!done) static_cast<void>(journal.flush());  // so that the test ends
    REQUIRE(done);
    CHECK(first.get());
    CHECK(second.get());
  }
}

TEST_CASE("a task that is always due leaves the others their turn") {
  FlusherThread flusher;
  std::atomic<JournalFlusher::Registration*> busy_one{nullptr};
  const auto busy = flusher.every(std::chrono::hours(1), [&] {
    if (auto* const again = busy_one.load()) again->nudge();
  });
  busy_one = busy.get();
  Signal called;
  const auto other = flusher.every(std::chrono::milliseconds(1), [&] { called.give(); });
  busy->nudge();
  CHECK(called.wait());
  busy_one = nullptr;
}

TEST_CASE("what became durable by the way is told as well") {
  MemoryFiles files;
  FileJournal::Options options = journal_options(files);
  options.durability = Durability::interval;
  options.interval = std::chrono::milliseconds(1);
  options.flusher = std::make_shared<FlusherThread>();
  Signal held;
  Signal go_on;
  const OpenJournal open = open_journal(options);
  Signal told;
  std::atomic<bool> once{false};
  const auto holder = options.flusher->every(std::chrono::milliseconds(1), [&] {
    if (once.exchange(true)) return;
    held.give();
    go_on.wait();
  });
  REQUIRE(held.wait());
  open.journal->on_durable([&] { told.give(); });
  REQUIRE(append(*open.journal, {change(1)}));
  REQUIRE(open.journal->flush());  // as a checkpoint does it, too
  go_on.give();
  CHECK(told.wait());
  open.journal->on_durable({});
}

TEST_CASE("a power cut without durability leaves a beginning that opens") {
  std::size_t most = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    MemoryFiles files;
    FileJournal::Options options = small_segments(files);
    options.durability = Durability::none;
    options.interval = std::chrono::hours(1);
    SeededRandom random(seed);
    {
      const OpenJournal open = open_journal(options);
      for (Lsn lsn = 1; lsn <= 30; ++lsn) {
        REQUIRE(append(*open.journal, {change(lsn, 9000)}));
        REQUIRE(open.journal->flush());
      }
      files.crash(random);
    }
    const OpenJournal again = open_journal(small_segments(files));
    for (std::size_t i = 0; i < again.found.size(); ++i) {
      REQUIRE(again.found[i] == change(i + 1, 9000));
    }
    most = std::max(most, again.found.size());
  }
  CHECK(most > 7);  // segments that were closed are there
}

TEST_CASE("a clean end and a checkpoint are durable without durability before") {
  MemoryFiles files;
  FileJournal::Options options = small_segments(files);
  options.durability = Durability::none;
  options.interval = std::chrono::hours(1);
  {
    const OpenJournal open = open_journal(options);
    for (Lsn lsn = 1; lsn <= 30; ++lsn) {
      REQUIRE(append(*open.journal, {change(lsn, 9000)}));
      REQUIRE(open.journal->flush());
    }
  }
  files.crash_to_synced();
  check_filled(files, 30);
  {
    const OpenJournal open = open_journal(options);
    REQUIRE(append(*open.journal, {change(31, 9000)}));
    const Lsn kept = open.journal->checkpoint_before(30);
    REQUIRE(kept != 0);
    REQUIRE(open.journal->checkpoint(
        kept, [](const Journal::Visit& emit) { return emit(property("before").view()); }));
    files.crash_to_synced();
  }
  CHECK(open_journal(small_segments(files)).found.back() == change(31, 9000));
}

TEST_CASE("compressing that fails at a step, and a power cut soon afterwards, lose nothing") {
  for (std::uint64_t step = 1; step <= 12; ++step) {
    for (std::uint64_t later = 1; later <= 40; ++later) {
      CAPTURE(step);
      CAPTURE(later);
      MemoryFiles memory;
      fill(memory, 10);
      FaultyFiles files(memory);
      SeededRandom random(step * 100 + later);
      {
        FileJournal::Options options = small_segments(files);
        const std::uint64_t begun = files.steps();
        const std::uint64_t cut_at = begun + step + (later - 1) / 5 + 1;
        files.fail_at(begun + step);
        Signal cut;
        std::atomic<bool> is_cut{false};
        files.on_step([&](std::uint64_t at) {
          if (at != cut_at || is_cut.exchange(true)) return;
          memory.crash(random);
          files.fail_from(1);
          cut.give();
        });
        options.compress_closed = true;
        options.interval = std::chrono::milliseconds(1);
        const auto opened = try_open(options);
        // Eleven steps make one attempt, and all but the last bring about another if they fail.
        if (opened && step < 11) REQUIRE(cut.wait());
      }
      memory.crash_to_synced();
      check_filled(memory, 10);
    }
  }
}

TEST_CASE("a segment that finds no room leaves no file behind") {
  MemoryFiles files;
  const OpenJournal open = open_journal(small_segments(files));
  for (Lsn lsn = 1; lsn <= 8; ++lsn) REQUIRE(commit(*open.journal, {change(lsn, 9000)}));
  REQUIRE(count_files(files, ".segment") == 1);
  files.set_capacity(0);  // what is reserved is there still
  for (Lsn lsn = 9; lsn <= 12; ++lsn) REQUIRE(commit(*open.journal, {change(lsn, 100)}));
  CHECK(count_files(files, ".segment") == 1);
}

TEST_CASE("a damaged journal is not copied as if it were whole") {
  MemoryFiles files;
  const OpenJournal open = open_journal(journal_options(files));
  for (Lsn lsn = 1; lsn <= 5; ++lsn) REQUIRE(commit(*open.journal, {change(lsn, 2000)}));
  {
    auto file = files.open("/data/00000001.segment", FileMode::write);
    REQUIRE(file);
    const std::uint8_t byte = 0;
    REQUIRE((*file)->write_at(5000, std::span(&byte, 1)));
  }
  const auto copied = copy_journal(files, "/data", "/backup");
  REQUIRE_FALSE(copied);
  CHECK(copied.error().code == ErrorCode::internal);
  CHECK(copied.error().detail.find("00000001.segment, offset ") != std::string::npos);
  CHECK_FALSE(files.exists("/backup"));
}

TEST_CASE("a copy has nothing that the original may lose") {
  MemoryFiles files;
  FileJournal::Options options = journal_options(files);
  options.durability = Durability::none;
  options.interval = std::chrono::hours(1);
  {
    const OpenJournal open = open_journal(options);
    REQUIRE(append(*open.journal, {change(1)}));
    REQUIRE(open.journal->flush());
    REQUIRE(copy_journal(files, "/data", "/backup"));
    REQUIRE(files.sync_directory("/"));
    files.crash_to_synced();
  }
  CHECK(open_journal(journal_options(files, "/backup")).found.size() == 1);
  CHECK(open_journal(journal_options(files)).found.size() == 1);
}

TEST_CASE("a repair that was cut short at any step can be done again") {
  for (std::uint64_t step = 1; step < 60; ++step) {
    CAPTURE(step);
    MemoryFiles memory;
    fill(memory, 20);
    const std::string name = survey_journal(memory, "/data")->files[1].name;
    auto file = memory.open("/data/" + name, FileMode::write);
    REQUIRE(file);
    const std::uint8_t byte = 0;
    REQUIRE((*file)->write_at(30'000, std::span(&byte, 1)));  // in the segment's fourth batch
    REQUIRE((*file)->sync());
    FaultyFiles files(memory);
    files.fail_from(step);
    const bool repaired = repair_journal(files, "/data").has_value();
    SeededRandom random(step);
    memory.crash(random);
    REQUIRE(repair_journal(memory, "/data"));
    CHECK(open_journal(small_segments(memory)).found.size() == 11);
    CHECK(memory.exists("/data/damaged-" + name));
    if (repaired) return;
  }
  FAIL("a repair has more steps than were tried");
}
