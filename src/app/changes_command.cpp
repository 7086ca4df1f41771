// `syncline changes`: the stream of changes.
#include <csignal>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/change_table.hpp"
#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  bool follow = false;
  bool before = false;
  std::string since;
  std::optional<std::uint64_t> limit;
  std::vector<std::string> tables;
  std::vector<std::string> exclude_tables;
  std::vector<std::string> operations;
  std::vector<std::string> origins;
  std::string row_id;
};

constexpr std::uint64_t usual_limit = 1000;
constexpr std::uint64_t page_changes = 1000;
// Long enough to be quiet, short enough that proxies on the way do not give up.
constexpr std::uint64_t longpoll_ms = 25'000;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

Target target_of(const ApiClient& client, const Arguments& arguments, const std::string& since,
                 std::uint64_t limit) {
  Target target(client.tenant_path("/changes"));
  target.add("since", since)
      .add("limit", limit)
      .add("tables", joined(arguments.tables))
      .add("exclude_tables", joined(arguments.exclude_tables))
      .add("operations", joined(arguments.operations))
      .add("origins", joined(arguments.origins))
      .add("row_id", arguments.row_id);
  if (arguments.before) target.add("include", "before");
  if (arguments.follow) target.add("feed", "longpoll").add("wait_ms", longpoll_ms);
  return target;
}

// Prints page after page for ever; ended by a signal, by its reader going away, or by an error.
Result<ExitCode> follow(Session& session, ApiClient& client, const Arguments& arguments) {
  std::string cursor = arguments.since.empty() ? "now" : arguments.since;
  bool with_titles = true;
  while (session.out.good()) {
    const auto page = client.get(target_of(client, arguments, cursor, page_changes));
    if (!page) return page.error();
    Table table = make_change_table();
    for (const auto text : array_texts(*page, "changes")) {
      if (session.json) {
        print_json(session, text);
      } else {
        add_change(table, text);
      }
    }
    if (!session.json && (with_titles || !table.empty())) {
      session.out << table.to_text(session.out_terminal.width, with_titles);
      with_titles = false;
    }
    session.out.flush();
    cursor = text_of(parse_json(*page), "cursor");
  }
  return ExitCode::ok;
}

Result<ExitCode> list(Session& session, ApiClient& client, const Arguments& arguments) {
  const std::uint64_t wanted = arguments.limit.value_or(usual_limit);
  std::vector<std::string> changes;
  std::string cursor = arguments.since.empty() ? "beginning" : arguments.since;
  bool more = true;
  while (more && changes.size() < wanted) {
    const std::uint64_t limit = std::min(page_changes, wanted - changes.size());
    const auto page = client.get(target_of(client, arguments, cursor, limit));
    if (!page) return page.error();
    for (const auto text : array_texts(*page, "changes")) changes.emplace_back(text);
    const auto answer = parse_json(*page);
    cursor = text_of(answer, "cursor");
    more = text_of(answer, "has_more") == "true";
  }
  if (session.json) {
    session.out << "{\"changes\":[";
    for (std::size_t i = 0; i < changes.size(); ++i) {
      session.out << (i > 0 ? "," : "") << changes[i];
    }
    session.out << "],\"cursor\":" << json_string(cursor)
                << ",\"has_more\":" << (more ? "true" : "false") << "}\n";
    return ExitCode::ok;
  }
  Table table = make_change_table();
  for (const std::string& text : changes) add_change(table, text);
  print_table(session, table);
  session.err << (more ? "there are more changes; " : "") << "go on with --since " << cursor
              << '\n';
  return ExitCode::ok;
}

Result<ExitCode> run_changes(Session& session, const Arguments& arguments) {
  if (!arguments.row_id.empty() && arguments.tables.size() != 1) {
    return wrong_usage(session, "--row needs exactly one --table");
  }
  if (arguments.before && !session.json) {
    return wrong_usage(session, "--before needs --json: the table has no room for whole rows");
  }
  if (arguments.follow && arguments.limit) {
    return wrong_usage(session, "--follow has no end, so it takes no --limit");
  }
  if (arguments.follow && !session.client.data.empty()) {
    return wrong_usage(session,
                       "--follow needs a server: while this command has the directory, nothing "
                       "else changes it");
  }
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  if (!arguments.follow) return list(session, *client, arguments);
  // Ctrl-C is how following ends, so it is no failure. Everything printed was flushed.
  const auto end = [](int) { std::_Exit(static_cast<int>(ExitCode::ok)); };
  std::signal(SIGINT, end);
  std::signal(SIGTERM, end);
  return follow(session, *client, arguments);
}

}  // namespace

Command changes_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "changes";
  command.summary = "List changes in the order of the log, or follow them as they come";
  command.examples =
      "examples:\n"
      "  syncline changes --table countries --operation delete\n"
      "  syncline changes --since time:2026-11-20T12:00:00Z --json --before\n"
      "  syncline changes --follow --json | jq .row_id";
  command.options = {
      {.name = "--follow",
       .target = &arguments->follow,
       .help = "wait for further changes until interrupted; with --json one change a line"},
      {.name = "--since",
       .target = &arguments->since,
       .help = "a cursor, beginning, now, lsn:N or time:RFC3339; 'beginning' if not given, with "
               "--follow 'now'",
       .value_name = "WHERE"},
      {.name = "--limit",
       .target = &arguments->limit,
       .help = "at most so many changes (1000), without --follow",
       .value_name = "N"},
      {.name = "--table",
       .target = &arguments->tables,
       .help = "only this table; repeatable",
       .value_name = "TABLE"},
      {.name = "--exclude-table",
       .target = &arguments->exclude_tables,
       .help = "not this table; repeatable",
       .value_name = "TABLE"},
      {.name = "--operation",
       .target = &arguments->operations,
       .help = "only insert, update or delete; repeatable",
       .value_name = "NAME",
       .choices = {"insert", "update", "delete"}},
      {.name = "--origin",
       .target = &arguments->origins,
       .help = "only changes made at this replica; repeatable",
       .value_name = "NODE"},
      {.name = "--row",
       .target = &arguments->row_id,
       .help = "only this row, with one --table",
       .value_name = "ROW"},
      {.name = "--before",
       .target = &arguments->before,
       .help = "with --json, also the row as it was before each change"}};
  command.run = [arguments](Session& session) { return run_changes(session, *arguments); };
  return command;
}

}  // namespace syncline::app
