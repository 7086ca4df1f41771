#include "sync/messages.hpp"

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "sync/members.hpp"
#include "sync/report_json.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

using nlohmann::json;

const NodeId node_a = *NodeId::parse("aaaaaaaa-0000-4000-8000-000000000001");
const NodeId node_b = *NodeId::parse("bbbbbbbb-0000-4000-8000-000000000002");

RecordBytes record_of(Sequence seq) {
  Change change;
  change.dot = {node_a, seq};
  change.hlc = HybridTime::from_us(1'000 + seq);
  change.operation = Operation::insert;
  change.table = "t";
  change.row_id = "r";
  change.format = PayloadFormat::json;
  change.data = "[1]";
  const std::string record = encode_record(change);
  return {record.begin(), record.end()};
}

WireClock sample_clock() {
  WireClock clock;
  clock.entries[node_a] = {7, 0x00FF00FF00FF00FF};
  clock.entries[node_b] = {3, std::nullopt};
  return clock;
}

AnswerHeader sample_header() {
  return {HybridTime::from_us(5'000'000, 3), node_b, WireClock::Entry{7, 1}, 4};
}

/// The message after a way over the wire and back, written once more.
template <typename Message>
void check_round_trip(const Message& message) {
  for (const BodyFormat format : {BodyFormat::json, BodyFormat::msgpack}) {
    auto body = parse_body(write_body(message.to_body(), format), format);
    REQUIRE(body);
    const auto read = Message::from_body(std::move(*body));
    if (!read) FAIL(to_string(read.error()));
    CHECK(read->to_body() == message.to_body());
  }
}

template <typename Message>
std::string detail_of(const char* text) {
  auto body = parse_body(text, BodyFormat::json);
  REQUIRE(body);
  const auto read = Message::from_body(std::move(*body));
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::bad_request);
  return read.error().detail;
}

PushRequest sample_push() {
  PushRequest push;
  push.node_id = node_a;
  push.changes.records = {record_of(1), record_of(2)};
  push.clock = sample_clock();
  return push;
}

PullResponse sample_page() {
  PullResponse page;
  page.header = sample_header();
  page.changes.records = {record_of(1)};
  page.changes.lsns = {9};
  page.cursor = "c";
  page.has_more = true;
  page.covers = sample_clock().clock();
  page.lsn = 10;
  return page;
}

}  // namespace

TEST_CASE("clocks have two forms of entries") {
  const json body = clock_to_body(sample_clock());
  CHECK(body[node_a.to_string()] == json::array({7, "00ff00ff00ff00ff"}));
  CHECK(body[node_b.to_string()] == 3);
  CHECK(*clock_from_body(body, "clock") == sample_clock());
  CHECK(WireClock(sample_clock().clock()).clock() == sample_clock().clock());
  for (const char* wrong : {"[]", "{\"x\":1}", "{\"aaaaaaaa-0000-4000-8000-000000000001\":-1}",
                            "{\"aaaaaaaa-0000-4000-8000-000000000001\":[1,\"abc\"]}",
                            "{\"aaaaaaaa-0000-4000-8000-000000000001\":[1]}"}) {
    const auto read = clock_from_body(json::parse(wrong), "have");
    REQUIRE_FALSE(read);
    CHECK(read.error().detail.find("'have'") != std::string::npos);
  }
}

TEST_CASE("requests go over the wire and back") {
  RegisterRequest registration;
  registration.protocol = {1, 2};
  registration.node_id = node_a;
  registration.name = "till 4";
  registration.clock = sample_clock();
  registration.tables = std::vector<std::string>{"orders"};
  registration.time = HybridTime::from_us(77);
  registration.metadata["site"] = "Bern";
  registration.replaces = node_b;
  check_round_trip(registration);
  check_round_trip(sample_push());

  PullRequest pull;
  pull.node_id = node_a;
  pull.cursor = "c";
  pull.limit = 5;
  pull.max_bytes = 6;
  pull.wait_ms = 7;
  pull.have = sample_clock();
  pull.include_own = true;
  pull.payload = JsonPayload::base64;
  check_round_trip(pull);

  HeartbeatRequest beat{node_a, sample_clock(), "c"};
  check_round_trip(beat);
  beat.vouched = sample_clock();
  check_round_trip(beat);
}

TEST_CASE("the parts of a round belong to its node") {
  ExchangeRequest round;
  round.node_id = node_a;
  round.push = sample_push();
  round.push->node_id = {};
  round.pull.emplace();
  round.heartbeat.emplace();
  auto body = parse_body(write_body(round.to_body(), BodyFormat::json), BodyFormat::json);
  const auto read = ExchangeRequest::from_body(std::move(*body));
  REQUIRE(read);
  CHECK(read->push->node_id == node_a);
  CHECK(read->pull->node_id == node_a);
  CHECK(read->heartbeat->node_id == node_a);
  CHECK_FALSE(read->registration);
  CHECK(detail_of<ExchangeRequest>("{}").find("node_id") != std::string::npos);
}

