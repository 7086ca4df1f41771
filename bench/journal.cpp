// What the journal on disk costs, as ratios to the bare disk and to memory, in one run.
//
//   bench_journal [directory] [measurement…]
//
// directory: ./journal-bench if not given; must not be there yet, is removed afterwards
// measurement: commit, append, group, interval, opening, trim; all if none is given
//
// Interleaves what it compares, since disks of virtual machines change their mind by the minute.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "syncline/file_journal.hpp"
#include "workload.hpp"

namespace syncline::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& work) {
  const auto begun = SteadyClock::now();
  work();
  return std::chrono::duration<double>(SteadyClock::now() - begun).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// One directory for everything that is measured.
class Disk {
 public:
  explicit Disk(std::string directory) : directory_(std::move(directory)) {
    expect(!std::filesystem::exists(directory_), "the directory is there already; name another");
    std::filesystem::create_directories(directory_);
  }
  ~Disk() { std::filesystem::remove_all(directory_); }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  std::string fresh(const std::string& name) {
    return directory_ + '/' + name + std::to_string(++count_);
  }

 private:
  std::string directory_;
  int count_ = 0;
};

/// Writes `bytes` in portions, each synced before the next.
double raw_write(Disk& disk, std::size_t bytes, std::size_t portion_bytes) {
  const std::string path = disk.fresh("raw");
  auto file = system_files().open(path, FileMode::create);
  expect(file.has_value(), "a file cannot be made");
  const std::vector<std::uint8_t> portion(portion_bytes, 0x5A);
  const double seconds = seconds_of([&] {
    for (std::size_t at = 0; at < bytes; at += portion_bytes) {
      expect((*file)->write_at(at, portion).has_value(), "a write failed");
      expect((*file)->sync().has_value(), "a sync failed");
    }
  });
  file->reset();
  std::filesystem::remove(path);
  return seconds;
}

/// A replica, with a journal unless `durability` is nullopt.
std::unique_ptr<Replica> open_in(const std::string& directory,
                                 std::optional<Durability> durability) {
  Replica::Options options;
  if (durability) {
    FileJournal::Options journal;
    journal.directory = directory;
    journal.durability = *durability;
    auto opened = FileJournal::open(journal);
    expect(opened.has_value(), "the journal does not open");
    options.journal = *opened;
  }
  auto replica = Replica::open(std::move(options));
  expect(replica.has_value(), "the replica does not open");
  return std::move(*replica);
}

std::uint64_t bytes_in(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    bytes += entry.file_size();
  }
  return bytes;
}

