// What a server will never take blocks nothing.

#include <nlohmann/json.hpp>

#include "syncline/record.hpp"
#include "unit/sync/own_edge.hpp"

using namespace syncline;
using namespace syncline::test;

TEST_CASE("a change that is too large is taken back; what is around it goes over") {
  SyncWorld world(small_changes());
  REQUIRE(world.server().put("t", "r60", Payload::json("0")));
  OwnEdge edge(world);
  edge.sync();
  for (int i = 0; i < 50; ++i) edge.put("r" + std::to_string(i), std::to_string(i));
  edge.put("r60", large());
  edge.put("gone", large());
  for (int i = 50; i < 60; ++i) edge.put("r" + std::to_string(i), std::to_string(i));
  const SyncReport report = edge.sync();
  REQUIRE(report.rejected.size() == 2);
  CHECK(report.rejected[0].error.code == ErrorCode::too_large);
  REQUIRE(report.taken_back.size() == 2);
  CHECK(report.taken_back[0].row_id == "r60");
  CHECK(report.taken_back[0].data == large());
  CHECK(report.stubs_sent == 0);
  CHECK(world.server().statistics().rows == 61);
  CHECK(edge.text("r60") == "0");
  CHECK(edge.text("gone") == "(none)");
  check_same(world, edge);
  edge.start();
  CHECK(edge.replica().rejected_changes().size() == 2);
  check_same(world, edge);
}

TEST_CASE("with a change that is too large its transaction is taken back, and nothing else") {
  SyncWorld world(small_changes());
  OwnEdge edge(world);
  edge.put("a", "1");
  const std::string data = large();
  const Write three[] = {{WriteKind::put, "t", "a", Payload::json("2"), {}},
                         {WriteKind::put, "t", "b", Payload::json(data), {}},
                         {WriteKind::put, "t", "c", Payload::json("2"), {}}};
  REQUIRE(edge.replica().transaction(three));
  edge.put("c", "3");
  const SyncReport report = edge.sync();
  CHECK(report.taken_back.size() == 3);
  CHECK(edge.text("a") == "1");
  CHECK(edge.text("b") == "(none)");
  CHECK(edge.text("c") == "3");
  CHECK(world.server().get("t", "c").winner->data == "3");
  check_same(world, edge);
}

TEST_CASE("later changes of a row stand when the first one is taken back") {
  SyncWorld world(small_changes());
  OwnEdge edge(world);
  edge.put("a", large());
  edge.put("a", "2");
  REQUIRE(world.server().put("t", "a", Payload::json("\"server\"")));
  const SyncReport report = edge.sync();
  CHECK(report.taken_back.size() == 1);
  check_same(world, edge);
  REQUIRE(edge.replica().conflicts().conflicts.size() == 1);
  CHECK(edge.replica().conflicts().conflicts[0].id == world.server().conflicts().conflicts[0].id);
}

TEST_CASE("what is no longer private goes over without its data") {
  SyncWorld world(small_changes());
  OwnEdge edge(world);
  edge.put("a", "1");
  edge.put("a", large());
  edge.put("b", "1");
  edge.start();
  const SyncReport report = edge.sync();
  CHECK(report.rejected.empty());
  CHECK(report.taken_back.empty());
  CHECK(report.stubs_sent == 1);
  CHECK(edge.text("a") == large());
  const Row row = world.server().get("t", "a");
  REQUIRE(row.winner);
  CHECK(is_stub(*row.winner));
  CHECK(world.server().get("t", "b").winner->data == "1");
  check_same(world, edge);

  // Others take the stub, too; who writes upon it gives the row data again.
  OwnEdge other(world);
  other.sync();
  check_same(world, other);
  other.put("a", "2");
  other.sync();
  edge.sync();
  CHECK(edge.text("a") == "2");
  check_same(world, edge);
}

