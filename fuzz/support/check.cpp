#include "support/check.hpp"

#include <cstdio>
#include <cstdlib>

#include "changelog/codec/text_check.hpp"

namespace syncline::fuzz {

void fail(std::string_view what, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: this does not hold: %.*s\n", file, line,
               static_cast<int>(what.size()), what.data());
  std::abort();
}

void check_error(const Error& error) {
  FUZZ_CHECK(error_code_from_string(to_string(error.code)) == error.code);
  FUZZ_CHECK(!error.detail.empty());
  FUZZ_CHECK(codec::is_utf8(error.detail));
  for (const ErrorMember& member : error.members) {
    FUZZ_CHECK(!member.name.empty());
    const auto* const text = std::get_if<std::string>(&member.value);
    FUZZ_CHECK(text == nullptr || codec::is_utf8(*text));
  }
}

void check_echo(const Error& error, std::string_view given) {
  FUZZ_CHECK(!error.detail.empty());
  if (codec::is_utf8(given)) check_error(error);
}

}  // namespace syncline::fuzz
