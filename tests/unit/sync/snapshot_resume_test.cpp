// First rounds by snapshot, and snapshots that go on where the connection was lost.
#include <algorithm>

#include <doctest/doctest.h>

#include "support/sync_world.hpp"

namespace syncline::test {
namespace {

SyncClient::Options small_batches(std::size_t changes) {
  SyncClient::Options options;
  options.batch_changes = changes;
  return options;
}

std::size_t snapshots_in(const HubTransport& transport) {
  const auto& targets = transport.targets();
  return static_cast<std::size_t>(std::count_if(
      targets.begin(), targets.end(),
      [](const std::string& target) { return target.find("/snapshot") != std::string::npos; }));
}

/// Forty rows that were each written thrice, in four tables.
void fill(SyncWorld& world) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 40; ++i) {
      const std::string table(1, static_cast<char>('a' + i % 4));
      REQUIRE(world.server().put(table, std::to_string(i), Payload::json(std::to_string(round))));
    }
  }
}

bool same_rows(const Replica& one, const Replica& other) {
  return one.visible_checksum() == other.visible_checksum();
}

}  // namespace

TEST_CASE("who has nothing takes the rows of a long log, and its own changes go over") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(small_batches(50));
  edge.put("own", "1");
  const SyncReport report = edge.sync();
  CHECK(snapshots_in(*edge.transport) > 0);
  CHECK(report.pushed == 1);
  CHECK(same_rows(*edge.replica, world.server()));
  // It has a place in the log: what comes next is pulled.
  const std::size_t before = snapshots_in(*edge.transport);
  REQUIRE(world.server().put("a", "new", Payload::json("1")));
  CHECK(edge.sync().pulled == 1);
  CHECK(snapshots_in(*edge.transport) == before);
}

TEST_CASE("a log that is no longer than a page is pulled") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(small_batches(120));
  CHECK(edge.sync().pulled == 120);
  CHECK(snapshots_in(*edge.transport) == 0);
}

TEST_CASE("who holds most of what the server does pulls the rest, without a place in its log") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(small_batches(200));
  edge.sync();
  // Its place is forgotten with this name.
  SyncClient::Options options = small_batches(10);
  options.remote = "another name";
  world.attach(edge, options);
  edge.sync();
  CHECK(snapshots_in(*edge.transport) == 0);
}

TEST_CASE("a snapshot goes on at the page that was lost") {
  SyncWorld reference;
  fill(reference);
  Edge whole = reference.edge(small_batches(10));
  whole.sync();
  const std::size_t pages = snapshots_in(*whole.transport);
  REQUIRE(pages >= 12);
  // The first request registers; the pages follow.
  for (unsigned lost = 2; lost <= pages + 1; ++lost) {
    CAPTURE(lost);
    for (const bool answer : {false, true}) {
      SyncWorld world;
      fill(world);
      Edge edge = world.edge(small_batches(10));
      if (answer) {
        edge.transport->lose_answer(lost);
      } else {
        edge.transport->lose_request(lost);
      }
      REQUIRE(edge.client->sync().has_error());
      edge.sync();
      CHECK(same_rows(*edge.replica, world.server()));
      CHECK(snapshots_in(*edge.transport) == pages + (answer ? 1 : 0));
    }
  }
}

TEST_CASE("what the server got between two parts of a snapshot comes by pull") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(small_batches(10));
  edge.transport->lose_answer(6);
  REQUIRE(edge.client->sync().has_error());
  REQUIRE(world.server().put("a", "0", Payload::json("\"later\"")));
  REQUIRE(world.server().put("z", "0", Payload::json("\"later\"")));
  edge.sync();
  CHECK(same_rows(*edge.replica, world.server()));
}

TEST_CASE("a snapshot of a log that is another one now is begun anew") {
  SyncWorld world;
  fill(world);
  Edge edge = world.edge(small_batches(10));
  edge.transport->lose_answer(6);
  REQUIRE(edge.client->sync().has_error());
  REQUIRE(world.server().reidentify());
  edge.sync();
  CHECK(same_rows(*edge.replica, world.server()));
}

TEST_CASE("tables of priority come first, and count once") {
  SyncWorld world;
  fill(world);
  SyncClient::Options options = small_batches(10);
  options.priority_tables = {"c", "not there"};
  Edge edge = world.edge(options);
  std::size_t rows_of_c = 0;
  edge.replica.reset();
  edge = world.edge(options);
  options.on_progress = [&](const SyncReport&) {
    const std::vector<std::string> tables = edge.replica->tables();
    if (tables == std::vector<std::string>{"c"}) {
      rows_of_c = edge.replica->scan("c").rows.size();
    }
  };
  world.attach(edge, options);
  edge.sync();
  CHECK(rows_of_c == 10);
  CHECK(same_rows(*edge.replica, world.server()));
  const auto& targets = edge.transport->targets();
  const auto first = std::find_if(targets.begin(), targets.end(), [](const std::string& target) {
    return target.find("/snapshot") != std::string::npos;
  });
  REQUIRE(first != targets.end());
  CHECK(first->find("tables=c") != std::string::npos);
  CHECK(edge.sync().requests == 1);
}

TEST_CASE("tables of priority outside the replica's own are not asked for") {
  SyncWorld world;
  fill(world);
  SyncClient::Options options = small_batches(10);
  options.tables = {"b", "c"};
  options.priority_tables = {"a", "c"};
  Edge edge = world.edge(options);
  edge.sync();
  CHECK(edge.replica->tables() == std::vector<std::string>{"b", "c"});
  for (const std::string& target : edge.transport->targets()) {
    CHECK(target.find("tables=a") == std::string::npos);
  }
}

TEST_CASE("a lost connection costs no page of the tables of priority, nor of the rest") {
  SyncClient::Options options = small_batches(4);
  options.priority_tables = {"c"};
  SyncWorld reference;
  fill(reference);
  Edge whole = reference.edge(options);
  whole.sync();
  const std::size_t pages = snapshots_in(*whole.transport);
  for (unsigned lost = 2; lost <= pages + 1; ++lost) {
    CAPTURE(lost);
    SyncWorld world;
    fill(world);
    Edge edge = world.edge(options);
    edge.transport->lose_answer(lost);
    static_cast<void>(edge.client->sync());
    edge.sync();
    CHECK(same_rows(*edge.replica, world.server()));
    CHECK(snapshots_in(*edge.transport) == pages + 1);
    CHECK(edge.sync().requests == 1);
  }
}

}  // namespace syncline::test
