#include <array>
#include <set>
#include <string_view>
#include <unistd.h>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/memory_files.hpp"
#include "unit/journal/memory_fixture.hpp"

namespace syncline {
namespace {

constexpr std::size_t sector = MemoryFiles::sector_bytes;

// A file that a crash leaves as it is.
std::unique_ptr<File> durable(MemoryFiles& files, const std::string& path, std::string_view text) {
  auto file = created(files, path, text);
  REQUIRE(file->sync());
  REQUIRE(files.sync_directory(path.substr(0, path.rfind('/'))));
  return file;
}

Error error_of(const auto& result) {
  REQUIRE_FALSE(result);
  return result.error();
}

// The names in a directory, a space after each.
std::string names_in(const MemoryFiles& files, const std::string& path) {
  std::string names;
  for (const DirectoryEntry& entry : files.list(path).value()) names += entry.name + " ";
  return names;
}

// All that `look` sees after a crash, over many seeds, when `prepare` was done before it.
std::set<std::string> outcomes(const auto& prepare, const auto& look) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    MemoryFiles files;
    prepare(files);
    SeededRandom random(seed);
    files.crash(random);
    seen.insert(look(files));
  }
  return seen;
}

}  // namespace

TEST_CASE("what was synced survives a crash, what was not need not") {
  MemoryFiles files;
  const auto file = durable(files, "/file", "synced");
  REQUIRE(file->write_at(0, bytes_of("SYNCED and more")));
  static_cast<void>(created(files, "/new", "text"));
  files.crash_to_synced();
  CHECK(names_in(files, "/") == "file ");
  CHECK(text_in(files, "/file") == "synced");
}

TEST_CASE("a file that was synced vanishes with a name that was not") {
  MemoryFiles files;
  const auto file = created(files, "/file", "text");
  REQUIRE(file->sync());
  files.crash_to_synced();
  CHECK_FALSE(files.exists("/file"));
  // And the name alone does not keep the bytes.
  static_cast<void>(created(files, "/file", "text"));
  REQUIRE(files.sync_directory("/"));
  files.crash_to_synced();
  CHECK(text_in(files, "/file").empty());
}

TEST_CASE("a crash leaves each unsynced sector old or new, and torn writes out of order") {
  const std::string old_text(3 * sector, 'a');
  const std::string new_text(3 * sector, 'b');
  const auto seen = outcomes(
      [&](MemoryFiles& files) {
        const auto file = durable(files, "/file", old_text);
        REQUIRE(file->write_at(0, bytes_of(new_text)));
      },
      [&](MemoryFiles& files) {
        const std::string text = text_in(files, "/file");
        REQUIRE(text.size() == 3 * sector);
        std::string firsts;
        for (std::size_t i = 0; i < 3; ++i) {
          firsts += text[i * sector];
          CHECK(text.substr(i * sector, sector) == std::string(sector, firsts.back()));
        }
        return firsts;
      });
  CHECK(seen == std::set<std::string>{"aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"});
}

TEST_CASE("sectors that were not written since the sync stay as they are") {
  const auto seen = outcomes(
      [](MemoryFiles& files) {
        const auto file = durable(files, "/file", std::string(4 * sector, 'a'));
        // Two bytes on both sides of a border touch two sectors.
        REQUIRE(file->write_at(2 * sector - 1, bytes_of("xy")));
        REQUIRE(file->sync());
        REQUIRE(file->write_at(2 * sector - 1, bytes_of("XY")));
      },
      [](MemoryFiles& files) {
        std::string text = text_in(files, "/file");
        const std::string changed = text.substr(2 * sector - 1, 2);
        text.erase(2 * sector - 1, 2);
        CHECK(text == std::string(4 * sector - 2, 'a'));
        return changed;
      });
  CHECK(seen == std::set<std::string>{"xy", "Xy", "xY", "XY"});
}

TEST_CASE("a crash leaves one of the sizes since the sync, with zeros where bytes are missing") {
  const auto seen = outcomes(
      [](MemoryFiles& files) {
        const auto file = durable(files, "/file", "ab");
        REQUIRE(file->write_at(2, bytes_of("cd")));
        REQUIRE(file->write_at(4, bytes_of("ef")));
      },
      [](MemoryFiles& files) {
        std::string text = text_in(files, "/file");
        for (char& c : text) c = c == '\0' ? '0' : c;
        return text;
      });
  CHECK(seen == std::set<std::string>{"ab", "abcd", "ab00", "abcdef", "ab0000"});
}

TEST_CASE("a truncation counts once it is synced") {
  const auto truncated = [](MemoryFiles& files) {
    auto file = durable(files, "/file", "abcdef");
    REQUIRE(file->truncate(2));
    return file;
  };
  const auto text = [](MemoryFiles& files) { return text_in(files, "/file"); };
  const auto unsynced = outcomes(truncated, text);
  // The shorter with zeros is the old size with the new sector.
  CHECK(unsynced == std::set<std::string>{"abcdef", "ab", std::string("ab\0\0\0\0", 6)});
  const auto synced =
      outcomes([&](MemoryFiles& files) { REQUIRE(truncated(files)->sync()); }, text);
  CHECK(synced == std::set<std::string>{"ab"});
  MemoryFiles files;
  truncated(files);
  files.crash_to_synced();
  CHECK(text_in(files, "/file") == "abcdef");

  // Cut off and grown again, zeros or the old bytes are there, nothing else.
  const auto regrown = outcomes(
      [&](MemoryFiles& disk) {
        const auto file = durable(disk, "/file", std::string(2 * sector, 'a'));
        REQUIRE(file->truncate(0));
        REQUIRE(file->reserve(2 * sector));
        CHECK(text_in(disk, "/file") == std::string(2 * sector, '\0'));
      },
      [](MemoryFiles& disk) {
        const std::string found = text_in(disk, "/file");
        return found.empty() ? "-" : std::to_string(found[0]) + std::to_string(found[sector]);
      });
  CHECK(regrown == std::set<std::string>{"-", "00", "097", "970", "9797"});
}

