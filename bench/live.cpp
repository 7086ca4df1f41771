// How long a change takes from its commit at one edge until it is visible at others, over live
// connections to one server.
//
//   bench_live [listeners…]
//
// listeners: how many edges listen, one measurement each; 1 and 100 if none is given
//
// The server is the program `syncline`, in memory; writer and listeners are replicators of this
// process, so that one clock times both ends.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "server_process.hpp"
#include "syncline/replicator.hpp"

namespace syncline::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t changes_a_second = 1'000;
constexpr std::size_t changes = 5 * changes_a_second;
constexpr auto patience = 60s;

std::int64_t now_ns() {
  return std::chrono::nanoseconds(SteadyClock::now().time_since_epoch()).count();
}

/// A replica that is kept in sync, and notes how old each change is that comes in.
class LiveEdge {
 public:
  explicit LiveEdge(const ServerProcess& server) : replica_(open_replica()) {
    ages_ns_.reserve(changes);
    watch_ = replica_->subscribe([this](Lsn last) { note(last); });
    auto ports = make_http_ports({.url = server.url()});
    expect(ports.has_value(), "no ports");
    Replicator::Options options;
    options.replica = replica_.get();
    options.ports = std::move(*ports);
    auto made = Replicator::make(std::move(options));
    expect(made.has_value(), "no replicator");
    replicator_ = std::move(*made);
    replicator_->start();
  }
  ~LiveEdge() {
    replicator_->stop();
    watch_ = Subscription();
  }
  LiveEdge(const LiveEdge&) = delete;
  LiveEdge& operator=(const LiveEdge&) = delete;

  bool is_live() const { return replicator_->status().state == ReplicatorState::live; }
  std::size_t received() const { return received_; }
  /// Once everything was received.
  const std::vector<std::int64_t>& ages_ns() const { return ages_ns_; }

  /// The payload begins with the time at which the write was asked for.
  void write(std::size_t i) {
    std::string payload(payload_bytes, 'x');
    const std::int64_t begun = now_ns();
    std::memcpy(payload.data(), &begun, sizeof begun);
    expect(replica_->put(table, workload().row_id(i), Payload::raw(payload)).has_value(),
           "a write failed");
  }

 private:
  void note(Lsn last) {
    const std::int64_t now = now_ns();
    const LogReader log = replica_->log();
    for (; seen_ < last; ++seen_) {
      const std::string_view data = log.at(seen_ + 1).change.data;
      std::int64_t begun = 0;
      std::memcpy(&begun, data.data(), std::min(data.size(), sizeof begun));
      ages_ns_.push_back(now - begun);
    }
    received_ = ages_ns_.size();
  }

  std::unique_ptr<Replica> replica_;
  Lsn seen_ = 0;  // of the thread that appends
  std::vector<std::int64_t> ages_ns_;
  std::atomic<std::size_t> received_{0};
  Subscription watch_;
  std::unique_ptr<Replicator> replicator_;
};

template <typename Condition>
void wait_for(Condition&& condition, const char* what) {
  const auto end = SteadyClock::now() + patience;
  while (!condition()) {
    expect(SteadyClock::now() < end, what);
    std::this_thread::sleep_for(5ms);
  }
}

double milliseconds_at(const std::vector<std::int64_t>& sorted, double share) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return 1e-6 * static_cast<double>(sorted[static_cast<std::size_t>(share * last)]);
}

void measure(std::size_t listener_count) {
  const ServerProcess server;
  LiveEdge writer(server);
  std::vector<std::unique_ptr<LiveEdge>> listeners;
  for (std::size_t i = 0; i < listener_count; ++i) {
    listeners.push_back(std::make_unique<LiveEdge>(server));
  }
  const auto all = [&](auto&& holds) {
    return std::all_of(listeners.begin(), listeners.end(),
                       [&](const auto& each) { return holds(*each); });
  };
  wait_for(
      [&] { return writer.is_live() && all([](const LiveEdge& each) { return each.is_live(); }); },
      "not all connections are live");
  const auto begun = SteadyClock::now();
  for (std::size_t i = 0; i < changes; ++i) {
    std::this_thread::sleep_until(begun + i * (1'000'000us / changes_a_second));
    writer.write(i);
  }
  const std::chrono::duration<double> took = SteadyClock::now() - begun;
  wait_for([&] { return all([](const LiveEdge& each) { return each.received() >= changes; }); },
           "not everything came");
  std::vector<std::int64_t> ages;
  for (const auto& each : listeners) {
    ages.insert(ages.end(), each->ages_ns().begin(), each->ages_ns().end());
  }
  std::sort(ages.begin(), ages.end());
  std::printf("%3zu listeners, %.0f changes/s: p50 %.2f ms, p99 %.2f ms, longest %.2f ms\n",
              listener_count, static_cast<double>(changes) / took.count(),
              milliseconds_at(ages, 0.5), milliseconds_at(ages, 0.99), milliseconds_at(ages, 1));
}

}  // namespace
}  // namespace syncline::bench

int main(int count, char** words) {
  using namespace syncline::bench;
  std::vector<std::size_t> wanted;
  for (int i = 1; i < count; ++i) {
    wanted.push_back(std::strtoull(words[i], nullptr, 10));
    expect(wanted.back() > 0, "the words are numbers of listeners");
  }
  if (wanted.empty()) wanted = {1, 100};
  for (const std::size_t listeners : wanted) measure(listeners);
  return 0;
}
