// A replica that is trimmed while its journal lies in files.

#include "syncline/file_journal.hpp"
#include "syncline/memory_files.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

std::shared_ptr<FileJournal> open_journal(FileSystem& files, Durability durability) {
  FileJournal::Options options;
  options.directory = "/data/journal";
  options.files = &files;
  options.durability = durability;
  options.segment_bytes = 64 << 10;
  return FileJournal::open(std::move(options)).value();
}

void fill(const Node& node, Journal& journal, int count) {
  const std::string text = '"' + std::string(200, 'x') + '"';
  for (int i = 0; i < count; ++i) {
    REQUIRE(node->put("t", std::to_string(i % 40), Payload::json(text)));
    // As the flusher does now and then; what is written at once lies in one segment.
    if (i % 50 == 0) REQUIRE(journal.flush());
  }
}

}  // namespace

TEST_CASE("a replica on files comes back as it was after trims, crashes and merges") {
  for (const Durability durability : {Durability::commit, Durability::interval}) {
    CAPTURE(to_string(durability));
    MemoryFiles files;
    const Node other(2);
    std::string state;
    for (int life = 0; life < 4; ++life) {
      CAPTURE(life);
      {
        const auto journal = open_journal(files, durability);
        const Node node(1, "lww", journal);
        if (life != 0) CHECK(whole_state(*node) == state);
        const Lsn first = node->log().first_lsn();
        fill(node, *journal, 600);
        REQUIRE(other->put("t", "7", Payload::json(std::to_string(life))));
        deliver(other, node);
        const TrimResult trimmed = node->trim(node->log().last_lsn() - 200).value();
        CHECK(trimmed.first_lsn > first);
        CHECK(trimmed.dropped_changes > 100);
        if (life == 2) REQUIRE(node->merge(other->snapshot()));
        fill(node, *journal, 10);
        state = whole_state(*node);
        if (life == 1) REQUIRE(node->trim(1'000'000).value().first_lsn >= trimmed.first_lsn);
        if (life == 1) state = whole_state(*node);
      }
      files.crash_to_synced();  // it was closed, so nothing is lost
    }
  }
}

TEST_CASE("a crash right after a trim loses nothing that the checkpoint speaks of") {
  MemoryFiles files;
  const auto journal = open_journal(files, Durability::interval);
  const Node node(1, "lww", journal);
  fill(node, *journal, 600);
  CHECK(node->trim(500).value().dropped_changes > 100);
  const std::string state = whole_state(*node);
  files.crash_to_synced();
  const Node again(1, "lww", open_journal(files, Durability::interval));
  CHECK(whole_state(*again) == state);
}