TEST_CASE("a reservation is kept once it is synced") {
  MemoryFiles files;
  const auto file = durable(files, "/file", "ab");
  REQUIRE(file->reserve(1000));
  REQUIRE(file->sync());
  files.crash_to_synced();
  CHECK(text_in(files, "/file") == "ab" + std::string(998, '\0'));
}

TEST_CASE("names come back up to a point, in the order of what happened") {
  const auto seen = outcomes(
      [](MemoryFiles& files) {
        durable(files, "/a", "a");
        static_cast<void>(created(files, "/b"));
        REQUIRE(files.rename("/a", "/c"));
        REQUIRE(files.remove("/b"));
      },
      [](MemoryFiles& files) { return names_in(files, "/"); });
  CHECK(seen == std::set<std::string>{"a ", "a b ", "b c ", "c "});
}

TEST_CASE("a rename over a file leaves the one or the other, whole") {
  const auto seen = outcomes(
      [](MemoryFiles& files) {
        durable(files, "/file", "old");
        const auto file = created(files, "/file.new", "new");
        REQUIRE(file->sync());
        REQUIRE(files.rename("/file.new", "/file"));
      },
      [](MemoryFiles& files) { return names_in(files, "/") + text_in(files, "/file"); });
  CHECK(seen == std::set<std::string>{"file old", "file file.new old", "file new"});
}

TEST_CASE("a rename from one directory to another is there in both or in none") {
  for (const std::string synced : {"", "/from", "/to"}) {
    CAPTURE(synced);
    const auto seen = outcomes(
        [&](MemoryFiles& files) {
          REQUIRE(files.create_directories("/from"));
          REQUIRE(files.create_directories("/to"));
          REQUIRE(files.sync_directory("/"));
          durable(files, "/from/file", "text");
          static_cast<void>(created(files, "/to/before"));
          REQUIRE(files.rename("/from/file", "/to/file"));
          if (!synced.empty()) REQUIRE(files.sync_directory(synced));
        },
        [](MemoryFiles& files) {
          return names_in(files, "/from") + "-> " + names_in(files, "/to");
        });
    if (synced.empty()) {
      CHECK(seen == std::set<std::string>{"file -> ", "file -> before ", "-> before file "});
    } else {
      CHECK(seen == std::set<std::string>{"-> before file "});
    }
  }
}

TEST_CASE("a directory is removed file by file") {
  const auto seen = outcomes(
      [](MemoryFiles& files) {
        REQUIRE(files.create_directories("/dir"));
        REQUIRE(files.sync_directory("/"));
        durable(files, "/dir/a", "a");
        durable(files, "/dir/b", "b");
        REQUIRE(files.remove_all("/dir"));
        CHECK_FALSE(files.exists("/dir"));
      },
      [](MemoryFiles& files) {
        return files.exists("/dir") ? "dir " + names_in(files, "/dir") : "none";
      });
  CHECK(seen == std::set<std::string>{"none", "dir a b ", "dir b ", "dir "});
}

TEST_CASE("directories are lost with the name of a parent that was not synced") {
  MemoryFiles files;
  REQUIRE(files.create_directories("/a/b"));
  durable(files, "/a/b/file", "text");
  REQUIRE(files.sync_directory("/a"));
  files.crash_to_synced();
  CHECK_FALSE(files.exists("/a"));
}

TEST_CASE("a crash goes the same way with the same seed") {
  const auto run = [](std::uint64_t seed) {
    MemoryFiles files;
    for (int i = 0; i < 9; ++i) {
      const auto file = created(files, "/" + std::to_string(i), std::string(9 * sector, 'x'));
      REQUIRE(files.create_directories("/d" + std::to_string(i) + "/e"));
    }
    SeededRandom random(seed);
    files.crash(random);
    std::string all;
    for (const DirectoryEntry& entry : files.list("/").value()) {
      all += entry.name +
             (entry.is_directory ? names_in(files, entry.name) : text_in(files, entry.name));
    }
    return all;
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

TEST_CASE("after a crash open files fail and locks are gone") {
  MemoryFiles files;
  const auto file = durable(files, "/file", "text");
  auto lock = files.lock("/LOCK");
  REQUIRE(lock);
  REQUIRE(files.sync_directory("/"));
  const Error held = error_of(files.lock("/LOCK"));
  CHECK(held.code == ErrorCode::unavailable);
  CHECK(held.detail == "cannot lock /LOCK: process " + std::to_string(::getpid()) +
                           " holds it and has to let it go first");
  files.crash_to_synced();

  std::array<std::uint8_t, 4> out{};
  CHECK(error_of(file->write_at(0, out)).code == ErrorCode::unavailable);
  CHECK(error_of(file->read_at(0, out)).detail ==
        "cannot read /file: it was opened before a crash; open it again");
  CHECK_FALSE(file->sync());
  CHECK_FALSE(file->truncate(0));
  CHECK_FALSE(file->reserve(9));
  CHECK_FALSE(file->size());
  CHECK(text_in(files, "/file") == "text");

  auto next = files.lock("/LOCK");
  REQUIRE(next);
  // The lock from before the crash does not let go this one.
  lock->reset();
  CHECK_FALSE(files.lock("/LOCK"));
  next->reset();
  CHECK(files.lock("/LOCK"));
}
}  // namespace syncline
