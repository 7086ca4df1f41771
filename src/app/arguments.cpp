#include "app/arguments.hpp"

#include <algorithm>

#include "app/suggest.hpp"

namespace syncline::app {
namespace {

// The options that are understood once `command` was named.
std::vector<const Option*> options_of(const Command& command, std::span<const Option> everywhere,
                                      std::span<const Option> connection) {
  std::vector<const Option*> result;
  for (const Option& option : command.options) {
    if (!option.is_positional()) result.push_back(&option);
  }
  for (const Option& option : everywhere) result.push_back(&option);
  if (command.talks_to_server) {
    for (const Option& option : connection) result.push_back(&option);
  }
  return result;
}

std::string unknown_command(const Command& group, const std::string& word) {
  std::vector<std::string> names{"help"};
  for (const Command& command : group.subcommands) names.push_back(command.name);
  return "unknown command '" + word + "'" + suggestion_clause(word, names);
}

std::string unknown_option(const std::string& name, const std::vector<const Option*>& known) {
  std::vector<std::string> names{"--help"};
  for (const Option* option : known) names.push_back(option->name);
  std::string message = "unknown option '" + name + "'" + suggestion_clause(name, names);
  if (!name.starts_with("--")) message += " (put -- before an argument that begins with a dash)";
  return message;
}

// Whether the word behind an option is its value. One with a dash could be the next option, unless
// it is a dash alone or a negative number, of which the option itself says what is wrong.
bool is_value(const std::string& word) {
  if (word.size() < 2 || !word.starts_with('-')) return true;
  return word[1] >= '0' && word[1] <= '9';
}

std::string missing_value(const Option& option, const std::string* next) {
  std::string message = option.name + " needs a value: " + option.name + ' ' + option.value_name;
  if (next != nullptr && *next != "--") {
    message += " (" + option.name + "=" + *next + " if that is the value)";
  }
  return message;
}

}  // namespace

std::vector<Option> common_options(Session& session) {
  return {{.name = "--json", .target = &session.json, .help = "print JSON, for programs"}};
}

std::vector<Option> connection_options(Session& session) {
  return {{.name = "--server",
           .target = &session.words.server,
           .help = "the server's address, also by SYNCLINE_SERVER",
           .value_name = "URL"},
          {.name = "--data",
           .target = &session.words.data,
           .help = "work on this data directory instead, without a server",
           .value_name = "DIR"},
          {.name = "--tenant",
           .target = &session.words.tenant,
           .help = "the tenant, also by SYNCLINE_TENANT",
           .value_name = "ID"},
          {.name = "--token",
           .target = &session.words.token,
           .help = "bearer token, also by SYNCLINE_TOKEN",
           .value_name = "JWT"}};
}

std::string take_connection_words(Session& session) {
  const ConnectionWords& words = session.words;
  if (words.data && (words.server || words.token)) {
    return std::string("--data and ") + (words.server ? "--server" : "--token") +
           " exclude each other: a command works on a directory or talks to a server";
  }
  if (words.data && words.data->empty()) return "--data needs the path of a directory";
  if (words.server) session.client.server = *words.server;
  if (words.token) session.client.token = *words.token;
  if (words.data) session.client.data = *words.data;
  if (words.tenant) session.client.tenant = *words.tenant;
  session.client.tenant_named = words.tenant.has_value();
  return {};
}

std::optional<WrongWord> find_wrong_word(const Command& root, std::span<const std::string> words,
                                         std::span<const Option> everywhere,
                                         std::span<const Option> connection) {
  const Command* command = &root;
  std::string path = root.name;
  auto known = options_of(*command, everywhere, connection);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") return {};
    if (word.size() > 1 && word.starts_with('-')) {
      const std::string name = word.substr(0, word.find('='));
      if (name == "--help" || name == "-h") continue;
      const auto option = std::find_if(known.begin(), known.end(), [&](const Option* candidate) {
        return candidate->name == name;
      });
      if (option == known.end()) return WrongWord{unknown_option(name, known), path};
      if (!(*option)->takes_value() || name.size() < word.size()) continue;
      const std::string* next = i + 1 < words.size() ? &words[i + 1] : nullptr;
      if (next == nullptr || !is_value(*next))
        return WrongWord{missing_value(**option, next), path};
      ++i;
      continue;
    }
    if (command->subcommands.empty()) continue;
    const auto found =
        std::find_if(command->subcommands.begin(), command->subcommands.end(),
                     [&](const Command& candidate) { return candidate.name == word; });
    if (found == command->subcommands.end())
      return WrongWord{unknown_command(*command, word), path};
    command = &*found;
    path += ' ' + command->name;
    known = options_of(*command, everywhere, connection);
  }
  return {};
}

}  // namespace syncline::app
