#include "app/commands.hpp"

namespace syncline::app {

Command root_command() {
  Command root;
  root.name = "syncline";
  root.summary =
      "A change log for data that is written in many places: it keeps every row change of every\n"
      "tenant, knows which changes saw which others, and settles or surfaces those that collided.";
  root.examples =
      "examples:\n"
      "  syncline demo                            watch two offline edges collide and settle\n"
      "  syncline serve                           a server on http://127.0.0.1:8437\n"
      "  syncline put countries NO '{\"name\": \"Norway\"}'\n"
      "  syncline get countries NO\n"
      "  syncline changes --follow\n"
      "  syncline serve --data DIR                the same, with data that survive a restart\n"
      "  syncline conflicts list --status open\n\n"
      "exit status: 0 done, 1 refused, 2 wrong usage, 3 no connection, 4 not found, 5 conflict or\n"
      "failed condition, 6 bad input, 7 not allowed, 8 over a limit, 9 the demo's replicas "
      "disagree,\n10 damaged data";
  root.subcommands = {
      serve_command(),     tenant_commands(), put_command(),     get_command(),
      delete_command(),    scan_command(),    history_command(), changes_command(),
      conflict_commands(), peer_commands(),   log_commands(),    consumer_commands(),
      import_command(),    export_command(),  edge_commands(),   sync_command(),
      rejected_commands(), verify_command(),  inspect_command(), backup_command(),
      repair_command(),    demo_command(),    version_command()};
  return root;
}

}  // namespace syncline::app
