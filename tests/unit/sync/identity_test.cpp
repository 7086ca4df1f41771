// What comes back older than it was, or twice, at every step of a history.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/identity_world.hpp"
#include "support/journal_over.hpp"
#include "support/results.hpp"

namespace syncline::test {
namespace {

enum class Act { put, erase, sync };

/// What one of them does. Replica 0 is the server, 1 and 2 are edges.
struct Step {
  Act act;
  std::size_t at;
  const char* row = "";
};

/// Edits of two edges and the server, online and offline, deletes, exchanges between them.
const std::vector<Step>& script() {
  static const std::vector<Step> steps = {
      {Act::put, 1, "a"}, {Act::sync, 1},       {Act::put, 0, "b"}, {Act::sync, 2},
      {Act::put, 2, "a"}, {Act::put, 1, "a"},   {Act::put, 0, "a"}, {Act::sync, 1},
      {Act::put, 1, "a"}, {Act::erase, 1, "b"}, {Act::sync, 2},     {Act::sync, 1},
      {Act::put, 0, "b"}, {Act::put, 2, "c"},   {Act::put, 2, "a"}, {Act::sync, 2},
      {Act::put, 0, "c"}, {Act::sync, 1},       {Act::put, 1, "c"}, {Act::erase, 2, "c"},
      {Act::sync, 2},     {Act::put, 0, "a"},   {Act::sync, 1},     {Act::put, 1, "a"},
      {Act::put, 1, "d"}, {Act::sync, 1},       {Act::put, 2, "d"}, {Act::sync, 2},
  };
  return steps;
}

void act(IdentityWorld& world, const Step& step, std::size_t at) {
  switch (step.act) {
    case Act::put:
      world.put(at, step.row);
      break;
    case Act::erase:
      world.erase(at, step.row);
      break;
    case Act::sync:
      world.sync(at - 1);
      break;
  }
}

/// The script, with every step of replica `twice` also done by its copy, replica `copy`.
void act_from(IdentityWorld& world, std::size_t from, std::size_t twice = 0, std::size_t copy = 0) {
  for (std::size_t i = from; i < script().size(); ++i) {
    const Step& step = script()[i];
    act(world, step, step.at);
    if (copy != 0 && step.at == twice) act(world, step, copy);
  }
}

}  // namespace

TEST_CASE("an edge that was cloned at any step goes on as two") {
  for (const char* policy : {"lww", "causal"}) {
    for (const std::size_t cloned : {std::size_t{1}, std::size_t{2}}) {
      for (std::size_t step = 0; step <= script().size(); ++step) {
        CAPTURE(std::string(policy));
        CAPTURE(cloned);
        CAPTURE(step);
        IdentityWorld world(2, policy);
        for (std::size_t i = 0; i < step; ++i) act(world, script()[i], script()[i].at);
        const std::size_t copy = world.add_edge(world.copy_of(cloned)) + 1;
        act_from(world, step, cloned, copy);
        world.settle();
      }
    }
  }
}

TEST_CASE("a replica that is put back at any step to any earlier one goes on") {
  for (const char* policy : {"lww", "causal"}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
      for (std::size_t copied = 0; copied < script().size(); ++copied) {
        for (std::size_t back = copied + 1; back <= script().size(); ++back) {
          for (const bool declared : {false, true}) {
            CAPTURE(std::string(policy));
            CAPTURE(at);
            CAPTURE(copied);
            CAPTURE(back);
            CAPTURE(declared);
            IdentityWorld world(2, policy);
            for (std::size_t i = 0; i < copied; ++i) act(world, script()[i], script()[i].at);
            const auto journal = world.copy_of(at);
            for (std::size_t i = copied; i < back; ++i) act(world, script()[i], script()[i].at);
            world.put_back(at, journal, declared);
            act_from(world, back);
            world.settle();
          }
        }
      }
    }
  }
}

namespace {

/// One long history at random: writes, exchanges, copies taken, put back and started beside.
void act_at_random(IdentityWorld& world, std::mt19937_64& random) {
  std::vector<std::pair<std::size_t, std::shared_ptr<MemoryJournal>>> copies;
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  for (int i = 0; i < 60; ++i) {
    const std::size_t at = below(world.replicas());
    const std::string row(1, static_cast<char>('a' + below(4)));
    const std::size_t dice = below(100);
    if (dice < 45) {
      world.put(at, row);
    } else if (dice < 53) {
      world.erase(at, row);
    } else if (dice < 80) {
      world.sync(below(world.edges()));
    } else if (dice < 90) {
      copies.emplace_back(at, world.copy_of(at));
    } else if (dice < 97 && !copies.empty()) {
      const auto& [of, journal] = copies[below(copies.size())];
      world.put_back(of, journal->copy(), below(4) == 0);
    } else if (at != 0 && world.edges() < 5) {
      world.add_edge(world.copy_of(at), below(4) == 0);
    }
  }
}

}  // namespace

