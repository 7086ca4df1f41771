// The messages of the sync protocol, byte for byte: tests/golden/messages.
//
// To make the files: unit_sync --no-skip --test-case='make golden messages'
#include "support/golden_messages.hpp"

#include <set>

#include <doctest/doctest.h>

#include "sync/report_json.hpp"
#include "unit/sync/golden_samples.hpp"

namespace syncline::test {
namespace {

using nlohmann::json;
using namespace golden_samples;

template <typename Message>
GoldenMessage golden(std::string name, Message (*make)()) {
  return {std::move(name),
          [make](BodyFormat format) { return write_body(make().to_body(), format); },
          [](json&& body, BodyFormat format) -> Result<std::string> {
            const auto read = Message::from_body(std::move(body));
            if (!read) return read.error();
            return write_body(read->to_body(), format);
          }};
}

/// The parts of a round belong to its node, so who reads them gives them its id.
GoldenMessage golden_round() {
  GoldenMessage message = golden("exchange_request", exchange_request);
  message.rewrite = [](json&& body, BodyFormat format) -> Result<std::string> {
    auto read = ExchangeRequest::from_body(std::move(body));
    if (!read) return read.error();
    CHECK(read->registration->node_id == till);
    CHECK(read->push->node_id == till);
    read->registration->node_id = read->push->node_id = {};
    read->heartbeat->node_id = read->pull->node_id = {};
    return write_body(read->to_body(), format);
  };
  return message;
}

GoldenMessage golden_snapshot() {
  return {"snapshot_page",
          [](BodyFormat format) {
            return write_body(snapshot_page().to_body(format, JsonPayload::text), format);
          },
          [](json&& body, BodyFormat format) -> Result<std::string> {
            auto read = SnapshotResponse::from_body(std::move(body));
            if (!read) return read.error();
            // Who takes a snapshot finds the conflicts anew.
            read->conflicts = {conflict_report()};
            return write_body(read->to_body(format, JsonPayload::text), format);
          }};
}

GoldenMessage golden_problem(const Error& error) {
  return {"problem_" + std::string(to_string(error.code)),
          [error](BodyFormat format) { return write_body(problem_to_body(error), format); },
          [](json&& body, BodyFormat format) -> Result<std::string> {
            return write_body(problem_to_body(error_from_problem(body)), format);
          }};
}

GoldenMessage golden_report(std::string name, ConflictReport report) {
  return {std::move(name),
          [report](BodyFormat format) {
            return write_body(report_to_body(report, format, JsonPayload::text), format);
          },
          {}};
}

std::vector<GoldenMessage> problems() {
  const auto number = [](ErrorCode code, const char* name, std::uint64_t value) {
    return golden_problem(Error{code, "what is wrong"}.with(name, value));
  };
  const auto text = [](ErrorCode code, const char* name, const char* value) {
    return golden_problem(Error{code, "what is wrong"}.with(name, std::string(value)));
  };
  return {golden_problem({ErrorCode::bad_request, "member 'limit' is wrong: \"a\" \xC3\xA9"}),
          golden_problem(Error{ErrorCode::invalid_change, "no payload"}
                             .with("index", std::uint64_t{3})
                             .with("field", "data")),
          text(ErrorCode::change_log_disabled, "plan", "free"),
          golden_problem({ErrorCode::tenant_not_found, "no tenant 'shop'"}),
          number(ErrorCode::protocol_unsupported, "supported", 1),
          number(ErrorCode::sequence_gap, "expected_seq", 4),
          text(ErrorCode::dot_mismatch, "origin", "6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0"),
          number(ErrorCode::replica_rewound, "agreed_seq", 2),
          number(ErrorCode::cursor_trimmed, "oldest_lsn", 17),
          text(ErrorCode::log_reset, "log_id", "2c80976e-8839-431a-9321-ef5d412a0776"),
          golden_problem({ErrorCode::peer_stale, "register first"}),
          number(ErrorCode::too_large, "limit", 10'000),
          text(ErrorCode::clock_drift, "time", "2026-11-20T12:00:00.123456Z-abc"),
          golden_problem({ErrorCode::internal, "internal error"}),
          golden_problem(Error{ErrorCode::quota_exceeded, "the storage is full"}
                             .with("quota", "storage")
                             .with("limit", std::uint64_t{1} << 40))};
}

std::vector<GoldenMessage> messages() {
  std::vector<GoldenMessage> all = problems();
  all.push_back(golden("register_request", register_request));
  all.push_back(golden("register_response", register_response));
  all.push_back(golden("push_request", push_request));
  all.push_back(golden("push_response", push_response));
  all.push_back(golden("pull_request", pull_request));
  all.push_back(golden("pull_response", pull_response));
  all.push_back(golden("heartbeat_request", heartbeat_request));
  all.push_back(golden("heartbeat_response", heartbeat_response));
  all.push_back(golden_round());
  all.push_back(golden("exchange_response", exchange_response));
  all.push_back(golden_snapshot());
  all.push_back(golden_report("conflict_report", conflict_report()));
  all.push_back(golden_report("conflict_report_open", open_report()));
  return all;
}

}  // namespace

TEST_CASE("make golden messages" * doctest::skip()) {
  for (const GoldenMessage& message : messages()) make_golden(message);
}

TEST_CASE("messages are written to the bytes that are kept, and read from them") {
  std::set<std::string, std::less<>> names;
  for (const GoldenMessage& message : messages()) {
    check_golden(message);
    names.insert(message.name);
  }
  CHECK(names.size() == messages().size());
  // A file that nothing writes any more would be read by nobody.
  const auto ours = [](std::string_view name) {
    return !name.starts_with("body_") && !name.starts_with("frame_");
  };
  CHECK(count_golden(ours) == names.size());
}

}  // namespace syncline::test
