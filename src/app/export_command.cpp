// `syncline export`: a tenant as NDJSON.
#include <map>
#include <ostream>
#include <set>

#include <nlohmann/json.hpp>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "app/import_line.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/progress.hpp"
#include "app/text_width.hpp"
#include "syncline/node_id.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::vector<std::string> tables;
  bool changes = false;
};

// Calls `visit(page)` with each page of a snapshot, as parsed JSON and as text. The snapshot has
// everything: the heads of all rows, and the changes that they superseded. Ends early when nobody
// reads the output any more.
template <typename Visit>
Result<void> for_each_page(Session& session, ApiClient& client,
                           const std::vector<std::string>& wanted, Visit&& visit) {
  std::string tables;
  for (const std::string& table : wanted) tables += (tables.empty() ? "" : ",") + table;
  std::string page;
  do {
    const auto text = client.get(
        Target(client.tenant_path("/sync/snapshot")).add("tables", tables).add("page", page));
    if (!text) return text.error();
    const auto parsed = parse_json(*text);
    if (Result<void> visited = visit(parsed, *text); !visited) return visited;
    page = text_of(parsed, "next_page");
  } while (!page.empty() && session.out.good());
  return {};
}

bool has_rows(const std::string& page) { return !array_texts(page, "rows").empty(); }

// A table is there once something was written to it. Errors: `not_found` with the tables that are.
Result<void> check_tables(Session& session, ApiClient& client, const Arguments& arguments) {
  for (const std::string& table : arguments.tables) {
    const auto rows = client.get(Target(client.tenant_path("/rows/" + percent_encoded(table)))
                                     .add("limit", 1)
                                     .add("include_deleted", "true"));
    if (!rows) return rows.error();
    if (has_rows(*rows)) continue;
    std::set<std::string> names;
    const auto done = for_each_page(
        session, client, {}, [&](const nlohmann::json& page, std::string_view) -> Result<void> {
          for (const nlohmann::json& row : member_of(page, "rows")) {
            names.insert(text_of(row, "table"));
          }
          return {};
        });
    if (!done) return done;
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "; there are: " : ", ") + name;
    return Error(ErrorCode::not_found, printable("no table '" + table + "'" + known));
  }
  return {};
}

// One row with all its heads, in the order in which a snapshot gives them.
struct Heads {
  std::string table;
  std::string row_id;
  std::vector<std::string> texts;
};

// Writes rows as they become complete: their heads follow one another.
class RowWriter {
 public:
  RowWriter(Session& session, ApiClient& client, Progress& progress)
      : session_(session), client_(client), progress_(progress) {}

  Result<void> add(std::string_view head) {
    const auto change = parse_json(head);
    std::string table = text_of(change, "table");
    std::string row_id = text_of(change, "row_id");
    if (!heads_.texts.empty() && (heads_.table != table || heads_.row_id != row_id)) {
      if (auto written = finish(); !written) return written;
    }
    heads_.table = std::move(table);
    heads_.row_id = std::move(row_id);
    heads_.texts.emplace_back(head);
    return {};
  }

  Result<void> finish() {
    if (heads_.texts.empty()) return {};
    const Heads heads = std::exchange(heads_, {});
    if (heads.texts.size() > 1) return write_visible(heads);
    const auto change = parse_json(heads.texts.front());
    if (text_of(change, "operation") != "delete") write(heads, heads.texts.front());
    return {};
  }

 private:
  // Which of several heads is visible is the server's to say: it knows the policy.
  Result<void> write_visible(const Heads& heads) {
    const auto row = client_.get(Target(client_.row_path(heads.table, heads.row_id)));
    if (row) {
      write(heads, *row);
    } else if (row.error().code != ErrorCode::row_not_found) {
      return row.error();
    }
    return {};
  }
  void write(const Heads& heads, std::string_view source) {
    session_.out << row_line(heads.table, heads.row_id, source) << '\n';
    progress_.update(++written_);
  }

