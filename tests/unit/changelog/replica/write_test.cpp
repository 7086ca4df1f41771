#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

TEST_CASE("a put inserts, then updates, and an erased row can be put again") {
  const Node node(1);
  CHECK(node->put("t", "1", Payload::json("{}")).value().operation == Operation::insert);
  CHECK(node->put("t", "1", Payload::json("[1]")).value().operation == Operation::update);
  CHECK(text_of(node->get("t", "1")) == "[1]");
  CHECK(node->erase("t", "1").value().operation == Operation::erase);
  CHECK_FALSE(node->get("t", "1").exists());
  CHECK(node->get("t", "1").winner.has_value());
  CHECK(node->put("t", "1", Payload::json("2")).value().operation == Operation::insert);
  CHECK(node->statistics().rows == 1);
  CHECK(node->statistics().tombstones == 0);
}

TEST_CASE("insert, update and erase say what they miss") {
  const Node node(1);
  CHECK(node->update("t", "1", Payload::json("1")).error().code == ErrorCode::row_not_found);
  CHECK(node->erase("t", "1").error().code == ErrorCode::row_not_found);
  REQUIRE(node->insert("t", "1", Payload::json("1")));
  CHECK(node->insert("t", "1", Payload::json("2")).error().code == ErrorCode::precondition_failed);
  CHECK(node->log().last_lsn() == 1);
}

TEST_CASE("malformed writes are refused and change nothing") {
  const Node node(1);
  const auto field = [](const auto& result) { return result.error().text("field"); };
  CHECK(field(node->put("", "1", Payload::json("1"))) == "table");
  CHECK(field(node->put(std::string(256, 't'), "1", Payload::json("1"))) == "table");
  CHECK(field(node->put("t", "", Payload::json("1"))) == "row_id");
  CHECK(field(node->put("t", std::string(1025, 'r'), Payload::json("1"))) == "row_id");
  CHECK(field(node->put("t", "\xff", Payload::json("1"))) == "row_id");
  CHECK(field(node->put("t", "1", Payload::json("{"))) == "data");
  CHECK(field(node->put("t", "1", Payload::msgpack("\xc1"))) == "data");
  const std::string large(limits::default_max_change_bytes + 1, 'x');
  CHECK(node->put("t", "1", Payload::raw(large)).error().code == ErrorCode::too_large);
  CHECK(node->log().last_lsn() == 0);
  CHECK(node->summary().empty());
  REQUIRE(node->put("t", "1", Payload::json("1")));
  CHECK(node->summary().get(node->node()) == 1);
}

TEST_CASE("a token is good as long as the row stays as it was") {
  const Node node(1);
  const RowToken absent = node->token("t", "1");
  WriteOptions if_absent;
  if_absent.if_match = absent;
  REQUIRE(node->put("t", "1", Payload::json("1"), if_absent));
  CHECK(node->put("t", "1", Payload::json("2"), if_absent).error().code ==
        ErrorCode::precondition_failed);
  const RowToken token = node->token("t", "1");
  CHECK(token == Replica::token_of(node->get("t", "1")));
  WriteOptions if_same;
  if_same.if_match = token;
  CHECK(node->put("t", "1", Payload::json("2"), if_same));
  CHECK(node->token("t", "1") != token);
}

TEST_CASE("hybrid times grow although the clock stands still or goes back") {
  Node node(1);
  const HybridTime first = node->put("t", "1", Payload::json("1")).value().hlc;
  node.clock.set_us(5);
  const HybridTime second = node->put("t", "1", Payload::json("2")).value().hlc;
  CHECK(second > first);
}

TEST_CASE("a quota refuses what is beyond it and keeps what was accepted") {
  const Node node(1);
  REQUIRE(node->put("t", "1", Payload::raw(std::string(100, 'x'))));
  node->set_plan_limits(300, "");
  const auto refused = node->put("t", "2", Payload::raw(std::string(500, 'x')));
  CHECK(refused.error().code == ErrorCode::quota_exceeded);
  CHECK(refused.error().number("limit") == 300);
  CHECK(node->get("t", "1").exists());
  node->set_plan_limits(300, "free");
  CHECK(node->put("t", "1", Payload::json("1")).error().code == ErrorCode::change_log_disabled);
  CHECK(node->put("t", "1", Payload::json("1")).error().text("plan") == "free");
}

TEST_CASE("a batch writes what can be written and says what could not") {
  const Node node(1);
  const std::vector<Write> writes = {{WriteKind::put, "t", "1", Payload::json("1"), {}},
                                     {WriteKind::update, "t", "9", Payload::json("1"), {}},
                                     {WriteKind::put, "t", "1", Payload::json("2"), {}}};
  const BatchResult result = node->write_batch(writes);
  CHECK(result.written == 2);
  CHECK(result.first_lsn == 1);
  CHECK(result.last_lsn == 2);
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].index == 1);
  CHECK(result.failures[0].error.code == ErrorCode::row_not_found);
  CHECK(text_of(node->get("t", "1")) == "2");
}

TEST_CASE("a transaction is all or nothing, and later writes of it see earlier ones") {
  const Node node(1);
  const std::vector<Write> good = {{WriteKind::insert, "t", "1", Payload::json("1"), {}},
                                   {WriteKind::update, "t", "1", Payload::json("2"), {}},
                                   {WriteKind::erase, "t", "1", Payload::none(), {}},
                                   {WriteKind::insert, "t", "2", Payload::json("3"), {}}};
  const auto results = node->transaction(good).value();
  REQUIRE(results.size() == 4);
  CHECK(node->statistics().rows == 1);
  const LogReader reader = node->log();
  for (Lsn lsn = 1; lsn <= 4; ++lsn) {
    const auto part = reader.at(lsn).change.transaction();
    REQUIRE(part.has_value());
    CHECK(part->index == lsn - 1);
    CHECK(part->count == 4);
    CHECK(reader.at(lsn).verdict == Verdict::applied);
  }
  const std::vector<Write> bad = {{WriteKind::insert, "t", "3", Payload::json("1"), {}},
                                  {WriteKind::insert, "t", "2", Payload::json("1"), {}}};
  const auto refused = node->transaction(bad);
  CHECK(refused.error().code == ErrorCode::precondition_failed);
  CHECK(refused.error().number("index") == 1);
  CHECK(node->log().last_lsn() == 4);
  CHECK_FALSE(node->get("t", "3").exists());
}

TEST_CASE("subscribers hear of appends without a lock held, until they end it") {
  const Node node(1);
  std::vector<Lsn> heard;
  {
    const Subscription subscription = node->subscribe([&](Lsn lsn) {
      heard.push_back(lsn);
      CHECK(node->get("t", "1").exists());  // would deadlock under the lock
    });
    node->put("t", "1", Payload::json("1"));
    node->put("t", "1", Payload::json("2"));
  }
  node->put("t", "1", Payload::json("3"));
  CHECK(heard == std::vector<Lsn>{1, 2});
}
