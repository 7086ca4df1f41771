// Writes a few rows to a replica, then reads the rows, one row's history, and the log itself.
#include <iostream>

#include "syncline/replica.hpp"

using syncline::Payload;

namespace {

void print_log(const syncline::Replica& replica) {
  // A filtered read: changes of one table, with the row as it was before each.
  syncline::ReadOptions options;
  options.tables = {"books"};
  const syncline::ReadPage page = replica.read(options).value();
  for (const syncline::LogEntry& entry : page.entries) {
    std::cout << "  " << entry.lsn << ' ' << to_string(entry.change.operation) << ' '
              << entry.change.row_id << ": ";
    if (entry.before_lsn != 0) std::cout << page.reader.at(entry.before_lsn).change.data << " -> ";
    std::cout << (entry.change.data.empty() ? "(nothing)" : entry.change.data) << '\n';
  }
}

}  // namespace

int main() {
  const auto replica = syncline::Replica::open({}).value();

  // Errors come back as values; `value()` throws for those who did not expect one.
  replica->insert("books", "moby-dick", Payload::json(R"({"title":"Moby-Dick","copies":2})"))
      .value();
  replica->put("books", "emma", Payload::json(R"({"title":"Emma","copies":1})")).value();
  replica->update("books", "emma", Payload::json(R"({"title":"Emma","copies":4})")).value();
  replica->put("readers", "ann", Payload::json(R"({"name":"Ann"})")).value();
  replica->erase("books", "moby-dick").value();

  const auto refused = replica->insert("books", "emma", Payload::json("{}"));
  std::cout << "inserting emma again: " << to_string(refused.error()) << "\n\n";

  const syncline::Row emma = replica->get("books", "emma");
  std::cout << "emma is " << emma.winner->data << ", written at " << emma.winner->hlc.to_string()
            << "\n\nall books:\n";
  for (const syncline::Row& row : replica->scan("books").rows) {
    std::cout << "  " << row.winner->row_id << ": " << row.winner->data << '\n';
  }

  std::cout << "\nhistory of emma, newest first:\n";
  const syncline::LogReader reader = replica->log();
  for (const auto& entry : replica->history(reader, "books", "emma", 10)) {
    std::cout << "  " << entry.lsn << ' ' << entry.change.data << '\n';
  }

  std::cout << "\nthe log of table books:\n";
  print_log(*replica);

  const syncline::LogStatistics statistics = replica->statistics();
  std::cout << '\n'
            << statistics.changes << " changes, " << statistics.rows << " rows, "
            << statistics.tombstones << " tombstone\n";
  const bool as_expected = !refused && statistics.changes == 5 && statistics.rows == 2;
  return as_expected ? 0 : 1;
}
