// Cursors and other tokens that clients keep. The first byte says how the rest is meant: as the
// text of a token, as what stands behind a right checksum, or as a place to begin reading.
#include "sync/cursor.hpp"

#include "support/check.hpp"
#include "support/input.hpp"
#include "sync/bytes.hpp"
#include "syncline/change_json.hpp"
#include "syncline/replica.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

// A log that always has the same id and the same five changes.
const Replica& known_replica() {
  static ManualClock clock{1'700'000'000'000'000};
  static SeededRandom random{7};
  static const std::unique_ptr<Replica> replica = [] {
    Replica::Options options;
    options.clock = &clock;
    options.random = &random;
    Result<std::unique_ptr<Replica>> opened = Replica::open(options);
    FUZZ_CHECK(opened.has_value());
    for (int i = 0; i < 5; ++i) {
      clock.advance_us(1'000'000);
      FUZZ_CHECK((*opened)->put("t", std::to_string(i), Payload::json("1")).has_value());
    }
    return std::move(*opened);
  }();
  return *replica;
}

void check_place(const Result<Lsn>& place, const LogReader& reader) {
  if (place) {
    FUZZ_CHECK(*place + 1 >= reader.first_lsn() && *place <= reader.last_lsn());
  } else {
    check_error(place.error());
  }
}

void check_cursor_text(std::string_view text) {
  const Result<Cursor> cursor = decode_cursor(text);
  if (!cursor) {
    check_error(cursor.error());
    FUZZ_CHECK(cursor.error().code == ErrorCode::bad_request);
    return;
  }
  FUZZ_CHECK(encode_cursor(*cursor) == text);
  const LogReader reader = known_replica().log();
  for (const std::uint64_t filter : {std::uint64_t{0}, cursor->filter}) {
    check_place(check_cursor(*cursor, reader, filter), reader);
  }
}

void check_base64(std::string_view text) {
  FUZZ_CHECK(from_base64(to_base64(text)).value() == text);
  FUZZ_CHECK(from_base64url(to_base64url(text)).value() == text);
  // One text for the same bytes, or else two tokens would be the same.
  if (const auto bytes = from_base64(text)) FUZZ_CHECK(to_base64(*bytes) == text);
  if (const auto bytes = from_base64url(text)) FUZZ_CHECK(to_base64url(*bytes) == text);
}

void check_sealed(std::string_view contents) {
  ByteReader plain(contents);
  const NodeId node = plain.node();
  const std::string text = plain.text();
  if (plain.at_end()) {
    ByteWriter again;
    again.node(node);
    again.text(text);
    FUZZ_CHECK(again.bytes() == contents);
    const std::string sealed = again.sealed();
    ByteReader reader(sealed);
    FUZZ_CHECK(reader.unseal() && reader.node() == node && reader.text() == text);
    FUZZ_CHECK(reader.at_end());
  }
  ByteWriter out;
  for (const char byte : contents) out.number(static_cast<std::uint8_t>(byte), 1);
  check_cursor_text(to_base64url(out.sealed()));
}

}  // namespace

void cursor(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t mode = input.byte();
  const ExactCopy copy(input.rest());
  switch (mode % 3) {
    case 0:
      check_cursor_text(copy.text());
      check_base64(copy.text());
      break;
    case 1:
      check_sealed(copy.text());
      break;
    default:
      check_place(parse_since(copy.text(), known_replica().log()), known_replica().log());
  }
}

}  // namespace syncline::fuzz
