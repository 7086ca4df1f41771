// The command line: from words to a running command.
#pragma once

#include <span>
#include <string>

#include "app/command.hpp"

namespace syncline::app {

/// Parses `words` (without the program's name), runs the command that they name, and prints its
/// error if it fails. Returns the exit status. Connection settings that the words do not give
/// come from `session.client`.
int run_command_line(const Command& root, std::span<const std::string> words, Session& session);

}  // namespace syncline::app