  Session& session_;
  ApiClient& client_;
  Progress& progress_;
  Heads heads_;
  std::uint64_t written_ = 0;
};

Result<void> export_rows(Session& session, ApiClient& client, const Arguments& arguments,
                         Progress& progress) {
  RowWriter writer(session, client, progress);
  const auto done =
      for_each_page(session, client, arguments.tables,
                    [&](const nlohmann::json&, std::string_view text) -> Result<void> {
                      for (const auto head : array_texts(text, "rows")) {
                        if (auto added = writer.add(head); !added) return added;
                      }
                      return {};
                    });
  if (!done) return done;
  return writer.finish();
}

// The clock as of the snapshot's first page.
VectorClock clock_of(const nlohmann::json& page) {
  VectorClock clock;
  for (const auto& [node, entry] : member_of(page, "clock").items()) {
    const auto id = NodeId::parse(node);
    const nlohmann::json& seq = entry.is_array() && !entry.empty() ? entry.front() : entry;
    if (id && seq.is_number_unsigned()) clock.set(*id, seq.get<std::uint64_t>());
  }
  return clock;
}

// In log order, so that what a change saw comes before it; and only what the snapshot's clock
// covers, so that an origin has no hole.
Result<void> export_changes(Session& session, ApiClient& client, const Arguments& arguments,
                            Progress& progress) {
  std::map<std::uint64_t, std::string> by_lsn;
  std::optional<VectorClock> clock;
  const auto done =
      for_each_page(session, client, arguments.tables,
                    [&](const nlohmann::json& page, std::string_view text) -> Result<void> {
                      if (!clock) clock = clock_of(page);
                      for (const char* part : {"rows", "history", "markers"}) {
                        for (const auto change_text : array_texts(text, part)) {
                          const auto change = parse_json(change_text);
                          const auto origin = NodeId::parse(text_of(change, "origin"));
                          if (!origin || !clock->covers(Dot{*origin, number_of(change, "seq")}))
                            continue;
                          by_lsn.emplace(number_of(change, "lsn"), change_text);
                        }
                      }
                      progress.update(by_lsn.size());
                      return {};
                    });
  if (!done) return done;
  for (const auto& [lsn, text] : by_lsn) session.out << text << '\n';
  return {};
}

Result<ExitCode> run_export(Session& session, const Arguments& arguments) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  if (auto there = check_tables(session, *client, arguments); !there) return there.error();
  // A bar between the lines of the export itself would be of no use.
  const bool apart = session.err_terminal.interactive && !session.out_terminal.interactive;
  std::uint64_t total = 0;
  if (apart && arguments.tables.empty()) {
    const auto log = client->get(Target(client->tenant_path("/log")));
    if (!log) return log.error();
    total = number_of(parse_json(*log), arguments.changes ? "changes" : "rows");
  }
  Progress progress(session.err, apart ? session.err_terminal : Terminal{}, "export",
                    arguments.changes ? "changes" : "rows", total);
  const auto done = arguments.changes ? export_changes(session, *client, arguments, progress)
                                      : export_rows(session, *client, arguments, progress);
  progress.clear();
  if (!done) return done.error();
  return ExitCode::ok;
}

}  // namespace

Command export_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "export";
  command.summary = "Write rows or changes as NDJSON";
  command.examples =
      "Payloads keep their exact bytes. With --json or without it, a line is one JSON object.\n\n"
      "examples:\n"
      "  syncline export > all.ndjson\n"
      "  syncline export countries languages > tables.ndjson\n"
      "  syncline export --changes > log.ndjson";
  command.options = {{.name = "TABLE",
                      .target = &arguments->tables,
                      .help = "only these tables; all if none is named",
                      .fault = table_fault},
                     {.name = "--changes",
                      .target = &arguments->changes,
                      .help = "the changes with their past, in log order, instead of the rows"}};
  command.run = [arguments](Session& session) { return run_export(session, *arguments); };
  return command;
}

}  // namespace syncline::app
