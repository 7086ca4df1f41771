// Commands as data: what the parser, the help and the suggestions are made from.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/exit_code.hpp"
#include "app/terminal.hpp"
#include "app/value_check.hpp"

namespace syncline::app {

/// Which server, or which data directory, a client command talks to, as whom.
struct ClientOptions {
  std::string server = "http://127.0.0.1:8437";
  std::string tenant = "default";
  std::string token;
  std::string data = {};      ///< a directory instead of a server, unless it is empty
  bool tenant_named = false;  ///< the command line has the tenant, not the environment
};

/// What the command line itself says of this; it goes before `ClientOptions`.
struct ConnectionWords {
  std::optional<std::string> server;
  std::optional<std::string> tenant;
  std::optional<std::string> token;
  std::optional<std::string> data;
};

/// What every command is given: where to talk to, where to print to.
struct Session {
  ClientOptions client;
  bool json = false;  ///< print for programs
  ConnectionWords words = {};
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Terminal out_terminal;
  Terminal err_terminal;
  /// Whether the reader of `out` has gone away. That is no failure: it has what it wanted.
  std::function<bool()> reader_is_gone = [] { return false; };
};

/// Where the words of an option go. The pointers have to stay valid until the command has run.
using OptionTarget = std::variant<bool*, std::string*, std::optional<std::string>*, std::uint64_t*,
                                  std::optional<std::uint64_t>*, std::vector<std::string>*>;

/// One option ("--limit") or positional argument ("TABLE").
struct Option {
  std::string name;
  OptionTarget target;
  std::string help;
  std::string value_name = {};  ///< of an option that takes a value, for the help
  bool required = false;
  std::vector<std::string> choices = {};  ///< if not empty, nothing else is accepted
  NumberRange range = {};                 ///< of an option that is a number
  /// What is wrong with a value, empty if nothing is. Asked before the command runs.
  std::function<std::string(const std::string&)> fault = {};

  bool is_positional() const noexcept { return !name.starts_with('-'); }
  bool takes_value() const noexcept { return !std::holds_alternative<bool*>(target); }
};

/// A command that runs, or a group of commands that does not.
struct Command {
  std::string name;
  std::string summary;
  std::string examples;  ///< whole lines, shown at the end of the help
  std::vector<Option> options = {};
  std::vector<Command> subcommands = {};
  /// Empty for a group. An error that it returns is printed and becomes the exit status.
  std::function<Result<ExitCode>(Session&)> run = {};
  /// False: --server, --data, --tenant and --token mean nothing to it.
  bool talks_to_server = true;
};

}  // namespace syncline::app
