// A server that is killed at any moment, again and again. SYNCLINE_CRASH_ROUNDS says how often.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "integration/data_directory.hpp"
#include "support/test_server.hpp"

namespace {

using namespace std::chrono_literals;
using namespace syncline;
using cli_test::DataServer;

/// What a PUT was answered with, or what the log says.
struct Written {
  std::string origin;
  std::uint64_t seq = 0;
  std::string row_id;
  std::string data;
  friend bool operator==(const Written&, const Written&) = default;
};

Written written_of(const nlohmann::json& change) {
  return {change.at("origin"), change.at("seq"), change.at("row_id"), change.at("data").dump()};
}

std::unique_ptr<Transport> connect_to(const DataServer& server) {
  HttpTransportOptions options;
  options.url = server.url();
  auto transport = make_http_transport(options);
  REQUIRE(transport);
  return std::move(*transport);
}

/// What was acknowledged, by LSN. Shared by the writers.
class Acknowledged {
 public:
  void add(Lsn lsn, Written written) {
    const std::lock_guard lock(mutex_);
    const auto [place, added] = by_lsn_.emplace(lsn, std::move(written));
    if (!added) ++twice_;
    if (!dots_.insert({place->second.origin, place->second.seq}).second) ++twice_;
  }
  std::map<Lsn, Written> all() const {
    const std::lock_guard lock(mutex_);
    return by_lsn_;
  }
  int twice() const { return twice_; }

 private:
  mutable std::mutex mutex_;
  std::map<Lsn, Written> by_lsn_;
  std::set<std::pair<std::string, std::uint64_t>> dots_;
  std::atomic<int> twice_{0};
};

/// Writes rows until the server is gone.
void write_until_killed(const DataServer& server, int writer, int round,
                        Acknowledged& acknowledged) {
  const auto transport = connect_to(server);
  for (int i = 0;; ++i) {
    // Some rows are written again and again, some once.
    const std::string row =
        std::to_string(writer) + (i % 3 == 0 ? "-" + std::to_string(round) : "");
    const std::string data = "\"" + std::to_string(round) + "/" + std::to_string(i) +
                             std::string(static_cast<std::size_t>(i * 37 % 900), 'x') + "\"";
    const auto answer = transport->send(
        {"PUT", "/v1/tenants/default/rows/t/" + row, {{"Content-Type", "application/json"}}, data});
    if (!answer) return;
    if (answer->status != 200 && answer->status != 201) continue;
    const nlohmann::json change = test::json_of(*answer);
    acknowledged.add(change.at("lsn"), written_of(change));
  }
}

/// Reads the stream of changes from its cursor on, as a consumer does.
class Follower {
 public:
  /// Reads all there is, or until the server is gone.
  void read(Transport& transport) {
    while (true) {
      std::string target = "/v1/tenants/default/changes?limit=200&since=";
      target += cursor_.empty() ? "beginning" : cursor_;
      const auto answer = transport.send({"GET", target, {}, {}});
      if (!answer) return;
      REQUIRE(answer->status == 200);
      const nlohmann::json page = test::json_of(*answer);
      for (const nlohmann::json& change : page.at("changes")) {
        REQUIRE(change.at("lsn").get<Lsn>() == seen_.size() + 1);
        seen_.push_back(written_of(change));
      }
      cursor_ = page.at("cursor");
      if (!page.at("has_more").get<bool>()) return;
    }
  }
  const std::vector<Written>& seen() const { return seen_; }

 private:
  std::string cursor_;
  std::vector<Written> seen_;
};

int rounds_wanted() {
  const char* wanted = std::getenv("SYNCLINE_CRASH_ROUNDS");
  return wanted == nullptr ? 6 : std::atoi(wanted);
}

}  // namespace

TEST_CASE("whatever the moment of the kill, nothing acknowledged is lost and nothing comes twice") {
  constexpr int writers = 6;
  const cli_test::Scratch scratch;
  const std::string directory = scratch / "data";
  const unsigned seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  auto server = std::make_unique<DataServer>(directory);
  Acknowledged acknowledged;
  Follower follower;
  const int rounds = rounds_wanted();
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back(
          [&, writer] { write_until_killed(*server, writer, round, acknowledged); });
    }
    const auto transport = connect_to(*server);
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::microseconds(std::uniform_int_distribution(500, 250'000)(random));
    while (std::chrono::steady_clock::now() < end) follower.read(*transport);
    server->stop(SIGKILL);
    for (std::thread& thread : threads) thread.join();
    server = std::make_unique<DataServer>(directory);

    const auto again = connect_to(*server);
    follower.read(*again);
    REQUIRE(acknowledged.twice() == 0);
    std::size_t wrong = 0;  // too many to be counted as assertions
    for (const auto& [lsn, written] : acknowledged.all()) {
      const bool there = lsn <= follower.seen().size() && follower.seen()[lsn - 1] == written;
      if (!there) ++wrong;
    }
    REQUIRE(wrong == 0);
  }
  // From the beginning: the order is what the follower was told, over all the crashes.
  Follower fresh;
  fresh.read(*connect_to(*server));
  CHECK(fresh.seen() == follower.seen());
  std::set<std::pair<std::string, std::uint64_t>> dots;
  for (const Written& written : fresh.seen()) {
    CHECK(dots.insert({written.origin, written.seq}).second);
    CHECK(written.origin == fresh.seen().front().origin);
  }
  MESSAGE(rounds << " kills, " << acknowledged.all().size() << " changes acknowledged, "
                 << fresh.seen().size() << " in the log");
  CHECK(fresh.seen().size() >= acknowledged.all().size());
  server->stop();
  const auto verified = cli_test::run({"verify", directory});
  CHECK_MESSAGE(verified.status == 0, verified.out << verified.err);
}
