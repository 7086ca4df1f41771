// Times as people write them. The only file that includes the calendar library.
#include <algorithm>
#include <chrono>
#include <optional>

#include <date/date.h>

#include "syncline/hybrid_clock.hpp"

namespace syncline {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The last microsecond that four digits of a year can tell.
constexpr std::uint64_t last_us = 253'402'300'799'999'999;

void put_digits(char* end, int count, std::uint32_t number) noexcept {
  for (; count > 0; --count) {
    *--end = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

// Takes text off the front, piece by piece; whatever does not fit is remembered.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : text_(text) {}

  int digits(std::size_t count) noexcept {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) number = number * 10 + digit();
    return number;
  }
  bool accept(char c) noexcept {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) noexcept {
    if (!accept(c)) good_ = false;
  }
  bool at_digit() const noexcept {
    return !text_.empty() && text_.front() >= '0' && text_.front() <= '9';
  }
  int digit() noexcept {
    if (!at_digit()) {
      good_ = false;
      return 0;
    }
    const int number = text_.front() - '0';
    text_.remove_prefix(1);
    return number;
  }
  void fail_unless(bool condition) noexcept { good_ = good_ && condition; }
  bool good() const noexcept { return good_; }
  bool finished() const noexcept { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

// Up to nine digits after the point, cut to microseconds.
microseconds scan_fraction(Scanner& scanner) noexcept {
  if (!scanner.accept('.')) return microseconds{0};
  scanner.fail_unless(scanner.at_digit());
  int us = 0;
  int count = 0;
  for (; scanner.at_digit(); ++count) {
    const int digit = scanner.digit();
    if (count < 6) us = us * 10 + digit;
    scanner.fail_unless(count < 9);
    if (!scanner.good()) break;
  }
  for (; count < 6; ++count) us *= 10;
  return microseconds{us};
}

minutes scan_offset(Scanner& scanner) noexcept {
  if (scanner.accept('Z') || scanner.accept('z')) return minutes{0};
  const bool west = scanner.accept('-');
  if (!west) scanner.expect('+');
  const int hour = scanner.digits(2);
  scanner.expect(':');
  const int minute = scanner.digits(2);
  scanner.fail_unless(hour < 24 && minute < 60);
  const minutes offset = hours{hour} + minutes{minute};
  return west ? -offset : offset;
}

std::optional<date::sys_time<microseconds>> scan_time(std::string_view text) noexcept {
  Scanner scanner(text);
  const int year = scanner.digits(4);
  scanner.expect('-');
  const int month = scanner.digits(2);
  scanner.expect('-');
  const int day = scanner.digits(2);
  if (!scanner.accept('t')) scanner.expect('T');
  const int hour = scanner.digits(2);
  scanner.expect(':');
  const int minute = scanner.digits(2);
  scanner.expect(':');
  const int second = scanner.digits(2);
  const microseconds fraction = scan_fraction(scanner);
  const minutes offset = scan_offset(scanner);
  const date::year_month_day day_of_year{date::year{year},
                                         date::month{static_cast<unsigned>(month)},
                                         date::day{static_cast<unsigned>(day)}};
  if (!scanner.finished() || !day_of_year.ok() || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  const auto whole_minute = date::sys_days{day_of_year} + hours{hour} + minutes{minute} - offset;
  // A leap second ends a day of UTC; as in POSIX it is counted as the first second of the next.
  const auto next_minute = whole_minute + minutes{1};
  if (second == 60 && date::floor<date::days>(next_minute) != next_minute) return std::nullopt;
  return whole_minute + seconds{second} + fraction;
}

}  // namespace

std::string format_rfc3339(std::uint64_t us) {
  const date::sys_time<microseconds> time{
      microseconds{static_cast<std::int64_t>(std::min(us, last_us))}};
  const auto midnight = date::floor<date::days>(time);
  const date::year_month_day day{midnight};
  const date::hh_mm_ss<microseconds> clock{time - midnight};
  std::string text = "0000-00-00T00:00:00.000000Z";
  char* begin = text.data();
  put_digits(begin + 4, 4, static_cast<std::uint32_t>(static_cast<int>(day.year())));
  put_digits(begin + 7, 2, static_cast<unsigned>(day.month()));
  put_digits(begin + 10, 2, static_cast<unsigned>(day.day()));
  put_digits(begin + 13, 2, static_cast<std::uint32_t>(clock.hours().count()));
  put_digits(begin + 16, 2, static_cast<std::uint32_t>(clock.minutes().count()));
  put_digits(begin + 19, 2, static_cast<std::uint32_t>(clock.seconds().count()));
  put_digits(begin + 26, 6, static_cast<std::uint32_t>(clock.subseconds().count()));
  return text;
}

Result<std::uint64_t> parse_rfc3339(std::string_view text) {
  const auto time = scan_time(text);
  if (!time) {
    return Error(
        ErrorCode::bad_request,
        "a time has the form 2026-11-20T12:00:00Z (RFC 3339, at most nine fraction digits)");
  }
  const std::int64_t us = time->time_since_epoch().count();
  if (us < 0) return Error(ErrorCode::bad_request, "a time lies not before 1970");
  return static_cast<std::uint64_t>(us);
}

}  // namespace syncline
