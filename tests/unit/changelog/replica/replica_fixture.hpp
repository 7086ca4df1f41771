// Replicas for tests: fixed names, a clock that stands still, and ways to pass changes on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/replica.hpp"

namespace syncline::test {

inline NodeId node_named(std::uint8_t number) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes[0] = number;
  bytes[15] = 1;
  return NodeId(bytes);
}

/// A replica on a clock of its own.
struct Node {
  explicit Node(std::uint8_t number, const std::string& policy = "lww",
                std::shared_ptr<Journal> journal = nullptr)
      : clock(1'000'000'000'000'000 + number), random(number) {
    Replica::Options options;
    options.node = node_named(number);
    options.clock = &clock;
    options.random = &random;
    options.policies.default_policy = policy;
    options.journal = std::move(journal);
    replica = Replica::open(std::move(options)).value();
  }
  Replica* operator->() const { return replica.get(); }
  Replica& operator*() const { return *replica; }

  ManualClock clock;
  SeededRandom random;
  std::unique_ptr<Replica> replica;
};

inline std::string_view record_of(const LogEntry& entry) {
  const auto bytes = entry.change.record;
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// All records of a replica's log above `after`; valid as long as the page.
struct Records {
  explicit Records(const Replica& from, Lsn after = 0) : page(read(from, after)) {
    for (const LogEntry& entry : page.entries) views.push_back(record_of(entry));
  }
  static ReadPage read(const Replica& from, Lsn after) {
    ReadOptions options;
    options.after = after;
    options.limit = 1'000'000;
    return from.read(options).value();
  }
  ReadPage page;
  std::vector<std::string_view> views;
};

/// Gives `to` everything that `from` has.
inline IntegrateResult deliver(const Node& from, const Node& to) {
  const Records records(*from);
  return to->integrate(records.views);
}

inline void exchange(const Node& left, const Node& right) {
  deliver(left, right);
  deliver(right, left);
}

inline std::string text_of(const Row& row) {
  return row.exists() ? std::string(row.winner->data) : "(none)";
}

}  // namespace syncline::test
