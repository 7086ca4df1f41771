// A look at the words of a command line before they are parsed: are commands and options known,
// and do options have their values?
#pragma once

#include <optional>
#include <span>
#include <string>

#include "app/command.hpp"

namespace syncline::app {

/// Options that every command has: --json.
std::vector<Option> common_options(Session& session);
/// Options of all commands that talk to a server: --server, --data, --tenant, --token.
std::vector<Option> connection_options(Session& session);
/// Lays what the words said of the connection over `session.client`. Gives what is wrong with
/// them, empty if nothing is.
std::string take_connection_words(Session& session);

/// A word that cannot stand where it stands.
struct WrongWord {
  std::string message;  ///< "unknown command 'tennant'; did you mean 'tenant'?"
  std::string path;     ///< the command whose help has what may stand there: "syncline put"
};

/// The first word that is neither a command nor an option of the command that it stands in, or
/// that is an option without its value. Nothing if there is none. Surplus arguments are not looked
/// for. `everywhere` are options that all commands have, `connection` those of commands that talk
/// to a server.
std::optional<WrongWord> find_wrong_word(const Command& root, std::span<const std::string> words,
                                         std::span<const Option> everywhere,
                                         std::span<const Option> connection);

}  // namespace syncline::app
