// `syncline backup` and `syncline repair`.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/data_connection.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "syncline/node_tools.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string directory;
  std::string target;
};

Result<ExitCode> run_backup(Session& session, const Arguments& arguments) {
  const auto backup = backup_node(system_files(), arguments.directory, arguments.target);
  if (!backup) return with_advice(backup.error(), arguments.directory);
  if (session.json) {
    print_json(session, dump_json({{"target", arguments.target},
                                   {"tenants", backup->tenants},
                                   {"bytes", backup->bytes}}));
  } else {
    session.out << "copied " << grouped(backup->tenants)
                << (backup->tenants == 1 ? " tenant, " : " tenants, ") << human_bytes(backup->bytes)
                << ", to " << arguments.target << '\n';
  }
  return ExitCode::ok;
}

nlohmann::json repair_json(const NodeRepair& repair) {
  nlohmann::json body{{"catalogue", repair.catalogue_from_copy    ? "from copy"
                                    : repair.catalogue_from_names ? "from names"
                                                                  : "whole"},
                      {"catalogue_set_aside", repair.catalogue_set_aside},
                      {"tenants", nlohmann::json::array()}};
  for (const TenantRepair& tenant : repair.tenants) {
    nlohmann::json each{{"id", tenant.id},
                        {"kept_entries", tenant.journal.kept_entries},
                        {"lost_bytes", tenant.journal.lost_bytes},
                        {"set_aside", tenant.journal.set_aside},
                        {"error", nullptr}};
    if (tenant.error) each["error"] = tenant.error->detail;
    body["tenants"].push_back(std::move(each));
  }
  return body;
}

void print_repair(Session& session, const NodeRepair& repair) {
  const bool catalogue = repair.catalogue_from_copy || repair.catalogue_from_names;
  if (repair.catalogue_from_copy) {
    session.out << "the catalogue was taken from its copy, nothing of it is lost\n";
  }
  if (repair.catalogue_from_names) {
    session.out << "the catalogue and its copy are lost; a new one was made from the names of the "
                   "tenants' directories:\na server's, with every tenant on plan unlimited under "
                   "default settings; set them anew with 'syncline tenant set'\n";
  }
  if (!repair.catalogue_set_aside.empty()) {
    session.out << "the damaged catalogue is now " << repair.catalogue_set_aside << '\n';
  }
  for (const TenantRepair& tenant : repair.tenants) {
    session.out << "tenant '" << tenant.id << "': ";
    if (tenant.error) {
      session.out << "cannot be repaired: " << to_string(*tenant.error) << '\n';
      continue;
    }
    session.out << "kept " << grouped(tenant.journal.kept_entries) << " entries, set "
                << human_bytes(tenant.journal.lost_bytes)
                << " aside; it goes on under new ids, and what others hold of it comes back\n";
    for (const std::string& file : tenant.journal.set_aside) session.out << "  " << file << '\n';
  }
  if (!catalogue && repair.tenants.empty()) {
    session.out << "everything is whole, nothing was changed\n";
  }
}

Result<ExitCode> run_repair(Session& session, const Arguments& arguments) {
  const auto repair = repair_node(system_files(), arguments.directory);
  if (!repair) return repair.error();
  if (session.json) {
    print_json(session, dump_json(repair_json(*repair)));
  } else {
    print_repair(session, *repair);
  }
  for (const TenantRepair& tenant : repair->tenants) {
    if (tenant.error) return ExitCode::damaged;
  }
  return ExitCode::ok;
}

Option directory_option(Arguments& arguments) {
  return {.name = "DIR",
          .target = &arguments.directory,
          .help = "a server's or an edge's data directory",
          .required = true};
}

}  // namespace

Command backup_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "backup";
  command.summary = "Copy a data directory, which may be in use";
  command.examples =
      "The copy has everything that was acknowledged when the command began. Put back in the\n"
      "place of the directory it works at once: it finds out that it is a copy, and takes new "
      "ids.\n\n"
      "examples:\n"
      "  syncline backup /var/lib/syncline /backup/syncline-2026-11-21";
  command.options = {directory_option(*arguments),
                     {.name = "TARGET",
                      .target = &arguments->target,
                      .help = "the directory to make; it must not be there yet",
                      .required = true}};
  command.run = [arguments](Session& session) { return run_backup(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

Command repair_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "repair";
  command.summary = "Make a damaged data directory usable again";
  command.examples =
      "Keeps of each damaged tenant everything before the damage, and sets the rest aside in "
      "files\n"
      "named 'damaged-…'. Nothing is deleted. A backup, if there is one, may have more.\n\n"
      "examples:\n"
      "  syncline verify /var/lib/syncline\n"
      "  syncline repair /var/lib/syncline";
  command.options = {directory_option(*arguments)};
  command.run = [arguments](Session& session) { return run_repair(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
