// `syncline version`.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {

Command version_command() {
  Command command;
  command.name = "version";
  command.summary = "Print the version of the program and of the wire protocol";
  command.examples = "examples:\n  syncline version\n  syncline version --json";
  command.run = [](Session& session) -> Result<ExitCode> {
    if (session.json) {
      const nlohmann::json version{{"version", SYNCLINE_VERSION}, {"protocol", {1}}};
      print_json(session, dump_json(version));
    } else {
      session.out << "syncline " << SYNCLINE_VERSION << ", wire protocol 1\n";
    }
    return ExitCode::ok;
  };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
