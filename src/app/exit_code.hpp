// What the program's exit status says.
#pragma once

#include <cstdint>

#include "syncline/error.hpp"

namespace syncline::app {

/// The exit status of the program. The numbers are documented and frozen.
enum class ExitCode : std::uint8_t {
  ok = 0,
  failed = 1,        ///< the server refused for a reason that has no number of its own
  usage = 2,         ///< the command line cannot be understood
  unreachable = 3,   ///< no connection, or the server is stopping
  not_found = 4,     ///< no such tenant, row or conflict
  conflict = 5,      ///< the state is not what the command asked for: 409, 410 and 412
  bad_input = 6,     ///< the data given are not what they should be
  not_allowed = 7,   ///< token or plan do not allow it
  over_limit = 8,    ///< too large, too many or too fast
  disagreement = 9,  ///< the demo ran, and its replicas do not agree
  damaged = 10,      ///< data on the disk are damaged
};

/// The exit status for a command that ended with `code`.
ExitCode exit_code_of(ErrorCode code) noexcept;

}  // namespace syncline::app
