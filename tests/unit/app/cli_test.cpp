#include "app/cli.hpp"

#include <sstream>

#include <doctest/doctest.h>

#include "app/arguments.hpp"
#include "app/commands.hpp"

namespace {

using namespace syncline;
using namespace syncline::app;

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
  ClientOptions client;
  bool json = false;
};

// Runs the words against a program with one group and three commands that only take notes.
struct Program {
  std::string text;
  std::optional<std::string> maybe;
  std::uint64_t number = 0;
  std::vector<std::string> many;
  bool flag = false;
  std::string ran;

  Command leaf(std::string name, bool talks) {
    Command command;
    command.name = name;
    command.summary = "does " + name;
    command.examples = "examples:\n  program " + name;
    command.talks_to_server = talks;
    command.options = {{.name = "TEXT", .target = &text, .help = "a text", .required = true},
                       {.name = "MAYBE", .target = &maybe, .help = "perhaps"},
                       {.name = "--number", .target = &number, .help = "n", .value_name = "N"},
                       {.name = "--few",
                        .target = &number,
                        .help = "n",
                        .value_name = "N",
                        .range = {.from = 0, .to = 9}},
                       {.name = "--even",
                        .target = &maybe,
                        .help = "e",
                        .value_name = "WORD",
                        .fault =
                            [](const std::string& word) {
                              return word.size() % 2 == 0 ? "" : "an even word, please";
                            }},
                       {.name = "--many", .target = &many, .help = "m", .value_name = "M"},
                       {.name = "--flag", .target = &flag, .help = "f"},
                       {.name = "--level",
                        .target = &maybe,
                        .help = "l",
                        .value_name = "L",
                        .choices = {"open", "resolved"}}};
    command.run = [this, name](Session&) -> Result<ExitCode> {
      ran = name;
      if (name == "fail") return Error(ErrorCode::row_not_found, "no such row");
      return ExitCode::ok;
    };
    return command;
  }

  Outcome run(std::vector<std::string> words) {
    Command root;
    root.name = "program";
    root.summary = "a program";
    Command group;
    group.name = "tenant";
    group.summary = "a group";
    group.subcommands = {leaf("create", true)};
    root.subcommands = {group, leaf("put", true), leaf("fail", true), leaf("local", false)};
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Session session{
        .client = {}, .in = in, .out = out, .err = err, .out_terminal = {}, .err_terminal = {}};
    Outcome outcome;
    outcome.status = run_command_line(root, words, session);
    outcome.out = out.str();
    outcome.err = err.str();
    outcome.client = session.client;
    outcome.json = session.json;
    return outcome;
  }
};

TEST_CASE("words reach the variables that they are meant for") {
  Program program;
  const Outcome outcome =
      program.run({"put", "--number", "7", "a", "--many=x", "b", "--many", "y", "--flag"});
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  CHECK(program.ran == "put");
  CHECK(program.text == "a");
  CHECK(program.maybe == "b");
  CHECK(program.number == 7);
  CHECK(program.many == std::vector<std::string>{"x", "y"});
  CHECK(program.flag);
}

TEST_CASE("JSON is taken as it is") {
  for (const char* json : {"{}", "[1,2]", "[]", "{\"a\": [1]}", "\"\"", "-", "null"}) {
    CAPTURE(json);
    Program program;
    CHECK(program.run({"put", "a", json}).status == 0);
    CHECK(program.maybe == json);
  }
}

TEST_CASE("after two dashes an argument may begin with one") {
  Program program;
  CHECK(program.run({"put", "--", "-1", "-2"}).status == 0);
  CHECK(program.text == "-1");
  CHECK(program.maybe == "-2");
}

TEST_CASE("an argument may be called like a command") {
  Program program;
  CHECK(program.run({"put", "tenant", "put"}).status == 0);
  CHECK(program.text == "tenant");
  CHECK(program.maybe == "put");
}

TEST_CASE("the connection may be named before or after the command") {
  for (const auto& words :
       {std::vector<std::string>{"--server", "http://x", "--json", "put", "a"},
        std::vector<std::string>{"put", "a", "--json", "--server=http://x"},
        std::vector<std::string>{"tenant", "--server", "http://x", "--json", "create", "a"}}) {
    Program program;
    const Outcome outcome = program.run(words);
    CHECK(outcome.status == 0);
    CHECK(outcome.client.server == "http://x");
    CHECK(outcome.json);
  }
}

TEST_CASE("a command without a server refuses to be given one") {
  Program program;
  CHECK(program.run({"local", "a"}).status == 0);
  const Outcome before = program.run({"--server", "http://x", "local", "a"});
  CHECK(before.status == 2);
  CHECK(before.err.find("talks to no server") != std::string::npos);
  CHECK(program.run({"local", "a", "--server", "http://x"}).status == 2);
}

