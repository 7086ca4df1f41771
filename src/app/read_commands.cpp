// `syncline get`, `scan` and `history`: reading rows.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/change_table.hpp"
#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "syncline/change_json.hpp"

namespace syncline::app {
namespace {

constexpr std::uint64_t page_rows = 1000;

struct Arguments {
  std::string table;
  std::string row_id;
  std::string after;
  std::uint64_t limit = 100;
  bool raw = false;
};

// The payload's bytes as they were written.
Result<std::string> payload_bytes(std::string_view row) {
  if (const auto encoded = member_text(row, "data_base64")) {
    const auto text = parse_json(*encoded);
    return from_base64(text.is_string() ? text.get<std::string>() : std::string());
  }
  return std::string(member_text(row, "data").value_or(std::string_view()));
}

void print_row(Session& session, const Arguments& arguments, std::string_view body) {
  const auto row = parse_json(body);
  Table table(
      {{.title = "row", .may_shrink = false}, {.title = arguments.table + '/' + arguments.row_id}});
  table.add({"written", short_time(text_of(row, "hlc")) + " by " +
                            short_id(text_of(row, "origin")) + ':' + text_of(row, "seq") + " (" +
                            text_of(row, "operation") + ')'});
  table.add({"token", text_of(row, "token")});
  const auto siblings = array_texts(body, "siblings");
  if (siblings.size() > 1) {
    table.add({"siblings", std::to_string(siblings.size()) +
                               " concurrent changes, see 'syncline conflicts list'"});
  }
  print_table(session, table);
  const nlohmann::json& data = member_of(row, "data");
  session.out << (data.is_structured() ? dump_json(data, 2) : payload_line(body)) << '\n';
}

Result<ExitCode> run_get(Session& session, const Arguments& arguments) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->get(Target(client->row_path(arguments.table, arguments.row_id)));
  if (!answer) return answer.error();
  if (arguments.raw) {
    const auto bytes = payload_bytes(*answer);
    if (!bytes) return bytes.error();
    session.out << *bytes;
  } else if (session.json) {
    print_json(session, *answer);
  } else {
    print_row(session, arguments, *answer);
  }
  return ExitCode::ok;
}

Result<ExitCode> run_scan(Session& session, const Arguments& arguments) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  std::vector<std::string> rows;
  std::string after = arguments.after;
  bool more = true;
  while (more && rows.size() < arguments.limit) {
    const auto answer =
        client->get(Target(client->tenant_path("/rows/" + percent_encoded(arguments.table)))
                        .add("after", after)
                        .add("limit", std::min(page_rows, arguments.limit - rows.size())));
    if (!answer) return answer.error();
    for (const auto text : array_texts(*answer, "rows")) rows.emplace_back(text);
    after = text_of(parse_json(*answer), "next_page");
    more = !after.empty();
  }
  if (session.json) {
    print_json_list(session, "rows", rows, after);
    return ExitCode::ok;
  }
  Table table({{.title = "row"}, {.title = "written"}, {.title = "by"}, {.title = "data"}});
  for (const std::string& text : rows) {
    const auto row = parse_json(text);
    table.add({text_of(row, "row_id"), short_time(text_of(row, "hlc")),
               short_id(text_of(row, "origin")) + ':' + text_of(row, "seq"), payload_line(text)});
  }
  print_table(session, table);
  if (more) session.err << "there are more rows; go on with --after '" << after << "'\n";
  return ExitCode::ok;
}

Result<ExitCode> run_history(Session& session, const Arguments& arguments) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  std::vector<std::string> changes;
  std::string page;
  do {
    const auto answer =
        client->get(Target(client->row_path(arguments.table, arguments.row_id) + "/history")
                        .add("limit", std::min(page_rows, arguments.limit - changes.size()))
                        .add("page", page));
    if (!answer) return answer.error();
    for (const auto text : array_texts(*answer, "changes")) changes.emplace_back(text);
    page = text_of(parse_json(*answer), "next_page");
  } while (!page.empty() && changes.size() < arguments.limit);
  if (session.json) {
    print_json_list(session, "changes", changes, page);
    return ExitCode::ok;
  }
  Table table = make_change_table();
  for (const std::string& text : changes) add_change(table, text);
  print_table(session, table);
  if (!page.empty()) session.err << "there are older changes; ask for more with --limit\n";
  return ExitCode::ok;
}

Option table_option(Arguments& arguments) {
  return {.name = "TABLE",
          .target = &arguments.table,
          .help = "the table",
          .required = true,
          .fault = table_fault};
}

Option row_option(Arguments& arguments) {
  return {.name = "ROW",
          .target = &arguments.row_id,
          .help = "the row's id",
          .required = true,
          .fault = row_id_fault};
}

Option limit_option(Arguments& arguments, std::string what) {
  return {.name = "--limit",
          .target = &arguments.limit,
          .help = "at most so many " + std::move(what) + " (100)",
          .value_name = "N"};
}

}  // namespace

Command get_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "get";
  command.summary = "Show a row";
  command.examples =
      "examples:\n"
      "  syncline get countries NO\n"
      "  syncline get countries NO --json\n"
      "  syncline get flags NO --raw > no.png";
  command.options = {table_option(*arguments),
                     row_option(*arguments),
                     {.name = "--raw",
                      .target = &arguments->raw,
                      .help = "print the payload's bytes and nothing else"}};
  command.run = [arguments](Session& session) { return run_get(session, *arguments); };
  return command;
}

Command scan_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "scan";
  command.summary = "List the rows of a table in the order of their ids";
  command.examples =
      "examples:\n"
      "  syncline scan countries\n"
      "  syncline scan countries --after NO --limit 20";
  command.options = {table_option(*arguments),
                     {.name = "--after",
                      .target = &arguments->after,
                      .help = "begin behind this id",
                      .value_name = "ROW"},
                     limit_option(*arguments, "rows")};
  command.run = [arguments](Session& session) { return run_scan(session, *arguments); };
  return command;
}

Command history_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "history";
  command.summary = "List all changes of a row that the log still has, newest first";
  command.examples =
      "examples:\n"
      "  syncline history countries NO\n"
      "  syncline history countries NO --limit 5 --json";
  command.options = {table_option(*arguments), row_option(*arguments),
                     limit_option(*arguments, "changes")};
  command.run = [arguments](Session& session) { return run_history(session, *arguments); };
  return command;
}

}  // namespace syncline::app
