#include "syncline/memory_files.hpp"

#include <array>
#include <string_view>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "unit/journal/memory_fixture.hpp"

namespace syncline {
namespace {

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

}  // namespace

TEST_CASE("memory files read what was written, as the system's do") {
  MemoryFiles files;
  const auto file = created(files, "/file", "hello");
  REQUIRE(file->write_at(8, bytes_of("world")));
  CHECK(text_in(files, "/file") == std::string_view("hello\0\0\0world", 13));
  REQUIRE(file->truncate(3));
  REQUIRE(file->reserve(5));
  REQUIRE(file->reserve(2));
  CHECK(text_in(files, "/file") == std::string_view("hel\0\0", 5));
  CHECK(file->size().value() == 5);
  std::array<std::uint8_t, 4> out{};
  CHECK(file->read_at(2, out).value() == 3);
  CHECK(file->read_at(5, out).value() == 0);
  CHECK(files.exists("/"));
  CHECK(files.exists("file"));
  CHECK(files.exists("./file"));
}

TEST_CASE("memory files refuse what the system's do, with the same words") {
  MemoryFiles files;
  REQUIRE(files.create_directories("/dir/sub"));
  static_cast<void>(created(files, "/dir/file"));
  const auto detail = [](const auto& result) { return error_of(result).detail; };
  CHECK(detail(files.open("/no", FileMode::read)) == "cannot open /no: No such file or directory");
  CHECK(error_of(files.open("/no", FileMode::read)).code == ErrorCode::not_found);
  CHECK(detail(files.open("/dir", FileMode::read)) == "cannot open /dir: Is a directory");
  CHECK(detail(files.open("/dir/file", FileMode::create)) ==
        "cannot create /dir/file: File exists");
  CHECK(error_of(files.open("/no/file", FileMode::create)).code == ErrorCode::not_found);
  const auto reader = files.open("/dir/file", FileMode::read).value();
  CHECK(detail(reader->write_at(0, bytes_of("x"))) ==
        "cannot write /dir/file: Bad file descriptor");
  CHECK(detail(reader->truncate(0)) == "cannot truncate /dir/file: Bad file descriptor");
  CHECK_FALSE(reader->reserve(0));
  CHECK_FALSE(reader->reserve(9));
  const auto writer = files.open("/dir/file", FileMode::write).value();
  CHECK(detail(writer->write_at(~std::uint64_t{0}, bytes_of("x"))) ==
        "cannot write /dir/file: File too large");
  CHECK(detail(files.remove("/dir")) == "cannot remove /dir: Is a directory");
  CHECK(error_of(files.remove("/dir/no")).code == ErrorCode::not_found);
  CHECK(detail(files.remove_all("/dir/file")) == "cannot remove /dir/file: Not a directory");
  CHECK(error_of(files.remove_all("/dir/no")).code == ErrorCode::not_found);
  CHECK_FALSE(files.remove_all("/"));
  CHECK(detail(files.create_directories("/dir/file/sub")) ==
        "cannot create the directory /dir/file: Not a directory");
  CHECK(error_of(files.sync_directory("/no")).code == ErrorCode::not_found);
  CHECK_FALSE(files.sync_directory("/dir/file"));
  CHECK(error_of(files.list("/no")).code == ErrorCode::not_found);
  CHECK_FALSE(files.list("/dir/file"));
  CHECK(error_of(files.identity("/no")).code == ErrorCode::not_found);

  CHECK(error_of(files.rename("/no", "/dir/no")).code == ErrorCode::not_found);
  CHECK(error_of(files.rename("/dir/file", "/no/file")).code == ErrorCode::not_found);
  CHECK_FALSE(files.rename("/dir/file", "/dir/sub"));
  CHECK_FALSE(files.rename("/dir/sub", "/dir/file"));
  CHECK_FALSE(files.rename("/dir", "/dir/sub/dir"));
  REQUIRE(files.create_directories("/other"));
  CHECK(detail(files.rename("/other", "/dir")) ==
        "cannot rename /other to /dir: Directory not empty");
  CHECK(names_in(files, "/") == "dir other ");
  CHECK(names_in(files, "/dir") == "file sub ");
}

TEST_CASE("memory files rename and remove") {
  MemoryFiles files;
  REQUIRE(files.create_directories("/a/b"));
  static_cast<void>(created(files, "/a/b/one", "1"));
  static_cast<void>(created(files, "/a/b/two", "2"));
  REQUIRE(files.rename("/a/b/one", "/a/b/two"));
  CHECK(names_in(files, "/a/b") == "two ");
  CHECK(text_in(files, "/a/b/two") == "1");
  REQUIRE(files.rename("/a/b/two", "/a/b/two"));
  REQUIRE(files.rename("/a/b", "/c"));
  CHECK(text_in(files, "/c/two") == "1");
  CHECK(files.list("/").value() == std::vector<DirectoryEntry>{{"a", true}, {"c", true}});
  REQUIRE(files.remove_all("/c"));
  CHECK(names_in(files, "/") == "a ");
}

TEST_CASE("a full disk takes what it has room for, and overwrites what it has") {
  MemoryFiles files;
  const auto file = created(files, "/file", "1234");
  static_cast<void>(created(files, "/other", "12"));
  files.set_capacity(10);
  const Error full = error_of(file->write_at(2, bytes_of("abcdefgh")));
  CHECK(full.code == ErrorCode::unavailable);
  CHECK(full.detail == "cannot write /file: No space left on device");
  CHECK(text_in(files, "/file") == "12abcdef");
  CHECK(file->write_at(0, bytes_of("XY")));
  CHECK_FALSE(file->write_at(20, bytes_of("z")));
  CHECK(error_of(file->reserve(9)).detail ==
        "cannot reserve room for /file: No space left on device");
  CHECK(file->reserve(8));
  CHECK_FALSE(file->truncate(9));
  CHECK(files.lock("/LOCK"));
  REQUIRE(files.remove("/other"));
  CHECK(file->reserve(10));
  CHECK_FALSE(file->reserve(11));
}

TEST_CASE("a file that is open can be written when its name is gone") {
  MemoryFiles files;
  const auto file = created(files, "/file", "text");
  REQUIRE(files.remove("/file"));
  CHECK(file->write_at(4, bytes_of("more")));
  CHECK(file->size().value() == 8);
  static_cast<void>(created(files, "/file", "another"));
  CHECK(text_in(files, "/file") == "another");
}

TEST_CASE("a lock leaves nothing of a longer text that was in its file") {
  MemoryFiles files;
  static_cast<void>(created(files, "/LOCK", "4000000000 of a longer text before"));
  REQUIRE(files.lock("/LOCK"));
  CHECK(text_in(files, "/LOCK").size() < 12);
}

TEST_CASE("directories that were moved into each other do not keep each other alive") {
  // The leak checker has the say.
  MemoryFiles files;
  REQUIRE(files.create_directories("/a/b"));
  REQUIRE(files.sync_directory("/a"));
  REQUIRE(files.rename("/a/b", "/b"));
  REQUIRE(files.rename("/a", "/b/a"));
  CHECK(names_in(files, "/b") == "a ");
}

TEST_CASE("open files outlive their file system") {
  std::unique_ptr<File> file;
  std::unique_ptr<FileLock> lock;
  {
    MemoryFiles files;
    file = created(files, "/file", "text");
    lock = files.lock("/LOCK").value();
  }
  CHECK(file->size().value() == 4);
}

TEST_CASE("a directory keeps its identity, a copy has its own, an image the same") {
  MemoryFiles files;
  REQUIRE(files.create_directories("/a/sub"));
  REQUIRE(files.create_directories("/b"));
  static_cast<void>(created(files, "/a/sub/file", "text"));
  const std::uint64_t identity = files.identity("/a").value();
  CHECK(identity != files.identity("/b").value());
  REQUIRE(files.rename("/a", "/b/a"));
  CHECK(files.identity("/b/a").value() == identity);

  REQUIRE(files.copy("/b/a", "/b/copy"));
  REQUIRE(files.copy("/b/a", "/image", true));
  CHECK(files.identity("/b/copy").value() != identity);
  CHECK(files.identity("/image").value() == identity);
  CHECK(files.identity("/image/sub").value() == files.identity("/b/a/sub").value());
  CHECK(files.identity("/b/copy/sub").value() != files.identity("/b/a/sub").value());
  // Writing into the one does not change the other.
  REQUIRE(files.open("/b/a/sub/file", FileMode::write).value()->truncate(0));
  // A copy is synced with the way to it, though nothing else here was.
  files.crash_to_synced();
  CHECK(names_in(files, "/") == "b image ");
  CHECK(names_in(files, "/b") == "copy ");
  CHECK(text_in(files, "/b/copy/sub/file") == "text");
  CHECK(text_in(files, "/image/sub/file") == "text");
}

TEST_CASE("a copy stays where something was removed shortly before") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    MemoryFiles files;
    REQUIRE(files.create_directories("/from"));
    static_cast<void>(created(files, "/to"));
    REQUIRE(files.remove("/to"));
    REQUIRE(files.copy("/from", "/to"));
    SeededRandom random(seed);
    files.crash(random);
    CHECK(files.list("/to"));
  }
}

TEST_CASE("a copy needs a source, a free place and room") {
  MemoryFiles files;
  REQUIRE(files.create_directories("/a"));
  static_cast<void>(created(files, "/a/file", "text"));
  CHECK(error_of(files.copy("/no", "/b")).code == ErrorCode::not_found);
  CHECK(error_of(files.copy("/a", "/no/b")).code == ErrorCode::not_found);
  CHECK(error_of(files.copy("/a", "/a")).detail == "cannot copy /a to /a: File exists");
  REQUIRE(files.copy("/a", "/a/inside"));
  CHECK(names_in(files, "/a/inside") == "file ");
  files.set_capacity(11);
  CHECK(error_of(files.copy("/a/inside", "/b")).code == ErrorCode::unavailable);
}

}  // namespace syncline