TEST_CASE("a part of a round that cannot be read does not take the others with it") {
  auto body = parse_body("{\"node_id\":\"" + node_a.to_string() +
                             "\",\"register\":{\"protocol\":[2]},\"push\":{\"changes\":[{}]},"
                             "\"heartbeat\":5,\"pull\":{\"cursor\":\"c\"}}",
                         BodyFormat::json);
  const auto read = ExchangeRequest::from_body(std::move(*body));
  REQUIRE(read);
  CHECK_FALSE(read->registration);
  CHECK_FALSE(read->push);
  CHECK_FALSE(read->heartbeat);
  REQUIRE(read->problems.registration);
  CHECK(read->problems.registration->code == ErrorCode::protocol_unsupported);
  REQUIRE(read->problems.push);
  CHECK(read->problems.push->code == ErrorCode::invalid_change);
  REQUIRE(read->problems.heartbeat);
  CHECK(read->problems.heartbeat->code == ErrorCode::bad_request);
  CHECK_FALSE(read->problems.pull);
  CHECK(read->pull->cursor == "c");
}

TEST_CASE("a version that is not spoken is told first, whatever else is wrong") {
  for (const char* text : {R"({"protocol":[2]})", R"({"protocol":[0,7],"clock":5,"role":{}})"}) {
    const auto read = RegisterRequest::from_body(json::parse(text));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::protocol_unsupported);
    CHECK(problem_to_body(read.error())["supported"] == json::array({1}));
  }
}

TEST_CASE("answers go over the wire and back") {
  RegisterResponse registration;
  registration.header = sample_header();
  registration.node_id = node_b;
  registration.clock = sample_clock();
  registration.lsn = 5;
  registration.oldest_lsn = 1;
  registration.lease_s = 9;
  registration.policies.tables["orders"] = "causal";
  registration.max_clock_drift_ms = 1;
  registration.max_batch_changes = 2;
  registration.max_body_bytes = 3;
  registration.max_change_bytes = 4;
  registration.home = node_a;
  registration.newcomer = true;
  registration.given_up = {node_a, node_b};
  registration.retention = {7, 0, 9};
  registration.stable = {3, sample_clock().clock()};
  check_round_trip(registration);

  PushResponse push;
  push.header = sample_header();
  push.received = 3;
  push.applied = 1;
  push.superseded = 1;
  push.duplicates = 1;
  push.convergent = 1;
  ConflictSummary conflict;
  conflict.id = conflict_id("t", "orders", "1", {node_a, 1}, {node_b, 1});
  conflict.kind = ConflictKind::update_delete;
  conflict.table = "orders";
  conflict.row_id = "1";
  conflict.winner_dot = Dot{node_a, 1};
  push.conflicts = {conflict};
  Error gap = Error{ErrorCode::sequence_gap, "hole"}.with("expected_seq", std::uint64_t{5});
  push.rejected = {{{node_a, 9}, 2, gap}};
  push.acked = sample_clock().clock();
  check_round_trip(push);
  check_round_trip(sample_page());

  HeartbeatResponse beat;
  beat.header = sample_header();
  beat.lag_changes = 2;
  beat.lag_bytes = 200;
  check_round_trip(beat);
}

TEST_CASE("a round's answer tells each part's result or error") {
  ExchangeResponse round;
  round.header = sample_header();
  round.pull = sample_page();
  round.push = Error{ErrorCode::too_large, "too many"}.with("limit", std::uint64_t{10});
  auto body = parse_body(write_body(round.to_body(), BodyFormat::msgpack), BodyFormat::msgpack);
  CHECK((*body)["push"]["error"]["code"] == "too_large");
  const auto read = ExchangeResponse::from_body(std::move(*body));
  REQUIRE(read);
  REQUIRE(read->push);
  CHECK_FALSE(*read->push);
  CHECK(read->push->error().number("limit") == 10);
  CHECK((**read->pull).changes.lsns == std::vector<Lsn>{9});
  CHECK_FALSE(read->registration);
}