TEST_CASE("what comes back older or twice, again and again, at random") {
  IdentityWorld::Totals totals;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    IdentityWorld world(3, seed % 2 == 0 ? "lww" : "causal", seed);
    act_at_random(world, random);
    world.settle();
    totals.identity_changes += world.totals().identity_changes;
    totals.rewritten += world.totals().rewritten;
    totals.voided += world.totals().voided;
  }
  MESSAGE(totals.identity_changes << " new ids, " << totals.rewritten << " rewritten, "
                                  << totals.voided << " voided");
  CHECK(totals.identity_changes > 300);
  CHECK(totals.rewritten > 150);
  CHECK(totals.voided > 100);
}

namespace {

/// A client to the world's server on a replica of its own.
struct OwnEdge {
  OwnEdge(IdentityWorld& world, std::shared_ptr<Journal> journal,
          std::vector<std::string> tables = {}) {
    Replica::Options options;
    options.clock = &world.clock();
    options.journal = std::move(journal);
    replica = Replica::open(std::move(options)).value();
    SyncClient::Options client_options;
    client_options.tables = std::move(tables);
    client = std::make_unique<SyncClient>(*replica, world.server().transport, client_options);
  }
  void put(std::string_view table, std::string_view row, std::string_view json) {
    REQUIRE(replica->put(table, row, Payload::json(json)));
  }
  SyncReport sync() {
    const Result<SyncReport> report = client->sync();
    if (!report) FAIL(to_string(report.error()));
    return *report;
  }

  std::unique_ptr<Replica> replica;
  std::unique_ptr<SyncClient> client;
};

/// A journal that says itself how much of it would survive, once it was told to.
class LaggingJournal final : public JournalOver {
 public:
  using JournalOver::JournalOver;
  Lsn durable_lsn() const noexcept override {
    return std::min(durable, JournalOver::durable_lsn());
  }
  Lsn durable = std::numeric_limits<Lsn>::max();
};

std::string value_of(Replica& replica, std::string_view table, std::string_view row) {
  const Row found = replica.get(table, row);
  return found.exists() ? std::string(found.winner->data) : "(none)";
}

}  // namespace

TEST_CASE("a replica of some tables that is put back writes anew what it has of its own") {
  IdentityWorld world(0, "lww");
  REQUIRE(world.replica(0).put("unwanted", "1", Payload::json("1")));
  const auto journal = std::make_shared<MemoryJournal>();
  std::shared_ptr<MemoryJournal> backup;
  {
    OwnEdge edge(world, journal, {"t"});
    edge.put("t", "a", "1");
    edge.put("elsewhere", "b", "1");
    edge.sync();
    backup = journal->copy();
    edge.put("t", "a", "2");
    edge.sync();
  }
  OwnEdge edge(world, backup, {"t"});
  edge.put("t", "c", "3");
  edge.put("elsewhere", "b", "4");
  const SyncReport report = edge.sync();
  CHECK(report.identity_changed);
  CHECK(report.rewritten == 2);
  CHECK(value_of(*edge.replica, "t", "a") == "2");
  CHECK(value_of(world.replica(0), "t", "c") == "3");
  CHECK(value_of(world.replica(0), "elsewhere", "b") == "4");
  CHECK(value_of(*edge.replica, "unwanted", "1") == "(none)");
  CHECK(edge.sync().requests == 1);
}

TEST_CASE("what a server has trimmed is known to be delivered by the hash of the chain") {
  IdentityWorld world(0, "lww");
  const auto journal = std::make_shared<MemoryJournal>();
  std::shared_ptr<MemoryJournal> backup;
  {
    OwnEdge edge(world, journal);
    for (const char* json : {"1", "2", "3"}) edge.put("t", "a", json);
    edge.sync();
    backup = journal->copy();
    for (const char* json : {"4", "5"}) edge.put("t", "a", json);
    edge.sync();
  }
  REQUIRE(world.replica(0).trim(4));
  REQUIRE(world.replica(0).log().first_lsn() == 4);
  OwnEdge edge(world, backup);
  const SyncReport report = edge.sync();
  REQUIRE(report.identity_changed);
  CHECK(report.rewritten + report.voided == 0);
  CHECK(value_of(*edge.replica, "t", "a") == "5");
  CHECK(edge.replica->summary() == world.replica(0).summary());
  CHECK(edge.replica->origin(report.identity_changed->before).whole);
  edge.put("t", "a", "6");
  CHECK(edge.sync().accepted == 1);
  CHECK(value_of(world.replica(0), "t", "a") == "6");
}

TEST_CASE("who has trimmed what the server lacks gives it a snapshot, and receives all the same") {
  IdentityWorld world(0, "lww");
  REQUIRE(world.replica(0).put("t", "of the server", Payload::json("1")));
  OwnEdge edge(world, std::make_shared<MemoryJournal>());
  for (int i = 0; i < 5; ++i) edge.put("t", "a", std::to_string(i));
  REQUIRE(edge.replica->trim(4));
  edge.sync();
  CHECK(value_of(*edge.replica, "t", "of the server") == "1");
  CHECK(value_of(world.replica(0), "t", "a") == "4");
  CHECK(world.replica(0).summary() == edge.replica->summary());
}

