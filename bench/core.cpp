// What the core costs: writing, merging, reading, comparing, memory. See README.md in this folder.
#include <array>
#include <fstream>
#include <malloc.h>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include "syncline/conflict.hpp"
#include "syncline/record.hpp"
#include "workload.hpp"

namespace syncline::bench {
namespace {

// Changes written or merged while the time is taken, after the preloaded ones.
constexpr std::size_t measured_changes = 500'000;
// Of each batch with collisions: what a second writer wrote without having seen the first one's.
constexpr std::size_t colliding_changes = batch_changes / 10;

void count_items(benchmark::State& state, std::size_t items_per_iteration) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(items_per_iteration));
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// --- memory --------------------------------------------------------------------------------------

void memory(benchmark::State& state) {
  workload();
  for (auto _ : state) {
    malloc_trim(0);
    const std::uint64_t before = resident_bytes();
    const auto replica = open_preloaded();
    const std::uint64_t grown = resident_bytes() - before;
    const LogStatistics statistics = replica->statistics();
    expect(statistics.changes == preloaded_changes, "changes are missing");
    const auto changes = static_cast<double>(preloaded_changes);
    const auto content = static_cast<double>(table.size() + key_bytes + payload_bytes);
    state.counters["bytes_per_change"] =
        static_cast<double>(statistics.memory_bytes) / changes - content;
    state.counters["bytes_per_change_by_rss"] = static_cast<double>(grown) / changes - content;
    state.counters["record_bytes"] = static_cast<double>(statistics.bytes) / changes;
  }
}
BENCHMARK(memory)->Iterations(1)->Unit(benchmark::kMillisecond);

// --- writing -------------------------------------------------------------------------------------

void append_call_by_call(benchmark::State& state) {
  warm_memory();
  const auto replica = open_preloaded();
  std::size_t next = row_count;  // the workload's random part
  for (auto _ : state) {
    const auto written = replica->put(table, workload().row_id(next), workload().payload(next));
    expect(written.has_value(), "a write failed");
    ++next;
  }
  count_items(state, 1);
}
BENCHMARK(append_call_by_call)->Iterations(measured_changes);

void append_batch(benchmark::State& state) {
  warm_memory();
  const auto replica = open_preloaded();
  std::vector<Write> writes(batch_changes);
  std::size_t next = row_count;
  for (auto _ : state) {
    for (Write& write : writes) write = workload().write(next++);
    expect(replica->write_batch(writes).written == writes.size(), "a write failed");
  }
  count_items(state, batch_changes);
}
BENCHMARK(append_batch)->Iterations(measured_changes / batch_changes);

// --- merging -------------------------------------------------------------------------------------

// Integrates `records`, one batch an iteration.
void integrate_batches(benchmark::State& state, Replica& receiver, const Records& records) {
  std::span<const std::string_view> rest(records);
  std::size_t conflicting = 0;
  for (auto _ : state) {
    const IntegrateResult result = receiver.integrate(rest.first(batch_changes));
    rest = rest.subspan(batch_changes);
    conflicting += result.conflicting;
    expect(result.rejected.empty() && result.duplicates == 0, "a record was not taken");
  }
  count_items(state, batch_changes);
  state.counters["conflicting"] =
      static_cast<double>(conflicting) / static_cast<double>(records.size());
}

void integrate_no_collision(benchmark::State& state) {
  warm_memory();
  const auto writer = open_preloaded();
  const auto receiver = open_replica();
  integrate_all(*receiver, records_after(writer->log(), 0));
  write_changes(*writer, preloaded_changes, preloaded_changes + measured_changes);
  const LogReader reader = writer->log();
  integrate_batches(state, *receiver, records_after(reader, preloaded_changes));
}
BENCHMARK(integrate_no_collision)->Iterations(measured_changes / batch_changes);

// Writes one batch: 900 changes of one writer and 100 of another who saw none of these, each of a
// row that the first one wrote. Then the two exchange what they wrote, so that the next batch's
// changes have seen this one's and settle it.
void write_colliding_batch(Replica& first, Replica& second, std::size_t batch) {
  const Lsn first_before = first.log().last_lsn();
  const Lsn second_before = second.log().last_lsn();
  std::vector<Write> ours;
  std::vector<Write> theirs;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < batch_changes - colliding_changes; ++i) {
    // Neighbouring rows, so that no row comes twice in a batch and each pair is one conflict.
    keys.push_back(Workload::key_of_row(batch * 7'919 + i));
  }
  for (std::size_t i = 0; i < batch_changes - colliding_changes; ++i) {
    const std::size_t change = batch * batch_changes + i;
    Write write = workload().write(change);
    write.row_id = keys[i];
    ours.push_back(write);
    if (i >= colliding_changes) continue;
    write.payload = workload().payload(change + 1);
    theirs.push_back(write);
  }
  expect(first.write_batch(ours).written == ours.size(), "a write failed");
  expect(second.write_batch(theirs).written == theirs.size(), "a write failed");
  const LogReader first_reader = first.log();
  const LogReader second_reader = second.log();
  const Records from_first = records_after(first_reader, first_before);
  integrate_all(first, records_after(second_reader, second_before));
  integrate_all(second, from_first);
}

void integrate_10_percent_collisions(benchmark::State& state) {
  warm_memory();
  const auto first = open_preloaded();
  const auto receiver = open_replica();
  integrate_all(*receiver, records_after(first->log(), 0));
  const auto second = open_replica();
  integrate_all(*second, records_after(first->log(), 0));
  for (std::size_t batch = 0; batch < measured_changes / batch_changes; ++batch) {
    write_colliding_batch(*first, *second, batch);
  }
  // The first writer's log is causally closed: it has both writers' changes in an order in which
  // the receiver can take them.
  const LogReader reader = first->log();
  integrate_batches(state, *receiver, records_after(reader, preloaded_changes));
  expect(receiver->visible_checksum() == first->visible_checksum(), "the replicas differ");
}
BENCHMARK(integrate_10_percent_collisions)->Iterations(measured_changes / batch_changes);

// --- reading -------------------------------------------------------------------------------------

// Built at its first use, after the benchmarks above have given their memory back.
const Replica& preloaded() {
  static const std::unique_ptr<Replica> instance = open_preloaded();
  return *instance;
}

void ordered_read_views(benchmark::State& state) {
  warm_memory();
  const LogReader reader = preloaded().log();
  std::array<LogEntry, 256> entries;
  for (auto _ : state) {
    std::uint64_t bytes = 0;
    std::size_t found = 0;
    for (Lsn from = reader.first_lsn(); (found = reader.read(from, entries)) != 0; from += found) {
      for (std::size_t i = 0; i < found; ++i) bytes += entries[i].change.data.size();
    }
    expect(bytes == preloaded_changes * payload_bytes, "changes are missing");
  }
  count_items(state, preloaded_changes);
}
BENCHMARK(ordered_read_views)->Unit(benchmark::kMillisecond);

void point_get(benchmark::State& state) {
  warm_memory();
  const Replica& replica = preloaded();
  std::size_t next = row_count;
  for (auto _ : state) {
    const Row row = replica.get(table, workload().row_id(next++));
    benchmark::DoNotOptimize(row.winner->data.data());
  }
  count_items(state, 1);
}
BENCHMARK(point_get);

// --- causality -----------------------------------------------------------------------------------

void clock_compare(benchmark::State& state) {
  SeededRandom random(1);
  VectorClock left;
  VectorClock right;
  NodeId node;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    node = NodeId::generate(random);
    left.set(node, 1'000'000);
    right.set(node, 1'000'000);
  }
  right.increment(right.entries().back().node);  // they differ at the end: nothing is saved
  for (auto _ : state) {
    benchmark::DoNotOptimize(left);
    benchmark::DoNotOptimize(right);
    benchmark::DoNotOptimize(left.compare(right));
  }
  count_items(state, 1);
}
BENCHMARK(clock_compare)->Arg(4)->Arg(16)->Arg(128);

void conflict_check(benchmark::State& state) {
  SeededRandom random(1);
  Change change;
  change.table = table;
  change.row_id = workload().row_id(0);
  change.operation = Operation::update;
  change.format = PayloadFormat::bytes;
  for (int i = 0; i < 4; ++i) change.context.set(NodeId::generate(random), 1'000);
  std::array<std::string, 2> records;
  for (std::size_t i = 0; i < records.size(); ++i) {
    change.dot = {NodeId::generate(random), 77};
    change.data = workload().payload(i).bytes;
    records[i] = encode_record(change);
  }
  const auto view = [](const std::string& record) {
    return view_trusted_record(reinterpret_cast<const std::uint8_t*>(record.data()));
  };
  ChangeView local = view(records[0]);
  ChangeView remote = view(records[1]);
  for (auto _ : state) {
    benchmark::DoNotOptimize(local);
    benchmark::DoNotOptimize(remote);
    const Detection detection = ConflictDetector::detect(local, remote);
    benchmark::DoNotOptimize(detection.order);
  }
  expect(ConflictDetector::detect(local, remote).kind == ConflictKind::update_update,
         "no conflict was found");
  count_items(state, 1);
}
BENCHMARK(conflict_check);

}  // namespace
}  // namespace syncline::bench

BENCHMARK_MAIN();
