// What the system says of a file, as an error of the library.
#pragma once

#include <string_view>

#include "syncline/error.hpp"

namespace syncline::journal_internal {

/// "cannot <action> <path>: <what the system says of errno `number`>", as `not_found` for ENOENT
/// and as `unavailable` for all else. `action` is a verb, "write". Member `disk` is what the system
/// says, for those who may not know paths.
Error file_error(std::string_view action, std::string_view path, int number);

/// Of a lock file that somebody holds, and that has `text` in it: names the process.
Error lock_held_error(std::string_view path, std::string_view text);

}  // namespace syncline::journal_internal
