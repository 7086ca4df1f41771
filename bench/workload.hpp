// The data that the benchmarks of the core run on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <malloc.h>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syncline/replica.hpp"

namespace syncline::bench {

inline constexpr std::size_t payload_bytes = 200;
inline constexpr std::size_t row_count = 100'000;
inline constexpr std::size_t preloaded_changes = 1'000'000;
inline constexpr std::size_t batch_changes = 1'000;
inline constexpr std::string_view table = "orders";
inline constexpr std::size_t key_bytes = 7;

/// Ends the program: a benchmark of calls that fail would measure nothing.
inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "benchmark broken: " << what << '\n';
  std::exit(1);
}

/// Row ids, payloads that differ, and an order of rows, the same in every run. Made so that asking
/// for the next change costs next to nothing: all sizes are constants, and keys lie in a row.
class Workload {
 public:
  Workload() : noise_(noise_bytes, '\0') {
    std::mt19937_64 engine(20'261'120);
    keys_.reserve(preloaded_changes * key_bytes);
    for (std::size_t i = 0; i < preloaded_changes; ++i) {
      // Each row comes once before the random ones begin, so that all of them are there.
      keys_ += key_of_row(i < row_count ? i : engine() % row_count);
    }
    for (char& c : noise_) c = static_cast<char>(engine());
  }

  static std::string key_of_row(std::size_t row) {
    return std::to_string(1'000'000 + row % row_count);
  }
  /// The id of the row that the `i`-th change is of.
  std::string_view row_id(std::size_t i) const {
    return std::string_view(keys_).substr(i % preloaded_changes * key_bytes, key_bytes);
  }
  /// Two hundred bytes that are cut out at another place for each `i`.
  Payload payload(std::size_t i) const {
    const std::size_t at = i * 7 % (noise_bytes - payload_bytes);
    return Payload::raw(std::string_view(noise_).substr(at, payload_bytes));
  }
  Write write(std::size_t i) const {
    return {.kind = WriteKind::put,
            .table = table,
            .row_id = row_id(i),
            .payload = payload(i),
            .options = {}};
  }

 private:
  static constexpr std::size_t noise_bytes = std::size_t{1} << 16;

  std::string keys_;
  std::string noise_;
};

inline const Workload& workload() {
  static const Workload instance;
  return instance;
}

inline std::unique_ptr<Replica> open_replica() { return Replica::open({}).value(); }

/// Writes the changes [from, to) of the workload in batches.
inline void write_changes(Replica& replica, std::size_t from, std::size_t to) {
  std::vector<Write> writes;
  while (from < to) {
    writes.clear();
    for (; from < to && writes.size() < batch_changes; ++from) {
      writes.push_back(workload().write(from));
    }
    expect(replica.write_batch(writes).written == writes.size(), "a preloading write failed");
  }
}

/// Makes the allocator keep what is freed, and has it hold enough for any benchmark here. Otherwise
/// most of what is measured is how the machine comes by pages: a virtual one may have to ask its
/// host for each.
inline void warm_memory() {
  static const bool warm = [] {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    const auto replica = open_replica();
    for (int i = 0; i < 4; ++i) write_changes(*replica, 0, preloaded_changes);
    return true;
  }();
  expect(warm, "memory could not be had");
}

inline std::unique_ptr<Replica> open_preloaded() {
  auto replica = open_replica();
  write_changes(*replica, 0, preloaded_changes);
  return replica;
}

/// Records as a peer would hand them over. They point into what gave them.
using Records = std::vector<std::string_view>;

/// All records of `from` above `after`, in log order.
inline Records records_after(const LogReader& reader, Lsn after) {
  Records records;
  records.reserve(reader.last_lsn() - after);
  for (Lsn lsn = after + 1; lsn <= reader.last_lsn(); ++lsn) {
    const auto bytes = reader.at(lsn).change.record;
    records.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return records;
}

/// Hands all of `records` over in batches. They have to be new to `to`.
inline void integrate_all(Replica& to, std::span<const std::string_view> records,
                          const IntegrateOptions& options = {}) {
  while (!records.empty()) {
    const auto batch = records.first(std::min(batch_changes, records.size()));
    const IntegrateResult result = to.integrate(batch, options);
    expect(result.rejected.empty() && result.duplicates == 0, "a record was not taken");
    records = records.subspan(batch.size());
  }
}

}  // namespace syncline::bench
