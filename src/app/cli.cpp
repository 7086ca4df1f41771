#include "app/cli.hpp"

#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/arguments.hpp"
#include "app/value_check.hpp"

namespace syncline::app {
namespace {

constexpr std::size_t help_column = 32;

// Fits an option's words to the variable that it is kept in.
struct Registration {
  CLI::App& app;
  const Option& option;

  CLI::Option* operator()(bool* target) const {
    return app.add_flag(option.name, *target, option.help);
  }
  CLI::Option* operator()(std::string* target) const {
    return app.add_option_function<std::string>(
        option.name, [target](const std::string& value) { *target = value; }, option.help);
  }
  CLI::Option* operator()(std::optional<std::string>* target) const {
    return app.add_option_function<std::string>(
        option.name, [target](const std::string& value) { *target = value; }, option.help);
  }
  CLI::Option* operator()(std::uint64_t* target) const { return add_number(target); }
  CLI::Option* operator()(std::optional<std::uint64_t>* target) const { return add_number(target); }
  CLI::Option* operator()(std::vector<std::string>* target) const {
    CLI::Option* added = app.add_option(option.name, *target, option.help);
    // One value each time, or `--table a b` would swallow the arguments that follow.
    if (!option.is_positional()) added->expected(1)->take_all()->allow_extra_args(false);
    return added;
  }

 private:
  // CLI11 would take "-1" for a very large number. The check has refused what is no number.
  template <typename Number>
  CLI::Option* add_number(Number* target) const {
    CLI::Option* added = app.add_option_function<std::string>(
        option.name,
        [target, range = option.range](const std::string& word) {
          if (const auto number = parse_number(word, range)) *target = *number;
        },
        option.help);
    added->check(
        [range = option.range](const std::string& word) { return number_fault(word, range); });
    return added;
  }
};

CLI::Option* add_option(CLI::App& app, const Option& option) {
  CLI::Option* added = std::visit(Registration{app, option}, option.target);
  if (option.required) added->required();
  if (!option.value_name.empty()) {
    added->type_name(option.value_name);
  } else if (option.is_positional()) {
    added->type_name("");
  }
  if (!option.choices.empty()) {
    added->check([choices = option.choices](const std::string& value) {
      return choice_fault(value, choices);
    });
  }
  if (option.fault) added->check(option.fault);
  return added;
}

// The parser of one command and, below it, of its subcommands. `misplaced` are options that have no
// meaning without a server.
void build(CLI::App& app, const Command& command, Session& session,
           std::vector<const CLI::Option*>& misplaced) {
  app.set_help_flag("-h,--help", "print this text");
  app.footer(command.examples);
  app.get_formatter()->column_width(help_column);
  for (const Option& option : command.options) add_option(app, option);
  for (const Option& option : common_options(session)) add_option(app, option);
  if (command.talks_to_server) {
    for (const Option& option : connection_options(session)) {
      CLI::Option* added = add_option(app, option);
      added->group("Connection");
      if (!command.run) misplaced.push_back(added);
    }
  }
  app.require_subcommand(0, command.subcommands.empty() ? 0 : 1);
  for (const Command& subcommand : command.subcommands) {
    CLI::App* child = app.add_subcommand(subcommand.name, subcommand.summary);
    build(*child, subcommand, session, misplaced);
  }
}

int usage_error(Session& session, const std::string& message, const std::string& path) {
  session.err << "syncline: " << message << "\nsee '" << path << " --help'\n";
  return static_cast<int>(ExitCode::usage);
}

// "syncline tenant create": the commands that were recognised.
std::string path_of(const CLI::App& app, const std::string& name) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) return name;
  return path_of(*chosen.front(), name + ' ' + chosen.front()->get_name());
}

const Command* chosen_command(const CLI::App& app, const Command& command) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) return &command;
  const auto found =
      std::find_if(command.subcommands.begin(), command.subcommands.end(),
                   [&](const Command& child) { return child.name == chosen.front()->get_name(); });
  return found == command.subcommands.end() ? &command : chosen_command(*chosen.front(), *found);
}

int run(const Command& command, Session& session) {
  const Result<ExitCode> result = command.run(session);
  session.out.flush();
  if (!result) {
    session.err << "syncline: " << to_string(result.error()) << '\n';
    return static_cast<int>(exit_code_of(result.error().code));
  }
  if (!session.out.good() && !session.reader_is_gone()) {
    session.err << "syncline: the output could not be written\n";
    return static_cast<int>(ExitCode::failed);
  }
  return static_cast<int>(*result);
}

}  // namespace

int run_command_line(const Command& root, std::span<const std::string> given, Session& session) {
  std::vector<std::string> words(given.begin(), given.end());
  if (!words.empty() && words.front() == "--version") words.front() = "version";
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  const auto everywhere = common_options(session);
  const auto connection = connection_options(session);
  if (const auto wrong = find_wrong_word(root, words, everywhere, connection)) {
    return usage_error(session, wrong->message, wrong->path);
  }

  CLI::App app(root.summary, root.name);
  std::vector<const CLI::Option*> misplaced;
  build(app, root, session, misplaced);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the end
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    session.out << app.help();
    return static_cast<int>(ExitCode::ok);
  } catch (const CLI::ParseError& error) {
    return usage_error(session, error.what(), path_of(app, root.name));
  }
  const Command* chosen = chosen_command(app, root);
  if (!chosen->run) {
    session.err << app.help();
    return static_cast<int>(ExitCode::usage);
  }
  if (!chosen->talks_to_server) {
    const auto given_in_vain = std::find_if(misplaced.begin(), misplaced.end(),
                                            [](const auto* option) { return option->count() > 0; });
    if (given_in_vain != misplaced.end()) {
      return usage_error(session,
                         "'" + chosen->name + "' talks to no server, so " +
                             (*given_in_vain)->get_name() + " before it has no meaning",
                         path_of(app, root.name));
    }
  }
  if (const std::string wrong = take_connection_words(session); !wrong.empty()) {
    return usage_error(session, wrong, path_of(app, root.name));
  }
  return run(*chosen, session);
}

}  // namespace syncline::app
