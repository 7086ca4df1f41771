// `syncline rejected …`: what a server refused for good, until somebody has looked at it.
#include <algorithm>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/data_connection.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/text_width.hpp"
#include "syncline/change_json.hpp"
#include "syncline/record.hpp"

namespace syncline::app {
namespace {

struct DiscardArguments {
  std::vector<std::string> names;
  bool all = false;
};

/// A tenant's replica with the directory that it lies in, which is locked meanwhile.
struct OpenTenant {
  OpenDirectory directory;
  std::shared_ptr<Tenant> tenant;
  Replica& replica() { return tenant->replica(); }
};

Result<OpenTenant> open_tenant(const ClientOptions& client) {
  Node::Options options;
  options.directory = client.data;
  options.create = false;
  options.lock_wait = directory_wait;
  auto opened = OpenDirectory::open(std::move(options));
  if (!opened) return opened.error();
  const auto& edge = opened->node->edge();
  const std::string& name = edge && !client.tenant_named ? edge->tenant : client.tenant;
  const auto tenant = opened->tenants->get(name);
  if (!tenant) return tenant.error();
  return OpenTenant{std::move(*opened), *tenant};
}

ExitCode without_directory(Session& session) {
  return wrong_usage(session, "say in which directory: --data DIR");
}

std::string name_of(const Change& change) {
  return change.dot.origin.to_string() + ':' + std::to_string(change.dot.seq);
}

std::string json_of(const Change& change) {
  const std::string record = encode_record(change);
  return change_to_json(view_trusted_record(reinterpret_cast<const std::uint8_t*>(record.data())));
}

/// Put together as text, so that the payload keeps its bytes.
std::string json_of(const RejectedChange& rejected) {
  const nlohmann::json body{{"name", name_of(rejected.change)},
                            {"code", to_string(rejected.error.code)},
                            {"detail", rejected.error.detail},
                            {"rejected_at", format_rfc3339(rejected.rejected_at_us)}};
  std::string text = dump_json(body);
  text.pop_back();
  return text + ",\"change\":" + json_of(rejected.change) + '}';
}

Result<ExitCode> run_list(Session& session) {
  if (session.client.data.empty()) return without_directory(session);
  auto opened = open_tenant(session.client);
  if (!opened) return opened.error();
  const std::vector<RejectedChange> list = opened->replica().rejected_changes();
  if (session.json) {
    std::vector<std::string> texts;
    for (const RejectedChange& rejected : list) texts.push_back(json_of(rejected));
    print_json_list(session, "rejected", texts, "");
    return ExitCode::ok;
  }
  Table table({{.title = "CHANGE", .may_shrink = false},
               {.title = "OPERATION"},
               {.title = "ROW"},
               {.title = "REFUSED"},
               {.title = "WHY"},
               {.title = "DATA"}});
  for (const RejectedChange& rejected : list) {
    const Change& change = rejected.change;
    table.add({name_of(change), std::string(to_string(change.operation)),
               change.table + '/' + change.row_id,
               short_time(format_rfc3339(rejected.rejected_at_us)), to_string(rejected.error),
               payload_line(json_of(change))});
  }
  print_table(session, table);
  return ExitCode::ok;
}

Result<Dot> parse_name(const std::string& name) {
  const std::size_t colon = std::min(name.rfind(':'), name.size());
  const auto origin = NodeId::parse(name.substr(0, colon));
  const auto seq = colon == name.size() ? nlohmann::json() : parse_json(name.substr(colon + 1));
  if (origin && seq.is_number_unsigned()) return Dot{*origin, seq.get<Sequence>()};
  return Error(ErrorCode::bad_request,
               "CHANGE: NODE:SEQ as 'syncline rejected list' shows it, not '" + name + "'");
}

Result<ExitCode> run_discard(Session& session, const DiscardArguments& arguments) {
  if (session.client.data.empty()) return without_directory(session);
  if (arguments.all != arguments.names.empty()) {
    return wrong_usage(session, "say which: some changes, or --all");
  }
  std::vector<Dot> dots;
  for (const std::string& name : arguments.names) {
    const auto dot = parse_name(name);
    if (!dot) return wrong_usage(session, dot.error().detail);
    dots.push_back(*dot);
  }
  auto opened = open_tenant(session.client);
  if (!opened) return opened.error();
  Replica& replica = opened->replica();
  if (arguments.all) {
    for (const RejectedChange& each : replica.rejected_changes()) dots.push_back(each.change.dot);
  }
  for (const Dot& dot : dots) {
    if (const auto discarded = replica.discard_rejected(dot); !discarded) return discarded.error();
  }
  if (const auto kept = replica.flush(); !kept) return kept.error();
  if (session.json) {
    print_json(session, dump_json({{"discarded", dots.size()}}));
  } else {
    session.out << "discarded " << grouped(dots.size()) << '\n';
  }
  return ExitCode::ok;
}

Command list_command() {
  Command command;
  command.name = "list";
  command.summary = "List them, with what was written and why it was refused";
  command.examples =
      "examples:\n"
      "  syncline rejected list --data field-work\n"
      "  syncline rejected list --data field-work --json";
  command.run = run_list;
  return command;
}

Command discard_command() {
  auto arguments = std::make_shared<DiscardArguments>();
  Command command;
  command.name = "discard";
  command.summary = "Take some off the list, and what was written with them";
  command.examples =
      "examples:\n"
      "  syncline rejected discard 6f1d2c3b-91d4-4c5e-8f7a-0b1c2d3e4f5a:17 --data field-work\n"
      "  syncline rejected discard --all --data field-work";
  command.options = {
      {.name = "CHANGE", .target = &arguments->names, .help = "NODE:SEQ, as 'list' shows it"},
      {.name = "--all", .target = &arguments->all, .help = "all that are in the list"}};
  command.run = [arguments](Session& session) { return run_discard(session, *arguments); };
  return command;
}

}  // namespace

Command rejected_commands() {
  Command group;
  group.name = "rejected";
  group.summary = "List and discard changes that a server refused for good";
  group.examples =
      "An edge takes back what its server will never take, so that it blocks nothing, and keeps\n"
      "it here until somebody has looked at it. It has to be written again in another form.\n\n"
      "examples:\n"
      "  syncline rejected list --data field-work";
  group.subcommands = {list_command(), discard_command()};
  return group;
}

}  // namespace syncline::app
