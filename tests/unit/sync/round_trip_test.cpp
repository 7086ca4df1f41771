// Round trips and laws over values that RapidCheck chooses and, where one fails, makes small.
#include <algorithm>
#include <array>
#include <map>
#include <rapidcheck.h>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/sync_world.hpp"
#include "sync/bytes.hpp"
#include "sync/cursor.hpp"
#include "sync/live_frames.hpp"
#include "sync/push_planner.hpp"
#include "syncline/record.hpp"

namespace syncline::test {
namespace {

NodeId node(std::uint8_t last) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes.fill(0xA7);
  bytes.back() = last;
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}

WireClock wire_clock_of(const std::map<std::uint8_t, std::uint32_t>& entries) {
  WireClock clock;
  for (const auto& [last, seq] : entries) {
    WireClock::Entry entry{seq + std::uint64_t{1}, std::nullopt};
    if (last % 2 == 0) entry.chain = seq * std::uint64_t{0x9E37'79B9'7F4A'7C15};
    clock.entries[node(last)] = entry;
  }
  return clock;
}

LiveFrame frame_of(std::uint8_t kind, std::uint64_t id, std::uint32_t number,
                   const std::map<std::uint8_t, std::uint32_t>& entries) {
  switch (kind % 4) {
    case 0:
      return {id, LiveCredit{number, id}};
    case 1: {
      HeartbeatRequest beat;
      beat.clock = wire_clock_of(entries);
      beat.cursor = std::to_string(number);
      return {id, beat};
    }
    case 2: {
      PullRequest pull;
      pull.limit = number;
      pull.have = wire_clock_of(entries);
      pull.include_own = number % 2 == 0;
      return {id, pull};
    }
    default:
      return {id, LiveError{Error{ErrorCode::clock_drift, "d"}.with("time", std::to_string(id))}};
  }
}

/// A replica with transactions of these sizes in its log, one change where it is 0 or 1.
void write_transactions(Replica& replica, const std::vector<std::uint8_t>& sizes) {
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    std::vector<std::string> rows;
    for (int row = 0; row < std::max(1, sizes[i] % 6); ++row) rows.push_back(std::to_string(row));
    std::vector<Write> writes;
    for (const std::string& row : rows) {
      writes.push_back({WriteKind::put, "t", row, Payload::json("[1,2,3]"), {}});
    }
    RC_ASSERT(replica.transaction(writes).has_value());
  }
}

std::string own_log(const Replica& replica) {
  std::string bytes;
  const LogReader reader = replica.log();
  for (Lsn lsn = 1; lsn <= reader.last_lsn(); ++lsn) {
    const auto record = reader.at(lsn).change.record;
    bytes.append(record.begin(), record.end());
  }
  return bytes;
}

/// The transaction that the change at `index` belongs to, and whether it is its last.
bool ends_transaction(const RecordBytes& record) {
  const auto part = view_trusted_record(record.data()).transaction();
  return !part || part->index + 1 == part->count;
}

}  // namespace

TEST_CASE("any cursor survives its text, and no text with a letter changed is one") {
  CHECK(rc::check(
      [](std::uint8_t log, Lsn lsn, std::uint64_t hash, std::uint64_t filter, std::uint16_t where) {
        const Cursor cursor{node(log), lsn, hash, filter};
        std::string text = encode_cursor(cursor);
        RC_ASSERT(decode_cursor(text).value() == cursor);
        char& letter = text[where % text.size()];
        letter = letter == 'A' ? 'B' : 'A';
        RC_ASSERT(decode_cursor(text).has_error());
      }));
}

TEST_CASE("any tables have one hash, whatever their order") {
  CHECK(rc::check([](std::vector<std::string> tables) {
    const std::uint64_t hash = filter_hash(tables);
    RC_ASSERT((hash == 0) == tables.empty());
    std::reverse(tables.begin(), tables.end());
    RC_ASSERT(filter_hash(tables) == hash);
    if (!tables.empty()) {
      tables.push_back(tables.front());
      RC_ASSERT(filter_hash(tables) == hash);
    }
  }));
}