TEST_CASE("unknown words get a suggestion") {
  const auto message = [](std::vector<std::string> words) {
    Program program;
    const Outcome outcome = program.run(std::move(words));
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK(program.ran.empty());
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  CHECK(message({"tennant", "create", "a"}) ==
        "syncline: unknown command 'tennant'; did you mean 'tenant'?");
  CHECK(message({"tenant", "craete", "a"}) ==
        "syncline: unknown command 'craete'; did you mean 'create'?");
  CHECK(message({"elephant"}) == "syncline: unknown command 'elephant'");
  CHECK(message({"put", "a", "--numbr", "7"}) ==
        "syncline: unknown option '--numbr'; did you mean '--number'?");
  CHECK(message({"--sever", "http://x", "put", "a"}) ==
        "syncline: unknown option '--sever'; did you mean '--server'?");
  CHECK(message({"put", "-1"}).find("put -- before") != std::string::npos);
  const std::string choice = message({"put", "a", "--level", "opne"});
  CHECK(choice.find("'opne' is not one of open, resolved; did you mean 'open'?") !=
        std::string::npos);
}

TEST_CASE("wrong usage is named") {
  Program program;
  CHECK(program.run({"put"}).status == 2);
  CHECK(program.run({"put"}).err.find("TEXT") != std::string::npos);
  CHECK(program.run({"put", "a", "b", "c"}).err.find("c") != std::string::npos);
  CHECK(program.run({"put", "a", "--number", "x"}).status == 2);
  CHECK(program.run({"put", "a", "--number"}).status == 2);
}

TEST_CASE("a value is checked before the command runs") {
  const auto message = [](std::vector<std::string> words) {
    Program program;
    const Outcome outcome = program.run(std::move(words));
    CHECK(outcome.status == 2);
    CHECK(program.ran.empty());
    return outcome.err;
  };
  const std::string see = "\nsee 'program put --help'\n";
  CHECK(message({"put", "a", "--number", "abc"}) ==
        "syncline: --number: a number from 1, not 'abc'" + see);
  CHECK(message({"put", "a", "--number", "0"}) ==
        "syncline: --number: a number from 1, not '0'" + see);
  CHECK(message({"put", "a", "--number", "-5"}) ==
        "syncline: --number: a number from 1, not '-5'" + see);
  CHECK(message({"put", "a", "--number=-5"}) ==
        "syncline: --number: a number from 1, not '-5'" + see);
  CHECK(message({"put", "a", "--few", "10"}) ==
        "syncline: --few: a number from 0 to 9, not '10'" + see);
  CHECK(message({"put", "a", "--even", "odd"}) == "syncline: --even: an even word, please" + see);
  CHECK(message({"put", "a", "--number"}) == "syncline: --number needs a value: --number N" + see);
  CHECK(message({"put", "a", "--number", "--flag"}) ==
        "syncline: --number needs a value: --number N (--number=--flag if that is the value)" +
            see);
  Program program;
  CHECK(program.run({"put", "a", "--few", "0", "--even=--"}).status == 0);
  CHECK(program.number == 0);
  CHECK(program.maybe == "--");
}

TEST_CASE("a wrong word names the help of the command that it stands in") {
  const auto last_line = [](std::vector<std::string> words) {
    Program program;
    const std::string text = program.run(std::move(words)).err;
    return text.substr(text.find('\n') + 1);
  };
  CHECK(last_line({"put", "a", "--numbr", "7"}) == "see 'program put --help'\n");
  CHECK(last_line({"tenant", "create", "--numbr"}) == "see 'program tenant create --help'\n");
  CHECK(last_line({"tenant", "craete"}) == "see 'program tenant --help'\n");
  CHECK(last_line({"ptu"}) == "see 'program --help'\n");
}

Outcome run_real(std::vector<std::string> words) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  // Nothing listens there: what is refused with 2 was refused before anything was sent.
  Session session{.client = {.server = "http://127.0.0.1:1", .tenant = "default", .token = {}},
                  .in = in,
                  .out = out,
                  .err = err,
                  .out_terminal = {},
                  .err_terminal = {}};
  Outcome outcome;
  outcome.status = run_command_line(root_command(), words, session);
  outcome.err = err.str().substr(0, err.str().find('\n'));
  return outcome;
}

