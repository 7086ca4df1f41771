#include <doctest/doctest.h>

#include "support/faulty_files.hpp"
#include "support/results.hpp"
#include "syncline/file_system.hpp"
#include "syncline/memory_files.hpp"

namespace syncline {

TEST_CASE("a file is read whole, up to a limit") {
  MemoryFiles files;
  REQUIRE(replace_file(files, "/file", "12345"));
  CHECK(read_file(files, "/file", 5).value() == "12345");
  const auto large = read_file(files, "/file", 4);
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ErrorCode::too_large);
  CHECK(large.error().number("limit") == 4);
  CHECK(large.error().detail == "/file has 5 bytes, more than the 4 that such a file may have");
  const auto missing = read_file(files, "/none", 4);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
}

TEST_CASE("a replaced file is there whole after a failure and a crash at any step") {
  const std::string before(3000, 'a');
  const std::string after(2000, 'b');
  for (const auto fault : {test::Fault::refused, test::Fault::torn}) {
    std::uint64_t failed = 0;
    for (std::uint64_t step = 1;; ++step) {
      CAPTURE(step);
      MemoryFiles disk;
      REQUIRE(disk.create_directories("/dir"));
      REQUIRE(disk.sync_directory("/"));
      REQUIRE(replace_file(disk, "/dir/file", before));
      test::FaultyFiles files(disk);
      files.fail_at(step, fault);
      const auto replaced = replace_file(files, "/dir/file", after);
      SeededRandom random(step);
      disk.crash(random);
      const std::string found = read_file(disk, "/dir/file", 5000).value();
      if (replaced) {
        CHECK(found == after);
      } else {
        ++failed;
        CHECK((found == before || found == after));
      }
      // What the failure left does not keep the next one from succeeding.
      CHECK(replace_file(disk, "/dir/file", "next"));
      CHECK(read_file(disk, "/dir/file", 5000).value() == "next");
      CHECK_FALSE(disk.exists("/dir/file.new"));
      if (step > files.steps()) break;
    }
    CHECK(failed >= 5);
  }
}

TEST_CASE("a replaced file survives a crash at any step, whichever names the disk keeps") {
  const std::string before(3000, 'a');
  const std::string after(2000, 'b');
  bool saw_before = false;
  bool saw_after = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t step = 1; step <= 6; ++step) {
      CAPTURE(seed);
      CAPTURE(step);
      MemoryFiles disk;
      REQUIRE(replace_file(disk, "/file", before));
      SeededRandom random(seed);
      test::FaultyFiles files(disk);
      files.on_step([&](std::uint64_t number) {
        if (number == step) disk.crash(random);
      });
      files.fail_from(step);
      CHECK_FALSE(replace_file(files, "/file", after));
      const std::string found = read_file(disk, "/file", 5000).value();
      CHECK((found == before || found == after));
      saw_before |= found == before;
      saw_after |= found == after;
    }
  }
  CHECK(saw_before);
  CHECK(saw_after);
}

TEST_CASE("a replacement that fails gives its room back") {
  MemoryFiles files;
  REQUIRE(replace_file(files, "/file", "12345"));
  files.set_capacity(8);
  const auto full = replace_file(files, "/file", "123456");
  REQUIRE_FALSE(full);
  CHECK(full.error().detail == "cannot write /file.new: No space left on device");
  CHECK_FALSE(files.exists("/file.new"));
  CHECK(read_file(files, "/file", 9).value() == "12345");
}

TEST_CASE("a path without a directory is in the current one") {
  MemoryFiles files;
  REQUIRE(replace_file(files, "file", "text"));
  CHECK(read_file(files, "/file", 9).value() == "text");
  CHECK(join_path("a/b", "c") == "a/b/c");
}

}  // namespace syncline
