// Synchronisation over a network that breaks: at every byte, with lost and repeated requests, and
// with all of it by seed. SYNCLINE_FAULT_SEEDS says how many seeds.
#include <cstdlib>
#include <random>

#include "integration/faulty_world.hpp"

namespace syncline::test {
namespace {

using namespace std::chrono_literals;

/// A name of always the same length, so that every run has the same bytes.
std::string tenant_name(std::uint64_t number) { return "t" + std::to_string(100'000 + number); }

Faults cut_at(bool answers, std::uint64_t byte) {
  Faults faults;
  (answers ? faults.cut_answers_after : faults.cut_requests_after) = byte;
  faults.stay_cut = true;
  return faults;
}

/// What a run that is cut once is made of. The first attempt may fail; the next one may not.
struct CutWorld {
  TestServer server;
  FaultProxy proxy{server.server().port()};
  std::uint64_t runs = 0;

  /// One edge meets the server for the first time; rows of both collide, and each has a
  /// transaction.
  void round(const Faults& faults) {
    const std::string name = tenant_name(runs++);
    Replica& cloud = server.add_tenant(name).replica();
    REQUIRE(cloud.put("t", "1", Payload::json("\"cloud\"")));
    write_pair(cloud, "t", "\"cloud\"");
    int halves = 0;
    const Subscription watch =
        cloud.subscribe([&](Lsn) { halves += is_whole(cloud, "u") ? 0 : 1; });
    Participant edge(name, proxy.url());
    edge.put("1", "\"edge\"");
    write_pair(edge.replica(), "u", "\"edge\"");
    edge.put("2", "\"edge\"");
    proxy.set(faults);
    const bool done = edge.client().sync().has_value();
    CHECK(is_whole(cloud, "u"));
    CHECK(is_whole(edge.replica(), "t"));
    proxy.set({});
    if (runs % 2 == 0) edge.connect();
    const SyncReport retried = edge.sync();
    if (done) CHECK(retried.applied == 0);
    if (runs % 16 == 0) CHECK(edge.sync().requests == 1);
    check_same(edge.replica(), cloud);
    CHECK(cloud.statistics().changes == 7);
    CHECK(cloud.conflicts().conflicts.size() == 1);
    CHECK(halves + edge.halves() == 0);
    REQUIRE(server.tenants().remove(name));
  }

  /// An edge with a change of its own takes the server's snapshot.
  void snapshot(const Faults& faults) {
    const std::string name = tenant_name(runs++);
    Replica& cloud = server.add_tenant(name).replica();
    Participant edge(name, proxy.url(), 4);
    edge.sync();  // the server's limits are known now, so that there are several pages
    for (const char* row : {"1", "2", "1"}) REQUIRE(cloud.put("t", row, Payload::json("[1]")));
    write_pair(cloud, "t", "\"cloud\"");
    edge.put("1", "\"edge\"");
    proxy.set(faults);
    const bool done = edge.client().bootstrap().has_value();
    CHECK(is_whole(edge.replica(), "t"));
    if (!done) CHECK(edge.replica().statistics().changes == 1);
    proxy.set({});
    if (runs % 2 == 0) edge.connect();
    if (!done) {
      const auto again = edge.client().bootstrap();
      REQUIRE_MESSAGE(again, to_string(again.error()));
    }
    edge.sync();
    check_same(edge.replica(), cloud);
    CHECK(cloud.statistics().changes == 6);
    CHECK(cloud.conflicts().conflicts.size() == 1);
    CHECK(edge.halves() == 0);
    REQUIRE(server.tenants().remove(name));
  }

  /// Runs it with a cut behind each byte, until none is left to be cut at. How many there were.
  template <typename Run>
  std::uint64_t at_every_byte(bool answers, Run run) {
    for (std::uint64_t byte = 0;; ++byte) {
      CAPTURE(answers);
      CAPTURE(byte);
      const std::uint64_t before = proxy.counts().cuts;
      run(cut_at(answers, byte));
      if (proxy.counts().cuts == before) return byte;
    }
  }
};

/// Three replicas, each behind a network of its own, do what a seed says.
class SeededWorld {
 public:
  explicit SeededWorld(std::uint64_t seed) : random_(seed) {
    for (std::size_t i = 0; i < 3; ++i) {
      networks_.push_back(std::make_unique<FaultProxy>(server_.server().port()));
      edges_.push_back(std::make_unique<Participant>("acme", networks_.back()->url(), 5));
    }
  }

  void step() {
    const std::size_t i = pick(edges_.size());
    Participant& edge = *edges_[i];
    switch (pick(7)) {
      case 0:
        networks_[i]->set(some_faults());
        break;
      case 1:
        edge.connect();
        break;
      case 2:
        write_pair(edge.replica(), "of-" + std::to_string(i), std::to_string(pick(1000)));
        break;
      case 3:
        // The row may not be there.
        if (!edge.replica().erase("t", some_row()) && pick(2) == 0) edge.put("own", "0");
        break;
      case 4:
      case 5:
        edge.put(some_row(), std::to_string(pick(1000)));
        break;
      default:
        if (!edge.client().sync()) ++failures_;
    }
  }

  /// With the network mended, two rounds of each make all the same.
  void settle() {
    for (const auto& network : networks_) network->set({});
    for (int round = 0; round < 2; ++round) {
      for (const auto& edge : edges_) edge->sync();
    }
    for (const auto& edge : edges_) {
      check_same(edge->replica(), cloud_);
      CHECK(edge->halves() == 0);
    }
  }
  int failures() const { return failures_; }
  std::size_t conflicts() const { return conflict_names(cloud_).size(); }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  std::string some_row() { return std::to_string(pick(6)); }
  Faults some_faults() {
    Faults faults;
    if (pick(3) == 0) faults.cut_requests_after = pick(1500);
    if (pick(3) == 0) faults.cut_answers_after = pick(1500);
    if (pick(4) == 0) faults.break_percent = 50;
    faults.stay_cut = pick(2) == 0;
    faults.seed = pick(1000);
    faults.repeat_requests = pick(2) == 0;
    faults.delay = std::chrono::milliseconds(pick(2));
    return faults;
  }

  std::mt19937_64 random_;
  TestServer server_;
  Replica& cloud_ = server_.add_tenant("acme").replica();
  std::vector<std::unique_ptr<FaultProxy>> networks_;
  std::vector<std::unique_ptr<Participant>> edges_;
  int failures_ = 0;
};

std::uint64_t seeds_wanted() {
  const char* wanted = std::getenv("SYNCLINE_FAULT_SEEDS");
  return wanted == nullptr ? 25 : std::strtoull(wanted, nullptr, 10);
}

}  // namespace

TEST_SUITE("sync over a faulty network") {
  TEST_CASE("a first exchange that is cut at any byte loses nothing and does nothing twice") {
    CutWorld world;
    for (const bool answers : {false, true}) {
      const auto run = [&](const Faults& faults) { world.round(faults); };
      CHECK(world.at_every_byte(answers, run) > 1000);
    }
  }

  TEST_CASE("a snapshot that is cut at any byte is taken whole or not at all") {
    CutWorld world;
    for (const bool answers : {false, true}) {
      const auto run = [&](const Faults& faults) { world.snapshot(faults); };
      CHECK(world.at_every_byte(answers, run) > 300);
    }
  }

  TEST_CASE("answers that are lost again and again cost nothing but time") {
    TestServer server;
    Replica& cloud = server.add_tenant("acme").replica();
    FaultProxy network(server.server().port());
    Participant edge("acme", network.url(), 3);
    for (int i = 0; i < 9; ++i) edge.put(std::to_string(i), "1");
    for (int attempt = 0; attempt < 5; ++attempt) {
      network.set(cut_at(true, 0));
      edge.connect();
      CHECK_FALSE(edge.client().sync());
    }
    network.set({});
    edge.sync();
    check_same(edge.replica(), cloud);
    CHECK(cloud.statistics().changes == 9);
  }

  TEST_CASE("requests that arrive twice, at once, change nothing") {
    TestServer server;
    Replica& cloud = server.add_tenant("acme").replica();
    FaultProxy network(server.server().port());
    Faults faults;
    faults.repeat_requests = true;
    network.set(faults);
    Participant edge("acme", network.url(), 10);
    Participant other("acme", network.url(), 10);
    for (int i = 0; i < 95; ++i) {
      edge.put(std::to_string(i), "1");
      other.put(std::to_string(i * 2), "2");
    }
    std::thread beside([&] { CHECK(other.client().sync()); });
    edge.sync();
    beside.join();
    other.sync();
    edge.sync();
    check_same(edge.replica(), cloud);
    check_same(other.replica(), cloud);
    CHECK(cloud.statistics().changes == 190);
    CHECK(cloud.conflict_statistics().total == 48);
    CHECK(network.counts().repeated > 20);
  }

  TEST_CASE("a slow network and a partition hold up only those behind them") {
    TestServer server;
    Replica& cloud = server.add_tenant("acme").replica();
    FaultProxy slow(server.server().port());
    FaultProxy parted(server.server().port());
    Faults faults;
    faults.delay = 30ms;
    faults.bytes_per_second = 100'000;
    slow.set(faults);
    faults = {};
    faults.hold = true;
    parted.set(faults);
    Participant near("acme", server.server().url());
    Participant far("acme", slow.url());
    Participant away("acme", parted.url());
    for (Participant* each : {&near, &far, &away}) each->put("1", "1");
    std::thread waiting([&] { CHECK(away.client().sync()); });
    far.sync();
    near.sync();
    CHECK(cloud.statistics().changes == 2);
    parted.set({});
    waiting.join();
    for (int round = 0; round < 2; ++round) {
      for (Participant* each : {&near, &far, &away}) each->sync();
    }
    for (Participant* each : {&near, &far, &away}) check_same(each->replica(), cloud);
    CHECK(cloud.statistics().changes == 3);
  }

  TEST_CASE("whatever goes wrong together, two rounds afterwards all are the same") {
    int failures = 0;
    std::size_t conflicts = 0;
    const std::uint64_t seeds = seeds_wanted();
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(seed);
      SeededWorld world(seed);
      for (int step = 0; step < 150; ++step) world.step();
      world.settle();
      failures += world.failures();
      conflicts += world.conflicts();
    }
    // Else nothing would have been tried.
    CHECK(failures > 0);
    CHECK(conflicts > seeds);
  }
}

}  // namespace syncline::test
