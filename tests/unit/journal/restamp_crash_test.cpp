// Private changes are dated anew while the journal lies in files, and something fails.

#include <set>

#include "support/faulty_files.hpp"
#include "syncline/file_journal.hpp"
#include "syncline/memory_files.hpp"
#include "unit/changelog/replica/private_pair.hpp"

using namespace syncline;
using namespace syncline::test;

TEST_CASE("a failure or crash at any step leaves the old dates or the new ones") {
  std::set<std::string> seen;
  for (std::uint64_t step = 1;; ++step) {
    CAPTURE(step);
    MemoryFiles files;
    FaultyFiles faulty(files);
    const auto open = [](FileSystem& on) {
      FileJournal::Options options;
      options.directory = "/data/journal";
      options.files = &on;
      options.durability = Durability::commit;
      return FileJournal::open(std::move(options)).value();
    };
    std::string before;
    std::string after;
    bool reached = false;
    {
      PrivatePair pair(open(faulty));
      before = whole_state(*pair.node);
      faulty.fail_from(faulty.steps() + step);
      const auto done = pair.node->restamp_private();
      reached = !done;
      after = whole_state(*pair.node);
      CHECK((after == before) == reached);
      files.crash_to_synced();
    }
    const Node again(1, "lww", open(files));
    const std::string state = whole_state(*again);
    CHECK((state == before || state == after));
    seen.insert(state == before ? "old" : "new");
    if (!reached) break;
    REQUIRE(step < 100);
  }
  CHECK(seen.size() == 2);
}