TEST_CASE("what a rebase wrote leaves only when it is durable") {
  IdentityWorld world(0, "lww");
  const auto journal = std::make_shared<MemoryJournal>();
  std::shared_ptr<MemoryJournal> backup;
  {
    OwnEdge edge(world, journal);
    edge.put("t", "a", "1");
    edge.sync();
    backup = journal->copy();
    edge.put("t", "b", "2");
    edge.sync();
  }
  const auto lagging = std::make_shared<LaggingJournal>(backup);
  OwnEdge edge(world, lagging);
  edge.put("t", "c", "3");
  const Snapshot snapshot = world.replica(0).snapshot();
  REQUIRE(edge.replica->rebase(snapshot));
  const NodeId id = edge.replica->node();
  lagging->durable = snapshot.lsn;
  edge.sync();
  CHECK(world.replica(0).summary().get(id) == 0);
  lagging->durable = std::numeric_limits<Lsn>::max();
  edge.sync();
  CHECK(world.replica(0).summary().get(id) == 1);
  CHECK(value_of(world.replica(0), "t", "c") == "3");
}

TEST_CASE(
    "what was answered to an id that the replica has no more does not count against the next") {
  IdentityWorld world(0, "lww");
  OwnEdge edge(world, std::make_shared<MemoryJournal>());
  edge.put("t", "a", "1");
  edge.sync();
  /// While an answer is on its way, the replica gets another id.
  class Meanwhile final : public Transport {
   public:
    Meanwhile(Transport& server, Replica& replica) : server_(server), replica_(replica) {}
    Result<HttpResponse> send(const HttpRequest& request) override {
      auto response = server_.send(request);
      if (!std::exchange(done_, true)) CHECK(replica_.reidentify());
      return response;
    }
    TransportStatistics statistics() const override { return server_.statistics(); }

   private:
    Transport& server_;
    Replica& replica_;
    bool done_ = false;
  };
  const NodeId before = edge.replica->node();
  Meanwhile meanwhile(world.server().transport, *edge.replica);
  SyncClient client(*edge.replica, meanwhile, {});
  const auto report = client.sync();
  REQUIRE(report);
  CHECK(edge.replica->node() != before);
  CHECK_FALSE(report->identity_changed);
  edge.put("t", "a", "2");
  CHECK(client.sync().value().accepted == 1);
  CHECK(value_of(world.replica(0), "t", "a") == "2");
}

TEST_CASE("nobody makes a server take one new id after the other") {
  IdentityWorld world(0, "lww");
  auto& server = world.server();
  RegisterRequest request;
  request.protocol = {protocol_version};
  request.node_id = NodeId::generate(system_random());
  const NodeId first = world.replica(0).node();
  request.clock = WireClock(VectorClock{{first, 1000}});
  REQUIRE(server.hub.register_peer(server.tenant, request));
  const NodeId second = world.replica(0).node();
  CHECK(second != first);
  request.clock = WireClock(VectorClock{{second, 1000}});
  const auto refused = server.hub.register_peer(server.tenant, request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(world.replica(0).node() == second);
  dynamic_cast<ManualClock&>(world.clock()).advance_us(std::uint64_t{11} * 60'000'000);
  REQUIRE(server.hub.register_peer(server.tenant, request));
  CHECK(world.replica(0).node() != second);
}

TEST_CASE("a server that never agrees is given up after some rebases") {
  IdentityWorld world(0, "lww");
  OwnEdge edge(world, std::make_shared<MemoryJournal>());
  edge.put("t", "a", "1");
  /// Says of every caller that it is an older copy.
  class Stubborn final : public Transport {
   public:
    explicit Stubborn(Transport& server) : server_(server) {}
    Result<HttpResponse> send(const HttpRequest& request) override {
      if (request.target.find("/sync/exchange") == std::string::npos) return server_.send(request);
      ++refusals;
      HttpResponse response;
      response.status = 409;
      response.headers["content-type"] = "application/problem+json";
      response.body = R"({"code":"replica_rewound","detail":"never","status":409})";
      return response;
    }
    TransportStatistics statistics() const override { return server_.statistics(); }
    int refusals = 0;

   private:
    Transport& server_;
  };
  Stubborn stubborn(world.server().transport);
  SyncClient client(*edge.replica, stubborn, {});
  const auto given_up = client.sync();
  REQUIRE_FALSE(given_up);
  CHECK(given_up.error().code == ErrorCode::replica_rewound);
  CHECK(stubborn.refusals == 4);
  CHECK(value_of(*edge.replica, "t", "a") == "1");
  edge.sync();
  CHECK(value_of(world.replica(0), "t", "a") == "1");
}

}  // namespace syncline::test
