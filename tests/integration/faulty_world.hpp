// A server and replicas whose network breaks as a test says.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "support/fault_proxy.hpp"
#include "support/test_server.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::test {

/// Two rows that one transaction writes: nobody may ever see one without the other.
inline constexpr const char* pair_first = "pair-1";
inline constexpr const char* pair_second = "pair-2";

inline void write_pair(Replica& replica, std::string_view table, std::string_view json) {
  const std::vector<Write> both{
      {WriteKind::put, table, pair_first, Payload::json(json), {}},
      {WriteKind::put, table, pair_second, Payload::json(json), {}},
  };
  REQUIRE(replica.transaction(both));
}

/// True if both rows say the same, or neither is there.
inline bool is_whole(const Replica& replica, std::string_view table) {
  const Row first = replica.get(table, pair_first);
  const Row second = replica.get(table, pair_second);
  if (!first.exists() || !second.exists()) return first.exists() == second.exists();
  return first.winner->data == second.winner->data;
}

inline std::set<std::string> conflict_names(const Replica& replica) {
  std::set<std::string> names;
  ConflictQuery query;
  query.limit = 10'000;
  const ConflictPage page = replica.conflicts(query);
  for (const ConflictReport& report : page.conflicts) {
    const std::string winner = report.winner_dot ? to_string(*report.winner_dot) : "none";
    names.insert(to_string(report.id) + ' ' + std::string(to_string(report.status)) + ' ' + winner);
  }
  return names;
}

/// A replica with a client. It looks after every append whether the pairs of all tables are whole.
class Participant {
 public:
  /// `clock` null: the system's.
  Participant(std::string tenant, std::string url, std::size_t batch_changes = 5000,
              Clock* clock = nullptr)
      : tenant_(std::move(tenant)), url_(std::move(url)), batch_changes_(batch_changes) {
    Replica::Options options;
    options.tenant = tenant_;
    options.clock = clock;
    auto opened = Replica::open(std::move(options));
    REQUIRE(opened);
    replica_ = std::move(*opened);
    watch_ = replica_->subscribe([this](Lsn) {
      for (const std::string& table : replica_->tables()) {
        if (!is_whole(*replica_, table)) ++halves_;
      }
    });
    connect();
  }
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;
  ~Participant() { watch_ = Subscription(); }

  Replica& replica() { return *replica_; }
  SyncClient& client() { return *client_; }
  int halves() const { return halves_; }

  /// As after a new start of the program.
  void connect() {
    client_.reset();
    HttpTransportOptions options;
    options.url = url_;
    auto transport = make_http_transport(options);
    REQUIRE(transport);
    transport_ = std::move(*transport);
    SyncClient::Options sync;
    sync.tenant = tenant_;
    sync.batch_changes = batch_changes_;
    client_ = std::make_unique<SyncClient>(*replica_, *transport_, sync);
  }
  void put(std::string_view row_id, std::string_view json) {
    REQUIRE(replica_->put("t", row_id, Payload::json(json)));
  }
  /// A round that has to go well.
  SyncReport sync() {
    auto report = client_->sync();
    REQUIRE_MESSAGE(report, to_string(report.error()));
    return std::move(*report);
  }

 private:
  const std::string tenant_;
  const std::string url_;
  const std::size_t batch_changes_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<SyncClient> client_;
  int halves_ = 0;
  Subscription watch_;
};

/// Everything that has to be the same where the same changes are, and that each is there once.
inline void check_same(Replica& left, Replica& right) {
  CHECK(left.visible_checksum() == right.visible_checksum());
  CHECK(left.summary() == right.summary());
  CHECK(conflict_names(left) == conflict_names(right));
  const std::uint64_t changes = left.statistics().changes;
  CHECK(changes == right.statistics().changes);
  std::uint64_t known = 0;
  const VectorClock summary = left.summary();
  for (const VectorClock::Entry& entry : summary.entries()) known += entry.seq;
  CHECK(changes == known);
}

}  // namespace syncline::test