TEST_CASE("words that cannot be meant are refused before anything is sent") {
  const auto message = [](std::vector<std::string> words) {
    const Outcome outcome = run_real(std::move(words));
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  const std::string no_row = "syncline: ROW: a row's id has 1 to 1024 bytes";
  const std::string no_table = "syncline: TABLE: a table's name has 1 to 255 bytes";
  CHECK(message({"put", "t", "", "{}"}) == no_row);
  CHECK(message({"get", "t", ""}) == no_row);
  CHECK(message({"delete", "t", ""}) == no_row);
  CHECK(message({"history", "t", ""}) == no_row);
  CHECK(message({"put", "", "r", "{}"}) == no_table);
  CHECK(message({"get", "", "r"}) == no_table);
  CHECK(message({"delete", "", "r"}) == no_table);
  CHECK(message({"history", "", "r"}) == no_table);
  CHECK(message({"scan", ""}) == no_table);
  for (const char* command : {"scan", "changes"}) {
    std::vector<std::string> words{command, "--limit", "0"};
    if (words.front() == "scan") words.emplace_back("t");
    CHECK(message(words) == "syncline: --limit: a number from 1, not '0'");
  }
  CHECK(message({"serve", "--threads", "1025"}) ==
        "syncline: --threads: a number from 1 to 1024, not '1025'");
  CHECK(message({"serve", "--threads", "0"}) ==
        "syncline: --threads: a number from 1 to 1024, not '0'");
  CHECK(message({"tenant", "set", "a", "--max-clock-drift-ms", "-1"}) ==
        "syncline: --max-clock-drift-ms: a number from 0, not '-1'");
  CHECK(message({"tenant", "set", "a", "--policy", "casual"}) ==
        "syncline: --policy: 'casual' is not one of causal, lww; did you mean 'causal'?");
  CHECK(message({"tenant", "set", "a", "--table-policy", "t=lwv"}) ==
        "syncline: --table-policy: 'lwv' is not one of causal, lww; did you mean 'lww'?");
  CHECK(message({"changes", "--before"}).find("--before needs --json") != std::string::npos);
  CHECK(message({"changes", "--follow", "--limit", "5"}).find("takes no --limit") !=
        std::string::npos);
  CHECK(run_real({"get", "t", "1"}).status == 3);
}

TEST_CASE("output that cannot be written is an error unless nobody reads it any more") {
  for (const bool gone : {false, true}) {
    Program program;
    Command root;
    root.name = "program";
    root.subcommands = {program.leaf("put", true)};
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Session session{.client = {},
                    .in = in,
                    .out = out,
                    .err = err,
                    .out_terminal = {},
                    .err_terminal = {},
                    .reader_is_gone = [gone] { return gone; }};
    out.setstate(std::ios::badbit);
    CHECK(run_command_line(root, std::vector<std::string>{"put", "a"}, session) == (gone ? 0 : 1));
    CHECK(err.str() == (gone ? "" : "syncline: the output could not be written\n"));
  }
}

TEST_CASE("help is printed and has examples") {
  Program program;
  CHECK(program.run({"put", "--help"}).out.find("program put") != std::string::npos);
  CHECK(program.run({"help", "put"}).out.find("program put") != std::string::npos);
  CHECK(program.run({"--help"}).status == 0);
  const Outcome nothing = program.run({});
  CHECK(nothing.status == 2);
  CHECK(nothing.err.find("a program") != std::string::npos);
  const Outcome group = program.run({"tenant"});
  CHECK(group.status == 2);
  CHECK(group.err.find("create") != std::string::npos);
}

TEST_CASE("an error becomes a message and a status") {
  Program program;
  const Outcome outcome = program.run({"fail", "a"});
  CHECK(outcome.status == 4);
  CHECK(outcome.err == "syncline: row_not_found: no such row\n");
}

void check_documented(const Command& command) {
  CAPTURE(command.name);
  CHECK(!command.summary.empty());
  CHECK(command.examples.find("examples:") != std::string::npos);
  CHECK(static_cast<bool>(command.run) == command.subcommands.empty());
  for (const Option& option : command.options) CHECK(!option.help.empty());
  for (const Command& subcommand : command.subcommands) check_documented(subcommand);
}

TEST_CASE("a command works on a directory or talks to a server") {
  for (const auto& words : {std::vector<std::string>{"--data", "dir", "put", "a"},
                            std::vector<std::string>{"put", "a", "--data=dir"}}) {
    Program program;
    const Outcome outcome = program.run(words);
    CHECK(outcome.status == 0);
    CHECK(outcome.client.data == "dir");
    CHECK_FALSE(outcome.client.tenant_named);
  }
  for (const auto& words : {std::vector<std::string>{"--data", "dir", "put", "a", "--server", "x"},
                            std::vector<std::string>{"--token", "x", "put", "a", "--data", "dir"},
                            std::vector<std::string>{"put", "a", "--data="}}) {
    Program program;
    const Outcome outcome = program.run(words);
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("--data") != std::string::npos);
    CHECK(program.ran.empty());
  }
  Program program;
  CHECK(program.run({"put", "a", "--data", "dir", "--tenant", "shop"}).client.tenant_named);
}

TEST_CASE("no option of the program's own is in the way of another") {
  // The parser is built whole for every call, and refuses a name that is there twice.
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Session session{
      .client = {}, .in = in, .out = out, .err = err, .out_terminal = {}, .err_terminal = {}};
  CHECK(run_command_line(root_command(), std::vector<std::string>{"version"}, session) == 0);
}

TEST_CASE("every command is documented with examples") { check_documented(root_command()); }

}  // namespace
