// `syncline put` and `syncline delete`: writing one row.
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/payload_argument.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string table;
  std::string row_id;
  std::optional<std::string> data;
  std::string format = "json";
  std::string if_match;
  std::string idempotency_key;
  bool insert_only = false;
};

Headers conditions(const Arguments& arguments) {
  Headers headers;
  // A token is an entity tag, and those are quoted.
  if (!arguments.if_match.empty()) headers["If-Match"] = '"' + arguments.if_match + '"';
  if (arguments.insert_only) headers["If-None-Match"] = "*";
  if (!arguments.idempotency_key.empty()) headers["Idempotency-Key"] = arguments.idempotency_key;
  return headers;
}

void print_change(Session& session, std::string_view body) {
  if (session.json) return print_json(session, body);
  const auto change = parse_json(body);
  session.out << text_of(change, "operation") << ' ' << row_name(change) << " as "
              << short_id(text_of(change, "origin")) << ':' << text_of(change, "seq") << " at "
              << short_time(text_of(change, "hlc")) << '\n';
}

Result<ExitCode> run_put(Session& session, const Arguments& arguments) {
  if (arguments.insert_only && !arguments.if_match.empty()) {
    return wrong_usage(session, "--insert-only and --if-match exclude each other");
  }
  auto data = read_payload(session, arguments.data, arguments.format);
  if (!data) {
    if (data.error().code == ErrorCode::bad_request) {
      return wrong_usage(session, data.error().detail);
    }
    return data.error();
  }
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  Headers headers = conditions(arguments);
  headers["Content-Type"] = media_type(arguments.format);
  const auto answer = client->send("PUT", client->row_path(arguments.table, arguments.row_id),
                                   std::move(*data), std::move(headers));
  if (!answer) return answer.error();
  print_change(session, answer->body);
  return ExitCode::ok;
}

Result<ExitCode> run_delete(Session& session, const Arguments& arguments) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  const auto answer = client->send("DELETE", client->row_path(arguments.table, arguments.row_id),
                                   {}, conditions(arguments));
  if (!answer) return answer.error();
  print_change(session, answer->body);
  return ExitCode::ok;
}

void add_row_options(Command& command, Arguments& arguments) {
  command.options = {{.name = "TABLE",
                      .target = &arguments.table,
                      .help = "the table",
                      .required = true,
                      .fault = table_fault},
                     {.name = "ROW",
                      .target = &arguments.row_id,
                      .help = "the row's id",
                      .required = true,
                      .fault = row_id_fault},
                     {.name = "--if-match",
                      .target = &arguments.if_match,
                      .help = "write only if the row's token is still this one (see 'get')",
                      .value_name = "TOKEN"},
                     {.name = "--idempotency-key",
                      .target = &arguments.idempotency_key,
                      .help = "a repeat with the same key writes nothing and gets the first answer",
                      .value_name = "KEY"}};
}

}  // namespace

Command put_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "put";
  command.summary = "Insert or update a row";
  command.examples =
      "examples:\n"
      "  syncline put countries NO '{\"name\": \"Norway\"}'\n"
      "  syncline put countries NO @norway.json --if-match 6c62272e07bb0142\n"
      "  echo '{\"name\": \"Norway\"}' | syncline put countries NO -\n"
      "  syncline put flags NO @no.png --format bytes\n"
      "  syncline put counters -- -1 '0'";
  add_row_options(command, *arguments);
  command.options.push_back({.name = "DATA",
                             .target = &arguments->data,
                             .help = "the row: JSON, @file, or - for standard input"});
  command.options.push_back({.name = "--insert-only",
                             .target = &arguments->insert_only,
                             .help = "write only if there is no such row"});
  command.options.push_back({.name = "--format",
                             .target = &arguments->format,
                             .help = "what the data are: json, msgpack, bytes",
                             .value_name = "FORMAT",
                             .choices = payload_formats()});
  command.run = [arguments](Session& session) { return run_put(session, *arguments); };
  return command;
}

Command delete_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "delete";
  command.summary = "Delete a row";
  command.examples =
      "examples:\n"
      "  syncline delete countries NO\n"
      "  syncline delete countries NO --if-match 6c62272e07bb0142";
  add_row_options(command, *arguments);
  command.run = [arguments](Session& session) { return run_delete(session, *arguments); };
  return command;
}

}  // namespace syncline::app