/// 64 threads, each of which commits batches of 80 changes: together they make groups of a MiB.
double group_commit(Disk& disk, std::size_t changes, std::uint64_t& bytes) {
  constexpr std::size_t writers = 64;
  constexpr std::size_t changes_a_batch = 80;
  const std::string directory = disk.fresh("group");
  auto replica = open_in(directory, Durability::commit);
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < writers; ++i) {
      threads.emplace_back([&] {
        std::vector<Write> writes;
        while (true) {
          const std::size_t from = next.fetch_add(changes_a_batch);
          if (from >= changes) return;
          writes.clear();
          for (std::size_t k = 0; k < changes_a_batch; ++k) {
            writes.push_back(workload().write(from + k));
          }
          expect(replica->write_batch(writes).failures.empty(), "a commit failed");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  replica.reset();
  bytes = bytes_in(directory);
  std::filesystem::remove_all(directory);
  return seconds;
}

/// The same on the journal alone: 64 threads, each with batches of 32 KiB of records. Half of them
/// write together, so the groups have a MiB.
double group_append(Disk& disk, std::size_t batches, std::uint64_t& bytes) {
  constexpr std::size_t writers = 64;
  constexpr std::size_t records = 140;
  const std::string directory = disk.fresh("append");
  FileJournal::Options options;
  options.directory = directory;
  auto journal = FileJournal::open(options);
  expect(journal.has_value(), "the journal does not open");
  expect((*journal)->replay([](const JournalEntry&) { return Result<void>(); }).has_value(),
         "an empty journal does not replay");
  const std::vector<std::uint8_t> record(235, 0x5A);
  std::mutex order;  // the lock under which a replica appends
  Lsn lsn = 0;
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < writers; ++i) {
      threads.emplace_back([&] {
        std::vector<JournalEntry> batch(records);
        for (JournalEntry& entry : batch) entry.bytes = record;
        while (next.fetch_add(1) < batches) {
          JournalPosition position = 0;
          {
            const std::lock_guard lock(order);
            for (JournalEntry& entry : batch) entry.lsn = ++lsn;
            const auto appended = (*journal)->append(batch);
            expect(appended.has_value(), "an append failed");
            position = *appended;
          }
          expect((*journal)->wait_durable(position).has_value(), "a commit failed");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  journal->reset();
  bytes = bytes_in(directory);
  std::filesystem::remove_all(directory);
  return seconds;
}

void measure_group_append(Disk& disk) {
  std::vector<double> ratios;
  for (int round = 0; round < 5; ++round) {
    std::uint64_t bytes = 0;
    const double grouped = group_append(disk, 8'000, bytes);
    const double raw = raw_write(disk, bytes, std::size_t{1} << 20);
    ratios.push_back(raw / grouped);
    std::printf("  64 writers %.0f MB/s, raw 1 MiB write + fdatasync %.0f MB/s\n",
                static_cast<double>(bytes) / grouped / 1e6, static_cast<double>(bytes) / raw / 1e6);
  }
  std::printf("group-committed appends: %.0f %% of the raw rate (aim: at least 70 %%)\n\n",
              100 * median(ratios));
}

void measure_group_commit(Disk& disk) {
  constexpr std::size_t changes = 400'000;
  std::vector<double> ratios;
  for (int round = 0; round < 3; ++round) {
    std::uint64_t bytes = 0;
    const double grouped = group_commit(disk, changes, bytes);
    const double raw = raw_write(disk, bytes, std::size_t{1} << 20);
    ratios.push_back(raw / grouped);
    std::printf("  64 writers %.0f MB/s (%.0f changes/s), raw 1 MiB write + fdatasync %.0f MB/s\n",
                static_cast<double>(bytes) / grouped / 1e6, changes / grouped,
                static_cast<double>(bytes) / raw / 1e6);
  }
  std::printf("group-committed writes of a replica, with all of its own work: %.0f %%\n\n",
              100 * median(ratios));
}

void measure_single_commit(Disk& disk) {
  constexpr std::size_t commits = 300;
  std::vector<double> ratios;
  for (int round = 0; round < 5; ++round) {
    const std::string directory = disk.fresh("single");
    auto replica = open_in(directory, Durability::commit);
    const double single = seconds_of([&] {
      for (std::size_t i = 0; i < commits; ++i) {
        expect(replica->put(table, workload().row_id(i), workload().payload(i)).has_value(),
               "a commit failed");
      }
    });
    replica.reset();
    const double raw = raw_write(disk, commits * 320, 320);
    ratios.push_back(single / raw);
    std::printf("  one writer %.0f us a commit, raw append + fdatasync %.0f us\n",
                1e6 * single / commits, 1e6 * raw / commits);
  }
  std::printf("single commit: %.2f times a raw append + fdatasync (aim: at most 1.3)\n\n",
              median(ratios));
}

double append_all(Replica& replica, bool in_batches) {
  return seconds_of([&] {
    if (in_batches) {
      write_changes(replica, 0, preloaded_changes);
    } else {
      for (std::size_t i = 0; i < preloaded_changes; ++i) {
        expect(replica.put(table, workload().row_id(i), workload().payload(i)).has_value(),
               "a write failed");
      }
    }
  });
}

void measure_interval(Disk& disk) {
  for (const bool in_batches : {false, true}) {
    std::vector<double> ratios;
    for (int round = 0; round < 3; ++round) {
      const double memory = append_all(*open_in({}, std::nullopt), in_batches);
      const std::string directory = disk.fresh("interval");
      auto replica = open_in(directory, Durability::interval);
      const double interval = append_all(*replica, in_batches);
      replica.reset();
      std::filesystem::remove_all(directory);
      ratios.push_back(interval / memory);
      std::printf("  %s: memory %.2f M/s, interval %.2f M/s\n",
                  in_batches ? "batches" : "call by call", 1e-6 * preloaded_changes / memory,
                  1e-6 * preloaded_changes / interval);
    }
    std::printf("interval, %s: %.0f %% over memory only (aim: at most 25 %%)\n\n",
                in_batches ? "batches" : "call by call", 100 * (median(ratios) - 1));
  }
}

void measure_opening(Disk& disk) {
  const std::string directory = disk.fresh("opening");
  append_all(*open_in(directory, Durability::interval), true);
  std::vector<double> rates;
  for (int round = 0; round < 3; ++round) {
    std::unique_ptr<Replica> replica;
    const double seconds = seconds_of([&] { replica = open_in(directory, Durability::commit); });
    expect(replica->log().last_lsn() == preloaded_changes, "changes are missing");
    rates.push_back(preloaded_changes / seconds);
    std::printf("  %zu changes in %.2f s\n", preloaded_changes, seconds);
  }
  std::printf("opening: %.2f million changes a second (aim: at least 1)\n\n", 1e-6 * median(rates));
}

/// The longest time that a write takes while the log is trimmed under a million rows.
void measure_trim(Disk& disk) {
  constexpr std::size_t rows = 1'000'000;
  const std::string directory = disk.fresh("trim");
  auto replica = open_in(directory, Durability::interval);
  std::vector<Write> writes;
  std::vector<std::string> names;
  for (std::size_t row = 0; row < rows; ++row) names.push_back("row-" + std::to_string(row));
  for (std::size_t row = 0; row < rows;) {
    writes.clear();
    for (std::size_t k = 0; k < batch_changes; ++k, ++row) {
      writes.push_back({WriteKind::put, table, names[row], workload().payload(row), {}});
    }
    expect(replica->write_batch(writes).failures.empty(), "a write failed");
  }
  std::atomic<bool> trimming{true};
  double longest = 0;
  double longest_before = 0;
  // At a pace that leaves the disk to the checkpoint: what is asked is how long writers are
  // stopped.
  const auto write_one = [&](std::size_t i) {
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    return seconds_of([&] {
      expect(replica->put(table, names[i * 7919 % rows], workload().payload(i)).has_value(),
             "a write failed");
    });
  };
  for (std::size_t i = 0; i < 20'000; ++i) longest_before = std::max(longest_before, write_one(i));
  std::thread trimmer([&] {
    const auto trimmed = replica->trim(rows * 3 / 4);
    expect(trimmed.has_value(), "the trim failed");
    trimming = false;
  });
  std::size_t written = 0;
  while (trimming) longest = std::max(longest, write_one(written++));
  trimmer.join();
  std::printf("  %zu writes while trimming; longest %.1f ms (of 20,000 before: %.1f ms)\n", written,
              1e3 * longest, 1e3 * longest_before);
  std::printf("checkpoint and trim at 1 million rows: writers stop for at most %.1f ms (aim: 10)\n",
              1e3 * longest);
}

}  // namespace
}  // namespace syncline::bench

int main(int count, char** words) {
  using namespace syncline::bench;
  Disk disk(count > 1 ? words[1] : "journal-bench");
  const std::vector<std::string> named(words + std::min(count, 2), words + count);
  const std::vector<std::pair<std::string, void (*)(Disk&)>> all{
      {"commit", measure_single_commit}, {"append", measure_group_append},
      {"group", measure_group_commit},   {"interval", measure_interval},
      {"opening", measure_opening},      {"trim", measure_trim}};
  for (const std::string& name : named) {
    const bool known =
        std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.first == name; });
    expect(known, "no such measurement; there are commit, append, group, interval, opening, trim");
  }
  for (const auto& [name, measure] : all) {
    const bool wanted = named.empty() || std::find(named.begin(), named.end(), name) != named.end();
    if (!wanted) continue;
    // Bare disk first: it does not need the memory, and the others need it warm.
    if (name == "interval") warm_memory();
    measure(disk);
  }
  return 0;
}
