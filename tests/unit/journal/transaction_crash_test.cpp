// A transaction is on its way to the disk when the power fails.

#include <set>

#include "support/faulty_files.hpp"
#include "syncline/file_journal.hpp"
#include "syncline/memory_files.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

std::shared_ptr<FileJournal> open_journal(FileSystem& files) {
  FileJournal::Options options;
  options.directory = "/data/journal";
  options.files = &files;
  options.durability = Durability::commit;
  return FileJournal::open(std::move(options)).value();
}

}  // namespace

TEST_CASE("a power cut leaves all of a transaction or nothing, whatever reached the disk") {
  // Each is longer than a sector, so that a torn write can part them.
  const std::string text = '"' + std::string(2 * MemoryFiles::sector_bytes, 'x') + '"';
  const Payload payload = Payload::json(text);
  const std::vector<Write> writes = {{WriteKind::put, "t", "a", payload, {}},
                                     {WriteKind::put, "t", "b", payload, {}},
                                     {WriteKind::put, "t", "c", payload, {}}};
  std::set<std::size_t> left;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    for (std::uint64_t step = 1;; ++step) {
      CAPTURE(seed);
      CAPTURE(step);
      MemoryFiles files;
      FaultyFiles faulty(files);
      bool acknowledged = false;
      {
        const Node node(1, "lww", open_journal(faulty));
        REQUIRE(node->put("t", "0", payload));
        faulty.fail_from(faulty.steps() + step);
        acknowledged = node->transaction(writes).has_value();
        SeededRandom random(seed);
        files.crash(random);
      }
      const Node again(1, "lww", open_journal(files));
      const std::size_t rows = again->statistics().rows;
      CHECK((rows == 1 || rows == 1 + writes.size()));
      if (acknowledged) CHECK(rows == 1 + writes.size());
      left.insert(rows);
      if (acknowledged) break;
      REQUIRE(step < 100);
    }
  }
  CHECK(left.size() == 2);
}