TEST_CASE("a change of somebody else that the server never takes is passed on as a stub") {
  SyncWorld world(small_changes());
  OwnEdge edge(world);
  OwnEdge friend_of(world);
  friend_of.put("a", large());
  friend_of.put("b", "1");
  std::vector<std::string> records;
  std::vector<std::string_view> views;
  for (Lsn lsn = 1; lsn <= 2; ++lsn) {
    const auto bytes = friend_of.replica().log().at(lsn).change.record;
    records.emplace_back(bytes.begin(), bytes.end());
  }
  for (const std::string& record : records) views.push_back(record);
  REQUIRE(edge.replica().integrate(views).applied == 2);
  edge.put("a", "2");  // it saw what is refused
  const SyncReport report = edge.sync();
  CHECK(report.rejected.empty());
  CHECK(report.stubs_sent == 1);
  CHECK(report.accepted == 3);
  check_same(world, edge);
  // The friend has the data; for the server it is the same change.
  CHECK(friend_of.sync().rejected.empty());
  CHECK(friend_of.text("a") == "2");
  check_same(world, friend_of);
}

TEST_CASE("an edge that takes less than the server gets past what is too large, without its data") {
  SyncWorld world;
  REQUIRE(world.server().put("t", "a", Payload::json(large())));
  REQUIRE(world.server().put("t", "b", Payload::json("1")));
  Replica::Options options;
  options.clock = &world.clock;
  options.random = &world.random;
  options.max_change_bytes = 1'000;
  Edge edge;
  edge.replica = Replica::open(options).value();
  world.attach(edge);
  const SyncReport report = edge.sync();
  CHECK(report.stubs_taken == 1);
  CHECK(is_stub(*edge.replica->get("t", "a").winner));
  CHECK(edge.replica->get("t", "b").winner->data == "1");
  CHECK(edge.replica->visible_checksum() == world.server().visible_checksum());
  CHECK(edge.sync().requests == 1);
}

TEST_CASE("what may be taken later is not taken back") {
  SyncWorld world;
  OwnEdge edge(world);
  edge.put("a", "1");
  edge.sync();
  world.server().set_plan_limits(world.server().statistics().bytes, "");
  edge.put("a", "2");
  const SyncReport report = edge.sync();
  REQUIRE(report.rejected.size() == 1);
  CHECK(report.rejected[0].error.code == ErrorCode::quota_exceeded);
  CHECK(report.taken_back.empty());
  CHECK(edge.replica().rejected_changes().empty());
  CHECK(edge.text("a") == "2");
  world.server().set_plan_limits(1'000'000, "");
  CHECK(edge.sync().accepted == 1);
  check_same(world, edge);
}

TEST_CASE("a batch that is more than the server takes with one change only loses that change") {
  TenantManager::Options limits;
  limits.max_body_bytes = 2'000;
  SyncWorld world(limits);
  OwnEdge edge(world);
  edge.put("a", "1");
  edge.put("b", large());
  edge.put("c", "1");
  const SyncReport report = edge.sync();
  CHECK(report.taken_back.size() == 1);
  CHECK(world.server().get("t", "c").winner->data == "1");
  check_same(world, edge);
}

TEST_CASE("all of it is said in JSON bodies, too") {
  SyncWorld world(small_changes());
  OwnEdge edge(world);
  SyncClient::Options json;
  json.json = true;
  edge.put("old", large());
  edge.start();
  world.attach(edge.edge, json);
  edge.clock.advance_us(hour_us);
  edge.put("late", "1");
  edge.put("gone", large());
  const SyncReport report = edge.sync();
  CHECK(report.stubs_sent == 1);
  CHECK(report.restamped == 2);
  CHECK(report.taken_back.size() == 1);
  CHECK(world.server().get("t", "late").exists());
  CHECK(is_stub(*world.server().get("t", "old").winner));
  check_same(world, edge);

  OwnEdge other(world);
  world.attach(other.edge, json);
  other.sync();
  CHECK(is_stub(*other.replica().get("t", "old").winner));
  check_same(world, other);
}

