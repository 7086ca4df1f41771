#include "sync/report_json.hpp"

#include <doctest/doctest.h>

#include "support/sync_world.hpp"

namespace syncline::test {
namespace {

using nlohmann::json;

/// The report of a row that was written in two places, as the server has it.
ConflictReport collided(SyncWorld& world) {
  Edge one = world.edge();
  Edge two = world.edge();
  one.put("r", "{\"by\": \"one\"}");
  one.sync();
  two.sync();
  one.put("r", "{\"by\":  1}");
  two.put("r", "{\"by\":  2}");
  one.sync();
  two.sync();
  const ConflictPage page = world.server().conflicts();
  REQUIRE(page.conflicts.size() == 1);
  return page.conflicts.front();
}

}  // namespace

TEST_CASE("a report shows both sides with their exact payloads") {
  SyncWorld world;
  const ConflictReport report = collided(world);
  const std::string text = write_body(report_to_body(report, BodyFormat::json), BodyFormat::json);
  CHECK(text.find("\"data\":{\"by\":  1}") != std::string::npos);
  CHECK(text.find("\"base\":{\"by\": \"one\"}") != std::string::npos);
  const json body = json::parse(text);
  CHECK(body["id"] == to_string(report.id));
  CHECK(body["kind"] == "update_update");
  CHECK(body["status"] == "resolved");
  CHECK(body["policy"] == "lww");
  CHECK(body["local"]["lsn"] == report.local_lsn);
  CHECK(body["local"]["received_at"].is_string());
  CHECK(body["parted"]["remote"]["seq"] == report.parted_remote.dot.seq);
  CHECK(body["winner_dot"]["seq"] == report.winner_dot->seq);
  CHECK(body["detected_at"] == format_rfc3339(report.detected_at_us));
  CHECK_FALSE(body["reason"].get<std::string>().empty());
}

TEST_CASE("in MessagePack the sides of a report are records") {
  SyncWorld world;
  const ConflictReport report = collided(world);
  const std::string bytes =
      write_body(report_to_body(report, BodyFormat::msgpack), BodyFormat::msgpack);
  const auto body = parse_body(bytes, BodyFormat::msgpack);
  REQUIRE(body);
  CHECK(is_node((*body)["local"], NodeKind::record));
  CHECK(is_node((*body)["remote"], NodeKind::record));
  CHECK(node_bytes((*body)["base"]["data"]) == "{\"by\": \"one\"}");
  CHECK((*body)["base"]["format"] == "json");
}

TEST_CASE("rejections and summaries are read as they were written") {
  const NodeId node = *NodeId::parse("aaaaaaaa-0000-4000-8000-000000000001");
  const Error drift =
      Error{ErrorCode::clock_drift, "ahead"}.with("time", "2026-11-20T12:00:00.000000Z-000");
  const Rejection rejection{{node, 3}, 2, drift};
  const auto read = rejection_from_body(rejection_to_body(rejection));
  REQUIRE(read);
  CHECK(read->dot == rejection.dot);
  CHECK(read->index == 2);
  CHECK(read->error == drift);
  for (const char* wrong : {"{}", "[]", R"({"code":"depends","origin":"x","seq":1})"}) {
    CHECK_FALSE(rejection_from_body(json::parse(wrong)));
    CHECK_FALSE(summary_from_body(json::parse(wrong)));
  }
}

}  // namespace syncline::test
