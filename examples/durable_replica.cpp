// A replica on disk: what was acknowledged is there when the program starts again.
#include <filesystem>
#include <iostream>

#include "syncline/file_journal.hpp"
#include "syncline/replica.hpp"

using syncline::Payload;

namespace {

std::unique_ptr<syncline::Replica> open(const std::string& directory) {
  syncline::FileJournal::Options journal;
  journal.directory = directory;
  journal.durability = syncline::Durability::commit;  // a write returns when it is on the disk
  syncline::Replica::Options options;
  options.journal = syncline::FileJournal::open(journal).value();
  return syncline::Replica::open(options).value();
}

}  // namespace

int main() {
  const std::string directory =
      (std::filesystem::temp_directory_path() / "syncline-example-durable").string();
  std::filesystem::remove_all(directory);

  syncline::NodeId first_id;
  {
    const auto replica = open(directory);
    first_id = replica->node();
    replica->put("books", "emma", Payload::json(R"({"title":"Emma","copies":1})")).value();
    replica->put("books", "emma", Payload::json(R"({"title":"Emma","copies":4})")).value();
  }  // the program ends, or is killed: it makes no difference

  const auto replica = open(directory);
  const syncline::Row emma = replica->get("books", "emma");
  std::cout << "emma is " << emma.winner->data << ", the log has " << replica->log().last_lsn()
            << " changes, and the replica is still " << replica->node().to_string() << '\n';

  // Two programs at once would write two histories under one id, so the second is refused.
  syncline::FileJournal::Options again;
  again.directory = directory;
  const auto refused = syncline::FileJournal::open(again);
  std::cout << "opened twice: " << to_string(refused.error()) << '\n';

  const bool as_expected =
      emma.exists() && replica->node() == first_id && replica->log().last_lsn() == 2 && !refused;
  return as_expected ? 0 : 1;
}
