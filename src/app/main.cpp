// The program `syncline`.
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

#include "app/cli.hpp"
#include "app/commands.hpp"

namespace {

void take_from_environment(const char* name, std::string& setting) {
  if (const char* value = std::getenv(name); value != nullptr && *value != '\0') setting = value;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace syncline::app;
  // A reader that goes away (`syncline export | head`) is seen as a failed write.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  Session session{.client = {},
                  .in = std::cin,
                  .out = std::cout,
                  .err = std::cerr,
                  .out_terminal = inspect_terminal(STDOUT_FILENO),
                  .err_terminal = inspect_terminal(STDERR_FILENO),
                  .reader_is_gone = [] { return is_reader_gone(STDOUT_FILENO); }};
  take_from_environment("SYNCLINE_SERVER", session.client.server);
  take_from_environment("SYNCLINE_TENANT", session.client.tenant);
  take_from_environment("SYNCLINE_TOKEN", session.client.token);
  try {
    const Command root = root_command();
    return run_command_line(root, std::vector<std::string>(argv + 1, argv + argc), session);
  } catch (const std::exception& error) {
    // Nothing below throws for bad input, so this is out of memory or a mistake of the program.
    std::cerr << "syncline: " << error.what() << '\n';
    return static_cast<int>(ExitCode::failed);
  }
}
