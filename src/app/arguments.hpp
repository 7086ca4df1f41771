// A look at the words of a command line before they are parsed: are commands and options known?
#pragma once

#include <span>
#include <string>

#include "app/command.hpp"

namespace syncline::app {

/// Options that every command has: --json.
std::vector<Option> common_options(Session& session);
/// Options of all commands that talk to a server: --server, --tenant, --token.
std::vector<Option> connection_options(Session& session);

/// The first word that is neither a command nor an option of the command that it stands in, as a
/// message with a suggestion: "unknown command 'tennant'; did you mean 'tenant'?". Empty if all
/// words are known. Surplus arguments are not looked for. `everywhere` are options that all
/// commands have, `connection` those of commands that talk to a server.
std::string find_unknown_word(const Command& root, std::span<const std::string> words,
                              std::span<const Option> everywhere,
                              std::span<const Option> connection);

}  // namespace syncline::app
