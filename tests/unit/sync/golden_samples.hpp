// One message of each kind with fixed contents, for the bytes in tests/golden/messages.
#pragma once

#include <string>
#include <vector>

#include "sync/messages.hpp"
#include "syncline/record.hpp"

namespace syncline::test::golden_samples {

inline const NodeId till = *NodeId::parse("6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0");
inline const NodeId cloud = *NodeId::parse("ab664e3c-ec88-4ba1-9ad3-14613cc0f313");
inline const LogId cloud_log = *NodeId::parse("2c80976e-8839-431a-9321-ef5d412a0776");
inline constexpr std::uint64_t noon_us = 1'795'176'000'123'456;  // 2026-11-20T12:00:00.123456Z

/// Changes of every shape that a message may carry.
inline Change change_of(const NodeId& origin, Sequence seq) {
  Change change;
  change.dot = {origin, seq};
  change.hlc = HybridTime::from_us(noon_us + seq, 3);
  change.table = "orders";
  change.row_id = "42";
  change.operation = Operation::insert;
  change.format = PayloadFormat::json;
  change.data = R"({"item": "chair",  "price": 12.50})";
  return change;
}

inline Change packed_update() {
  Change change = change_of(till, 2);
  change.operation = Operation::update;
  change.context = {{till, 1}, {cloud, 300}};
  change.format = PayloadFormat::msgpack;
  change.data = "\x81\xa1n\x01";
  change.transaction = TransactionPart{2, 0, 2};
  change.metadata = {{"actor", "ann"}};
  return change;
}

inline Change raw_insert() {
  Change change = change_of(till, 3);
  change.row_id = "caf\xC3\xA9 \"1\"";
  change.format = PayloadFormat::bytes;
  change.data = std::string("\x00\xff", 2);
  change.transaction = TransactionPart{2, 1, 2};
  return change;
}

inline Change deletion() {
  Change change = change_of(cloud, 301);
  change.operation = Operation::erase;
  change.context = {{till, 1}};
  change.format = PayloadFormat::none;
  change.data.clear();
  return change;
}

inline Change marker() {
  Change change = change_of(cloud, 302);
  change.operation = Operation::stable;
  change.table.clear();
  change.row_id.clear();
  change.context = {{till, 1}, {cloud, 300}};
  change.stable = 4;
  change.format = PayloadFormat::none;
  change.data.clear();
  return change;
}

inline ChangeList list_of(const std::vector<Change>& changes, Lsn first_lsn) {
  ChangeList list;
  for (const Change& change : changes) {
    const std::string record = encode_record(change);
    list.records.emplace_back(record.begin(), record.end());
    if (first_lsn != 0) list.lsns.push_back(first_lsn++);
  }
  return list;
}

inline WireClock clock_of(Sequence till_seq, Sequence cloud_seq) {
  WireClock clock;
  if (till_seq != 0) clock.entries[till] = {till_seq, 0x00FF'0123'4567'89ABULL};
  if (cloud_seq != 0) clock.entries[cloud] = {cloud_seq, std::nullopt};
  return clock;
}

inline AnswerHeader header() {
  return {HybridTime::from_us(noon_us, 0xABC), cloud_log,
          WireClock::Entry{3, 0xF406'7246'71AB'CB86ULL}, 7};
}

inline RegisterRequest register_request() {
  RegisterRequest request;
  request.protocol = {1};
  request.node_id = till;
  request.name = "till 3";
  request.clock = clock_of(3, 300);
  request.tables = std::vector<std::string>{"orders", "customers"};
  request.time = HybridTime::from_us(noon_us);
  request.metadata["site"] = "Bern";
  return request;
}

inline RegisterResponse register_response() {
  RegisterResponse response;
  response.header = header();
  response.node_id = cloud;
  response.clock = clock_of(1, 302);
  response.lsn = 302;
  response.oldest_lsn = 17;
  response.lease_s = 7'776'000;
  response.session = "a1b2c3";
  response.stable = {4, clock_of(1, 300).clock()};
  response.policies.default_policy = "lww";
  response.policies.tables["orders"] = "causal";
  response.max_clock_drift_ms = 120'000;
  response.max_batch_changes = 10'000;
  response.max_body_bytes = 8'388'608;
  response.max_change_bytes = 1'048'576;
  return response;
}

inline PushRequest push_request() {
  PushRequest request;
  request.node_id = till;
  request.changes = list_of({change_of(till, 1), packed_update(), raw_insert()}, 0);
  request.clock = clock_of(3, 0);
  return request;
}

inline PushResponse push_response() {
  PushResponse response;
  response.header = header();
  response.received = 6;
  response.applied = 1;
  response.superseded = 1;
  response.duplicates = 1;
  response.convergent = 1;
  ConflictSummary conflict;
  conflict.id = conflict_id("shop", "orders", "42", {till, 2}, {cloud, 301});
  conflict.kind = ConflictKind::update_delete;
  conflict.status = ConflictStatus::resolved;
  conflict.table = "orders";
  conflict.row_id = "42";
  conflict.winner_dot = Dot{till, 2};
  response.conflicts = {conflict};
  response.rejected = {{{till, 9},
                        5,
                        Error{ErrorCode::sequence_gap, "seq 9 came where 4 was expected"}.with(
                            "expected_seq", std::uint64_t{4})}};
  response.acked = clock_of(3, 0).clock();
  response.lsn = 305;
  return response;
}

inline PullRequest pull_request() {
  PullRequest request;
  request.node_id = till;
  request.cursor = "ASyAl26IOUMa";
  request.limit = 500;
  request.max_bytes = 65'536;
  request.wait_ms = 30'000;
  request.have = clock_of(3, 300);
  request.include_own = true;
  request.payload = JsonPayload::base64;
  return request;
}

inline PullResponse pull_response() {
  PullResponse response;
  response.header = header();
  response.changes = list_of({change_of(cloud, 300), deletion(), marker()}, 300);
  response.cursor = "ASyAl26IOUMb";
  response.has_more = true;
  response.covers = clock_of(3, 302).clock();
  response.lsn = 305;
  return response;
}

inline HeartbeatRequest heartbeat_request() { return {till, clock_of(3, 302), "ASyAl26IOUMb"}; }

inline HeartbeatResponse heartbeat_response() {
  HeartbeatResponse response;
  response.header = header();
  response.lsn = 305;
  response.lag_changes = 3;
  response.lag_bytes = 420;
  response.stable = {4, clock_of(1, 300).clock()};
  return response;
}

inline ExchangeRequest exchange_request() {
  ExchangeRequest request;
  request.node_id = till;
  request.session = "a1b2c3";
  request.registration = register_request();
  request.push = push_request();
  request.heartbeat = heartbeat_request();
  request.pull = pull_request();
  request.registration->node_id = request.push->node_id = {};
  request.heartbeat->node_id = request.pull->node_id = {};
  return request;
}

inline ExchangeResponse exchange_response() {
  ExchangeResponse response;
  response.header = header();
  response.registration = register_response();
  response.push = Error{ErrorCode::too_large, "too many changes in a batch"}.with(
      "limit", std::uint64_t{10'000});
  response.heartbeat = heartbeat_response();
  response.pull = pull_response();
  return response;
}

inline ConflictReport conflict_report() {
  ConflictReport report;
  report.id = conflict_id("shop", "orders", "42", {till, 2}, {cloud, 301});
  report.kind = ConflictKind::update_delete;
  report.status = ConflictStatus::resolved;
  report.table = "orders";
  report.row_id = "42";
  report.local = packed_update();
  report.remote = deletion();
  report.local_lsn = 303;
  report.remote_lsn = 301;
  report.local_received_us = noon_us + 50;
  report.remote_received_us = noon_us + 40;
  report.parted_local = {{till, 2}, {{till, 1}}, 0};
  report.parted_remote = {{cloud, 301}, {{till, 1}}, 0};
  report.base_format = PayloadFormat::json;
  report.base_data = R"({"item": "chair"})";
  report.detected_at_us = noon_us + 50;
  report.policy = "lww";
  report.winner = ConflictWinner::local;
  report.winner_dot = Dot{till, 2};
  report.reason = "the later write won";
  report.skewed = true;
  report.resolved_at_us = noon_us + 60;
  report.resolved_by = "ann";
  report.resolution = Dot{cloud, 303};
  return report;
}

inline SnapshotResponse snapshot_page() {
  SnapshotResponse page;
  page.header = header();
  page.header.known.reset();
  page.giver = cloud;
  page.rows = list_of({deletion(), raw_insert()}, 301);
  page.history = list_of({change_of(till, 1)}, 17);
  page.markers = list_of({marker()}, 303);
  page.conflicts = {conflict_report()};
  page.next_page = "cGFnZSAy";
  page.clock = clock_of(3, 302);
  page.lsn = 305;
  page.stable = {4, clock_of(1, 300).clock()};
  page.cursor = "ASyAl26IOUMb";
  return page;
}

inline ConflictReport open_report() {
  ConflictReport report = conflict_report();
  report.kind = ConflictKind::insert_insert;
  report.status = ConflictStatus::open;
  report.policy = "causal";
  report.local = change_of(till, 1);
  report.remote = change_of(cloud, 300);
  report.base_format = PayloadFormat::none;
  report.base_data.clear();
  report.winner = ConflictWinner::none;
  report.winner_dot.reset();
  report.resolved_at_us.reset();
  report.resolved_by.clear();
  report.resolution.reset();
  report.skewed = false;
  report.more_of_row = 2;
  return report;
}

}  // namespace syncline::test::golden_samples
