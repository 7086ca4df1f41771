// `syncline import`: NDJSON into a tenant.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/importer.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/progress.hpp"

namespace syncline::app {
namespace {

// Whoever imports the wrong file learns it from the first lines.
constexpr std::uint64_t reported_bad_lines = 20;

std::uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// Reads all lines into the importer. What was sent before an error stays.
Result<void> read_lines(std::istream& in, Importer& importer, Progress& progress) {
  std::string line;
  std::uint64_t bytes = 0;
  while (std::getline(in, line)) {
    if (auto added = importer.add(line); !added) return added;
    bytes += line.size() + 1;
    progress.update(bytes);
  }
  return importer.finish();
}

void print_counts(Session& session, const ImportCounts& counts, double seconds) {
  if (session.json) {
    const nlohmann::json report{{"lines", counts.lines},
                                {"rows", counts.rows},
                                {"changes", counts.changes},
                                {"duplicates", counts.duplicates},
                                {"conflicts", counts.conflicts},
                                {"bad", counts.bad},
                                {"seconds", seconds}};
    print_json(session, dump_json(report));
    return;
  }
  Table table({{.title = "lines", .right = true},
               {.title = "rows", .right = true},
               {.title = "changes", .right = true},
               {.title = "duplicates", .right = true},
               {.title = "conflicts", .right = true},
               {.title = "bad", .right = true},
               {.title = "ms", .right = true}});
  table.add({grouped(counts.lines), grouped(counts.rows), grouped(counts.changes),
             grouped(counts.duplicates), grouped(counts.conflicts), grouped(counts.bad),
             grouped(static_cast<std::uint64_t>(seconds * 1000))});
  print_table(session, table);
}

Result<ExitCode> run_import(Session& session, const std::string& path) {
  auto client = ApiClient::open(session.client);
  if (!client) return client.error();
  std::ifstream file;
  const bool from_file = path != "-";
  if (from_file) {
    file.open(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) {
      return Error(ErrorCode::not_found, "cannot read the file '" + path + "'");
    }
  }
  const auto started = std::chrono::steady_clock::now();
  Progress progress(session.err, session.err_terminal, "import", "bytes",
                    from_file ? size_of(path) : 0);
  std::uint64_t reported = 0;
  Importer importer(*client, [&](std::uint64_t number, const std::string& fault) {
    if (++reported > reported_bad_lines) return;
    progress.clear();
    session.err << path << ':' << number << ": " << fault << '\n';
  });
  const auto done = read_lines(from_file ? file : session.in, importer, progress);
  progress.clear();
  if (reported > reported_bad_lines) {
    session.err << "… and " << reported - reported_bad_lines << " further bad lines\n";
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  print_counts(session, importer.counts(), elapsed.count());
  if (!done) return done.error();
  return importer.counts().bad > 0 ? ExitCode::bad_input : ExitCode::ok;
}

}  // namespace

Command import_command() {
  auto path = std::make_shared<std::string>();
  Command command;
  command.name = "import";
  command.summary = "Load rows or changes from NDJSON";
  command.examples =
      "A line is a row, {\"table\": …, \"row_id\": …, \"data\": …}, or a change as 'export "
      "--changes'\n"
      "writes it. Rows are written anew, changes keep their origin and past, and importing them\n"
      "twice changes nothing. A bad line is reported by its number; the others are taken, and the\n"
      "exit status is 6.\n\n"
      "examples:\n"
      "  syncline import countries.ndjson\n"
      "  syncline export --tenant shop --changes | syncline import --tenant copy -";
  command.options = {{.name = "FILE",
                      .target = path.get(),
                      .help = "the file, or - for standard input",
                      .required = true}};
  command.run = [path](Session& session) { return run_import(session, *path); };
  return command;
}

}  // namespace syncline::app