TEST_CASE("whatever is written into a token is read from it, in order") {
  CHECK(rc::check([](const std::vector<std::string>& texts, std::uint64_t number) {
    ByteWriter out;
    for (const std::string& text : texts) out.text(text);
    out.number(number, 8);
    const std::string sealed = out.sealed();
    ByteReader in(sealed);
    RC_ASSERT(in.unseal());
    for (const std::string& text : texts) RC_ASSERT(in.text() == text);
    RC_ASSERT(in.number(8) == number);
    RC_ASSERT(in.at_end());
    RC_ASSERT(in.number(1) == 0 && !in.at_end());
  }));
}

TEST_CASE("any clock survives both formats, with its hashes") {
  CHECK(rc::check([](const std::map<std::uint8_t, std::uint32_t>& entries) {
    const WireClock clock = wire_clock_of(entries);
    for (const BodyFormat format : {BodyFormat::json, BodyFormat::msgpack}) {
      const auto body = parse_body(write_body(clock_to_body(clock), format), format);
      RC_ASSERT(body.has_value());
      RC_ASSERT(clock_from_body(*body, "clock").value() == clock);
    }
  }));
}

TEST_CASE("any frame is the same frame behind either format") {
  CHECK(rc::check([](std::uint8_t kind, std::uint32_t id, std::uint32_t number,
                     const std::map<std::uint8_t, std::uint32_t>& entries) {
    const LiveFrame frame = frame_of(kind, id, number, entries);
    const LiveMessage packed = write_live_message(frame, BodyFormat::msgpack);
    const LiveMessage text = write_live_message(frame, BodyFormat::json);
    RC_ASSERT(packed.binary && !text.binary);
    for (const LiveMessage& message : {packed, text}) {
      const auto read = read_live_message(message);
      RC_ASSERT(read.has_value());
      RC_ASSERT(read->id == id && live_type(read->body) == live_type(frame.body));
      RC_ASSERT(write_live_message(*read, BodyFormat::msgpack) == packed);
      RC_ASSERT(write_live_message(*read, BodyFormat::json) == text);
    }
  }));
}

TEST_CASE("batches of any size are the whole log in its order, and cut no transaction") {
  CHECK(rc::check(
      [](const std::vector<std::uint8_t>& transactions, std::uint8_t changes, std::uint16_t bytes) {
        SyncWorld world;
        const Edge edge = world.edge();
        write_transactions(*edge.replica, transactions);
        const std::size_t batch_changes = 1 + changes % 20;
        const std::size_t batch_bytes = 1 + bytes % 3000;
        PushPlanner planner(*edge.replica, {batch_changes, batch_bytes, false});
        planner.set_server_clock({});
        planner.begin_round();
        std::string sent;
        while (auto batch = planner.next()) {
          std::size_t size = 0;
          for (const RecordBytes& record : batch->changes.records) {
            sent.append(record.begin(), record.end());
            size += record.size();
          }
          RC_ASSERT(!batch->changes.records.empty());
          RC_ASSERT(ends_transaction(batch->changes.records.back()));
          // One transaction goes whole, however small batches are.
          const auto number = [](const RecordBytes& record) {
            const auto part = view_trusted_record(record.data()).transaction();
            return part ? part->number : view_trusted_record(record.data()).dot.seq;
          };
          const bool one =
              number(batch->changes.records.front()) == number(batch->changes.records.back());
          RC_ASSERT(one || (batch->changes.records.size() <= batch_changes && size <= batch_bytes));
          PushResponse answer;
          answer.received = batch->changes.records.size();
          answer.acked.raise(view_trusted_record(batch->changes.records.back().data()).dot);
          planner.on_answer(answer);
        }
        RC_ASSERT(sent == own_log(*edge.replica));
      }));
}

}  // namespace syncline::test