TEST_CASE("wrong members are named with their right form") {
  CHECK(detail_of<RegisterRequest>(R"({"clock":{}})").find("'protocol'") != std::string::npos);
  CHECK(detail_of<RegisterRequest>(R"({"protocol":[1]})").find("'clock'") != std::string::npos);
  CHECK(detail_of<RegisterRequest>(R"({"protocol":[1],"clock":{},"role":"moon"})")
            .find("\"edge\" or \"cloud\"") != std::string::npos);
  CHECK(detail_of<RegisterRequest>(R"({"protocol":[1],"clock":{},"tables":[1]})")
            .find("an array of strings") != std::string::npos);
  CHECK(detail_of<RegisterRequest>(R"({"protocol":[1],"clock":{},"tables":[]})")
            .find("null for all") != std::string::npos);
  CHECK(detail_of<PullRequest>(R"({"limit":-1})").find("'limit'") != std::string::npos);
  CHECK(detail_of<PullRequest>(R"({"payload":"hex"})").find("'payload'") != std::string::npos);
  CHECK(detail_of<PullRequest>(R"({"include_own":1})").find("'include_own'") != std::string::npos);
  CHECK(detail_of<PullRequest>("[]").find("not an object") != std::string::npos);
  CHECK(detail_of<PushRequest>(R"({"changes":{}})").find("'changes'") != std::string::npos);
  CHECK(detail_of<HeartbeatRequest>("{}").find("'clock'") != std::string::npos);
}

TEST_CASE("unknown members are ignored and null counts as absent") {
  const auto read = PullRequest::from_body(json::parse(R"({"cursor":null,"colour":"red"})"));
  REQUIRE(read);
  CHECK(read->cursor.empty());
}

TEST_CASE("malformed changes of a push are told apart from a malformed push") {
  const std::string good = write_body(record_node(record_of(1)), BodyFormat::json);
  const std::string dot = "\"origin\":\"" + node_a.to_string() + "\",\"seq\":2";
  auto body = parse_body("{\"changes\":[{" + dot + ",\"hlc\":1}," + good + "]}", BodyFormat::json);
  const auto read = PushRequest::from_body(std::move(*body));
  REQUIRE(read);
  REQUIRE(read->malformed.size() == 1);
  CHECK(read->malformed[0].dot == Dot{node_a, 2});
  CHECK(read->malformed[0].error.code == ErrorCode::invalid_change);
  CHECK(read->indexes == std::vector<std::size_t>{1});

  auto nameless = parse_body("{\"changes\":[" + good + ",{\"seq\":2}]}", BodyFormat::json);
  const auto refused = PushRequest::from_body(std::move(*nameless));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::invalid_change);
  CHECK(refused.error().number("index") == 1);
}

TEST_CASE("every code has its status, and a problem tells all of an error") {
  CHECK(http_status(ErrorCode::bad_request) == 400);
  CHECK(http_status(ErrorCode::change_log_disabled) == 403);
  CHECK(http_status(ErrorCode::protocol_unsupported) == 406);
  CHECK(http_status(ErrorCode::sequence_gap) == 409);
  CHECK(http_status(ErrorCode::log_reset) == 410);
  CHECK(http_status(ErrorCode::clock_drift) == 422);
  CHECK(http_status(ErrorCode::quota_exceeded) == 507);
  const Error error = Error{ErrorCode::cursor_trimmed, "gone"}.with("oldest_lsn", std::uint64_t{4});
  const json body = problem_to_body(error);
  CHECK(body["status"] == 410);
  CHECK(body["code"] == "cursor_trimmed");
  CHECK(body["title"] == "cursor trimmed");
  CHECK(error_from_problem(body) == error);
  CHECK(error_from_problem(json::array()).code == ErrorCode::internal);
  // An error without a sentence would be shown as nothing.
  CHECK_FALSE(error_from_problem({{"code", "unavailable"}}).detail.empty());
  const Error version =
      Error{ErrorCode::protocol_unsupported, ""}.with("supported", std::uint64_t{1});
  CHECK(problem_to_body(version)["supported"] == json::array({1}));
  const Error types = Error{ErrorCode::unsupported_media_type, "no"}
                          .with("supported", std::string("a/b"))
                          .with("supported", std::string("c/d"));
  CHECK(problem_to_body(types)["supported"] == json{"a/b", "c/d"});
  CHECK(error_from_problem(problem_to_body(types)) == types);
}

TEST_CASE("payloads are text, base64 or bin") {
  json body = json::object();
  set_payload(body, Payload::json("{ }"), BodyFormat::json);
  CHECK(write_body(body, BodyFormat::json) == R"({"data":{ }})");
  set_payload(body, Payload::raw("\x01"), BodyFormat::json);
  CHECK(write_body(body, BodyFormat::json) == R"({"data_base64":"AQ==","format":"bytes"})");
  set_payload(body, Payload::json("{ }"), BodyFormat::msgpack);
  CHECK(node_bytes(body["data"]) == "{ }");
  body = json::object();
  set_payload(body, Payload::none(), BodyFormat::json);
  CHECK(body["data"].is_null());
}

}  // namespace syncline
