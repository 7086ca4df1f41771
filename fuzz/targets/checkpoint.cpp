// The bytes of journal entries that are no changes. The first byte says of which kind.
#include "changelog/replica/checkpoint_entries.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

void check_damaged(const Error& error) {
  check_error(error);
  FUZZ_CHECK(error.code == ErrorCode::internal);
}

// What was read is written so that it is read as the same again.
template <typename Decode, typename Encode>
void check(Bytes bytes, Decode&& decode, Encode&& encode) {
  const auto value = decode(bytes);
  if (!value) {
    check_damaged(value.error());
    return;
  }
  const std::string written = encode(*value);
  FUZZ_CHECK(written.size() <= bytes.size());
  const auto again = decode(bytes_of(written));
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(encode(*again) == written);
}

void check_filings(std::string_view bytes) {
  Lsn lsn = 1'000;
  while (!bytes.empty()) {
    const std::string_view before = bytes;
    const auto filing = take_filing(bytes, lsn);
    if (!filing) {
      check_damaged(filing.error());
      return;
    }
    FUZZ_CHECK(bytes.size() < before.size() && before.ends_with(bytes));
    FUZZ_CHECK(filing->previous_of_row < lsn && filing->before_lsn < lsn);
    std::string written;
    append_filing(written, lsn, *filing);
    std::string_view rest = written;
    const auto again = take_filing(rest, lsn);
    FUZZ_CHECK(again.has_value() && rest.empty());
    FUZZ_CHECK(again->verdict == filing->verdict && again->before_lsn == filing->before_lsn);
    FUZZ_CHECK(again->previous_of_row == filing->previous_of_row);
    ++lsn;
  }
}

}  // namespace

void checkpoint(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t kind = input.byte();
  const ExactCopy copy(input.rest());
  const Bytes rest = copy.bytes();
  switch (kind % 7) {
    case 0:
      return check(rest, decode_identity, encode_identity);
    case 1:
      return check(rest, decode_property, encode_property);
    case 2:
      return check(rest, decode_clock, encode_clock);
    case 3:
      return check(rest, decode_log_state, encode_log_state);
    case 4:
      return check(rest, decode_origin, encode_origin);
    case 5:
      return check(rest, decode_conflict, encode_conflict);
    default:
      return check_filings(copy.text());
  }
}

}  // namespace syncline::fuzz
