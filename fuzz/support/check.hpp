// Properties of fuzz targets: what does not hold ends the process, as fuzzers want it.
#pragma once

#include <string_view>

#include "syncline/error.hpp"

namespace syncline::fuzz {

/// Says on standard error what does not hold and where, and aborts.
[[noreturn]] void fail(std::string_view what, const char* file, int line) noexcept;

/// Checks what every error has to be: its code has a name, its detail is a sentence in UTF-8 that
/// is not empty, and so is the text of its members.
void check_error(const Error& error);

/// The same of an error that repeats `given`, which a person wrote: as good as that is. (Whoever
/// sends it on makes UTF-8 of it.)
void check_echo(const Error& error, std::string_view given);

}  // namespace syncline::fuzz

/// Ends the process unless `condition` holds.
#define FUZZ_CHECK(condition)                                                 \
  do {                                                                        \
    if (!(condition)) ::syncline::fuzz::fail(#condition, __FILE__, __LINE__); \
  } while (false)
