#include "sync/cursor.hpp"

#include <random>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "sync/bytes.hpp"
#include "syncline/hybrid_clock.hpp"
#include "syncline/replica.hpp"

namespace syncline {
namespace {

struct Log {
  ManualClock clock{1'700'000'000'000'000};
  SeededRandom random{3};
  std::unique_ptr<Replica> replica;

  explicit Log(int changes, std::uint64_t seed = 3) : random(seed) {
    Replica::Options options;
    options.clock = &clock;
    options.random = &random;
    replica = Replica::open(options).value();
    for (int i = 0; i < changes; ++i) {
      REQUIRE(replica->put("t", std::to_string(i), Payload::json("1")));
      clock.advance_us(1'000'000);
    }
  }
};

ErrorCode code_of(const Result<Lsn>& result) {
  REQUIRE_FALSE(result);
  return result.error().code;
}

}  // namespace

TEST_CASE("a cursor goes through text unchanged") {
  SeededRandom random(1);
  const Cursor cursor{NodeId::generate(random), 12345, 0xDEADBEEFCAFEF00D, 7};
  const std::string text = encode_cursor(cursor);
  REQUIRE(decode_cursor(text));
  CHECK(*decode_cursor(text) == cursor);
  CHECK(
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
      std::string::npos);
}

TEST_CASE("a cursor that was tampered with is refused") {
  SeededRandom ids(1);
  const std::string text = encode_cursor({NodeId::generate(ids), 99, 1, 0});
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last character may have bits that say nothing.
    if (decode_cursor(changed)) CHECK(*decode_cursor(changed) == *decode_cursor(text));
    CHECK_FALSE(decode_cursor(text.substr(0, i)));
  }
  std::mt19937 random(5);
  for (int round = 0; round < 10'000; ++round) {
    std::string bytes(random() % 80, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    CHECK_FALSE(decode_cursor(bytes));
    CHECK_FALSE(decode_cursor(to_base64url(bytes)));
  }
}

TEST_CASE("a cursor is good for its log only") {
  const Log log(5);
  const Log other(5, 4);
  const LogReader reader = log.replica->log();
  const Cursor cursor = cursor_at(reader, 3);
  CHECK(*check_cursor(cursor, reader) == 3);
  CHECK(code_of(check_cursor(cursor, other.replica->log())) == ErrorCode::log_reset);
  CHECK(check_cursor(cursor, other.replica->log()).error().text("log_id") ==
        other.replica->log_id().to_string());

  Cursor wrong_hash = cursor;
  ++wrong_hash.running_hash;
  CHECK(code_of(check_cursor(wrong_hash, reader)) == ErrorCode::log_reset);
  Cursor above = cursor;
  above.lsn = 6;
  CHECK(code_of(check_cursor(above, reader)) == ErrorCode::log_reset);
  above.lsn = std::numeric_limits<Lsn>::max();
  CHECK(code_of(check_cursor(above, reader)) == ErrorCode::log_reset);
  const std::vector<std::string> tables{"t"};
  CHECK(code_of(check_cursor(cursor, reader, filter_hash(tables))) == ErrorCode::bad_request);
}

TEST_CASE("a filter's hash does not depend on order or repetition") {
  const std::vector<std::string> one{"a", "b"};
  const std::vector<std::string> two{"b", "a", "b"};
  const std::vector<std::string> other{"ab"};
  CHECK(filter_hash(one) == filter_hash(two));
  CHECK(filter_hash(one) != filter_hash(other));
  CHECK(filter_hash({}) == 0);
}

TEST_CASE("a consumer may begin in five ways") {
  const Log log(5);
  const LogReader reader = log.replica->log();
  CHECK(*parse_since("", reader) == 0);
  CHECK(*parse_since("beginning", reader) == 0);
  CHECK(*parse_since("now", reader) == 5);
  CHECK(*parse_since("lsn:2", reader) == 2);
  CHECK(*parse_since("lsn:5", reader) == 5);
  CHECK(*parse_since("time:" + format_rfc3339(1'700'000'000'000'000 + 2'000'000), reader) == 2);
  CHECK(*parse_since("time:2099-01-01T00:00:00Z", reader) == 5);
  CHECK(*parse_since(encode_cursor(cursor_at(reader, 4)), reader) == 4);
  for (const char* wrong : {"lsn:6", "lsn:", "lsn:-1", "lsn:2x", "time:noon", "yesterday"}) {
    CAPTURE(wrong);
    CHECK(code_of(parse_since(wrong, reader)) == ErrorCode::bad_request);
  }
}

TEST_CASE("tokens are read whatever the bytes") {
  ByteWriter out;
  out.number(0x0102, 2);
  out.text("ab");
  const std::string sealed = out.sealed();
  ByteReader in(sealed);
  CHECK(in.unseal());
  CHECK(in.number(2) == 0x0102);
  CHECK(in.text() == "ab");
  CHECK(in.at_end());
  CHECK(in.number(1) == 0);
  CHECK_FALSE(in.at_end());
  ByteReader empty("");
  CHECK_FALSE(empty.unseal());
  CHECK(empty.node().is_nil());
  CHECK_FALSE(from_base64url("a+b/"));
}

}  // namespace syncline