TEST_CASE("what a server gave out is its own no more to change") {
  SyncWorld world;
  Replica& server = world.server();
  REQUIRE(server.put("t", "a", Payload::json("1")));
  CHECK(server.private_from() == 1);
  OwnEdge edge(world);
  SUBCASE("by a page") {
    edge.sync();
    CHECK(server.private_from() == 2);
  }
  SUBCASE("by a snapshot") {
    REQUIRE(edge.edge.client->bootstrap());
    CHECK(server.private_from() == 2);
  }
  REQUIRE(server.put("t", "b", Payload::json("1")));
  CHECK(server.private_from() == 2);
  edge.put("own", "1");
  CHECK(edge.replica().private_from() == 1);
  edge.sync();
  CHECK(edge.replica().private_from() == 2);
}

namespace {

/// Answers each push as the test says, and everything else as the hub does.
class Refusing final : public Transport {
 public:
  Refusing(Transport& hub, std::string row, ErrorCode code)
      : hub_(hub), row_(std::move(row)), code_(code) {}

  Result<HttpResponse> send(const HttpRequest& request) override {
    const std::size_t at = request.body.find("\"row_id\":\"" + row_ + '"');
    if (at == std::string::npos || request.body.find("\"data\":", at) == std::string::npos) {
      return hub_.send(request);
    }
    ++refused_;
    // A rule of the server's own: the whole batch is refused by its first change of the row.
    HttpRequest other = request;
    auto body = nlohmann::json::parse(request.body);
    auto changes = std::move(body["push"]["changes"]);
    nlohmann::json taken = nlohmann::json::array();
    nlohmann::json rejected = nlohmann::json::array();
    for (auto& change : changes) {
      const bool bad = change["row_id"] == row_ && rejected.empty();
      if (!bad && rejected.empty()) {
        taken.push_back(std::move(change));
        continue;
      }
      rejected.push_back({{"index", taken.size() + rejected.size()},
                          {"origin", change["origin"]},
                          {"seq", change["seq"]},
                          {"code", to_string(bad ? code_ : ErrorCode::depends)},
                          {"detail", "by a rule"}});
    }
    body["push"]["changes"] = std::move(taken);
    other.body = body.dump();
    auto answer = hub_.send(other);
    if (!answer) return answer;
    auto told = nlohmann::json::parse(answer->body);
    told["push"]["rejected"] = std::move(rejected);
    answer->body = told.dump();
    return answer;
  }
  TransportStatistics statistics() const override { return hub_.statistics(); }
  int refused() const { return refused_; }

 private:
  Transport& hub_;
  std::string row_;
  ErrorCode code_;
  int refused_ = 0;
};

}  // namespace

TEST_CASE("what a rule refuses in the middle of a hundred changes blocks none of the others") {
  SyncWorld world;
  OwnEdge edge(world);
  Refusing rule(*edge.edge.transport, "r40", ErrorCode::invalid_change);
  SyncClient::Options json;
  json.json = true;
  edge.edge.client = std::make_unique<SyncClient>(edge.replica(), rule, json);
  edge.edge.put_many(100);
  const SyncReport report = edge.sync();
  CHECK(rule.refused() == 1);
  REQUIRE(report.rejected.size() == 1);
  CHECK(report.rejected[0].error.code == ErrorCode::invalid_change);
  REQUIRE(report.taken_back.size() == 1);
  CHECK(report.taken_back[0].row_id == "r40");
  CHECK(world.server().statistics().rows == 99);
  check_same(world, edge);
}

TEST_CASE("a rule that passes takes nothing back") {
  SyncWorld world;
  OwnEdge edge(world);
  Refusing rule(*edge.edge.transport, "r4", ErrorCode::rate_limited);
  SyncClient::Options json;
  json.json = true;
  edge.edge.client = std::make_unique<SyncClient>(edge.replica(), rule, json);
  edge.edge.put_many(10);
  const SyncReport report = edge.sync();
  CHECK(report.taken_back.empty());
  CHECK(report.rejected.size() == 6);
  CHECK(edge.text("r4") == R"({"n":1})");
  CHECK(edge.replica().private_from() == 11);  // it may come to take them yet
}
