// All commands. Each file of commands contributes its own; the list is in commands.cpp.
#pragma once

#include <vector>

#include "app/command.hpp"

namespace syncline::app {

Command serve_command();
Command tenant_commands();
Command put_command();
Command get_command();
Command delete_command();
Command scan_command();
Command history_command();
Command changes_command();
Command conflict_commands();
Command peer_commands();
Command log_commands();
Command consumer_commands();
Command import_command();
Command export_command();
Command edge_commands();
Command edge_serve_command();  // of the group above
Command sync_command();
Command rejected_commands();
Command verify_command();
Command inspect_command();
Command backup_command();
Command repair_command();
Command demo_command();
Command version_command();

/// The program itself: a group of all of these.
Command root_command();

}  // namespace syncline::app
