#include <fcntl.h>
#include <stdlib.h>
#include <string_view>
#include <unistd.h>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "journal/posix_calls.hpp"
#include "support/results.hpp"
#include "syncline/file_system.hpp"

namespace syncline {
namespace {

FileSystem& files = system_files();

class TemporaryDirectory {
 public:
  TemporaryDirectory() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { static_cast<void>(files.remove_all(path_)); }

  std::string operator/(std::string_view name) const { return join_path(path_, name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/syncline-files-XXXXXX";
};

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text_in(const std::string& path) { return read_file(files, path, 1 << 20).value(); }

std::unique_ptr<File> created(const std::string& path, std::string_view text = {}) {
  auto file = files.open(path, FileMode::create).value();
  REQUIRE(file->write_at(0, bytes_of(text)));
  return file;
}

Error error_of(const auto& result) {
  REQUIRE_FALSE(result);
  return result.error();
}

std::int64_t blocks_of(const std::string& path) {
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_blocks;
}

}  // namespace

TEST_CASE("a file is made once, written anywhere and read again") {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  CHECK_FALSE(files.exists(path));
  const auto file = created(path, "hello");
  CHECK(files.exists(path));
  REQUIRE(file->write_at(8, bytes_of("world")));
  REQUIRE(file->sync());
  CHECK(file->size().value() == 13);
  CHECK(text_in(path) == std::string_view("hello\0\0\0world", 13));

  std::string out(20, '?');
  const std::span span(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  CHECK(file->read_at(8, span).value() == 5);
  CHECK(out.substr(0, 6) == "world?");
  CHECK(file->read_at(13, span).value() == 0);
  CHECK(file->read_at(~std::uint64_t{0}, span).value() == 0);

  REQUIRE(file->truncate(3));
  CHECK(text_in(path) == "hel");

  const auto again = files.open(path, FileMode::write).value();
  REQUIRE(again->write_at(0, bytes_of("H")));
  CHECK(text_in(path) == "Hel");
}

TEST_CASE("errors name the path and what the system said") {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  const Error missing = error_of(files.open(path, FileMode::write));
  CHECK(missing.code == ErrorCode::not_found);
  CHECK(missing.detail == "cannot open " + path + ": No such file or directory");
  static_cast<void>(created(path));

  const Error twice = error_of(files.open(path, FileMode::create));
  CHECK(twice.code == ErrorCode::unavailable);
  CHECK(twice.detail == "cannot create " + path + ": File exists");

  const auto reader = files.open(path, FileMode::read).value();
  CHECK(error_of(reader->write_at(0, bytes_of("x"))).detail ==
        "cannot write " + path + ": Bad file descriptor");
  const auto writer = files.open(path, FileMode::write).value();
  CHECK(error_of(writer->write_at(~std::uint64_t{0}, bytes_of("x"))).detail ==
        "cannot write " + path + ": File too large");
  CHECK(error_of(files.open(directory.path(), FileMode::read)).detail ==
        "cannot open " + directory.path() + ": Is a directory");
  CHECK(error_of(files.rename(path + "1", path)).code == ErrorCode::not_found);
  CHECK(error_of(files.remove(path + "1")).code == ErrorCode::not_found);
  CHECK(error_of(files.remove_all(path + "1")).code == ErrorCode::not_found);
  CHECK(error_of(files.remove_all(path)).detail == "cannot remove " + path + ": Not a directory");
  CHECK(error_of(files.list(path + "1")).code == ErrorCode::not_found);
  CHECK(error_of(files.identity(path + "1")).code == ErrorCode::not_found);
  CHECK(error_of(files.sync_directory(path + "1")).code == ErrorCode::not_found);
  CHECK(error_of(files.create_directories(path + "/sub")).detail ==
        "cannot create the directory " + path + ": Not a directory");

  // A device that is always full, as every Linux has it.
  const auto full = files.open("/dev/full", FileMode::write).value();
  const Error no_room = error_of(full->write_at(0, bytes_of("x")));
  CHECK(no_room.code == ErrorCode::unavailable);
  CHECK(no_room.detail == "cannot write /dev/full: No space left on device");
  CHECK(error_of(full->reserve(1)).detail == "cannot reserve room for /dev/full: No such device");
}

TEST_CASE("a reservation takes room and never makes a file smaller") {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  const auto file = created(path, "abc");
  REQUIRE(file->reserve(1 << 20));
  CHECK(file->size().value() == 1 << 20);
  CHECK(blocks_of(path) * 512 >= 1 << 20);
  CHECK(text_in(path) == "abc" + std::string((1 << 20) - 3, '\0'));
  REQUIRE(file->reserve(10));
  REQUIRE(file->reserve(0));
  CHECK(file->size().value() == 1 << 20);
}

TEST_CASE("without a call for it, room is taken by zeros in the holes and behind the end") {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  constexpr std::uint64_t size = 1 << 20;
  const auto file = created(path, "begin");
  REQUIRE(file->write_at(300'000, bytes_of("middle")));
  REQUIRE(file->truncate(600'000));
  const std::string before = text_in(path);
  REQUIRE(file->sync());
  REQUIRE(blocks_of(path) * 512 < 100'000);

  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  // Up to the middle of a hole, and no further.
  CHECK(journal_internal::fill_holes(descriptor, 150'000) == 0);
  CHECK(blocks_of(path) * 512 < 250'000);
  CHECK(journal_internal::fill_holes(descriptor, size) == 0);
  CHECK(journal_internal::fill_holes(descriptor, 5) == 0);
  ::close(descriptor);
  const int device = ::open("/dev/full", O_RDWR | O_CLOEXEC);
  REQUIRE(device >= 0);
  CHECK(journal_internal::fill_holes(device, size) == EOPNOTSUPP);
  ::close(device);
  REQUIRE(file->sync());
  CHECK(text_in(path) == before + std::string(size - before.size(), '\0'));
  CHECK(blocks_of(path) * 512 >= static_cast<std::int64_t>(size));
}

TEST_CASE("directories are made with their parents, listed in order and removed whole") {
  const TemporaryDirectory directory;
  const std::string deep = directory / "a/b/c";
  REQUIRE(files.create_directories(deep));
  REQUIRE(files.create_directories(deep));
  REQUIRE(files.create_directories(deep + "/"));
  static_cast<void>(created(directory / "a/z"));
  static_cast<void>(created(directory / "a/.hidden"));
  REQUIRE(files.sync_directory(directory / "a"));
  CHECK(files.list(directory / "a").value() ==
        std::vector<DirectoryEntry>{{".hidden", false}, {"b", true}, {"z", false}});
  CHECK(error_of(files.remove(directory / "a/b")).code == ErrorCode::unavailable);
  REQUIRE(files.remove_all(directory / "a"));
  CHECK(files.list(directory.path()).value().empty());
}

TEST_CASE("renaming takes the place of what is there") {
  const TemporaryDirectory directory;
  static_cast<void>(created(directory / "one", "1"));
  static_cast<void>(created(directory / "two", "2"));
  REQUIRE(files.rename(directory / "one", directory / "two"));
  CHECK_FALSE(files.exists(directory / "one"));
  CHECK(text_in(directory / "two") == "1");
  REQUIRE(files.remove(directory / "two"));
  CHECK_FALSE(files.exists(directory / "two"));
}

TEST_CASE("a directory keeps its identity when it is moved, and no other has it") {
  const TemporaryDirectory directory;
  REQUIRE(files.create_directories(directory / "one"));
  REQUIRE(files.create_directories(directory / "two"));
  const std::uint64_t identity = files.identity(directory / "one").value();
  CHECK(identity != 0);
  CHECK(identity != files.identity(directory / "two").value());
  static_cast<void>(created(directory / "one/file", "text"));
  CHECK(files.identity(directory / "one").value() == identity);
  REQUIRE(files.rename(directory / "one", directory / "two/three"));
  CHECK(files.identity(directory / "two/three").value() == identity);

  // The inode number may be used again at once; the time of birth tells them apart.
  REQUIRE(files.remove_all(directory / "two/three"));
  REQUIRE(files.create_directories(directory / "one"));
  CHECK(files.identity(directory / "one").value() != identity);
}

TEST_CASE("a lock is held once, also within one process, and names its holder") {
  const TemporaryDirectory directory;
  const std::string path = directory / "LOCK";
  static_cast<void>(created(path, "4000000000 of a longer text before"));
  const std::string id = std::to_string(::getpid());
  auto lock = files.lock(path);
  REQUIRE(lock);
  CHECK(text_in(path) == id + "\n");
  const Error held = error_of(files.lock(path));
  CHECK(held.code == ErrorCode::unavailable);
  CHECK(held.detail ==
        "cannot lock " + path + ": process " + id + " holds it and has to let it go first");
  lock->reset();
  CHECK(files.lock(path));
  CHECK(error_of(files.lock(directory / "none/LOCK")).code == ErrorCode::not_found);
}

TEST_CASE("a lock keeps other processes out, and ends with its process") {
  const TemporaryDirectory directory;
  const std::string path = directory / "LOCK";
  const auto child_gets_it = [&] {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    // Without a destructor: the end of the process has to do.
    if (child == 0) ::_exit(files.lock(path) ? 0 : 1);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  };
  {
    const auto lock = files.lock(path);
    REQUIRE(lock);
    CHECK_FALSE(child_gets_it());
  }
  CHECK(child_gets_it());
  CHECK(files.lock(path));
}

TEST_CASE("what the system reads in pieces is read whole") {
  // The kernel writes this text when it is read, a page at a time.
  const auto file = files.open("/proc/self/smaps", FileMode::read).value();
  std::string text(1 << 20, '\0');
  const std::span all(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  const std::size_t count = file->read_at(0, all).value();
  REQUIRE(count > 4096);
  std::string begin(12, '\0');
  CHECK(file->read_at(0, {reinterpret_cast<std::uint8_t*>(begin.data()), begin.size()}));
  CHECK(text.starts_with(begin));
  CHECK(text.find('\0') == (count < text.size() ? count : std::string::npos));
}

TEST_CASE("a call that a signal interrupts is made again") {
  int calls = 0;
  const int result = journal_internal::uninterrupted([&] {
    errno = EINTR;
    return ++calls < 4 ? -1 : 7;
  });
  CHECK(result == 7);
  CHECK(calls == 4);
  CHECK(journal_internal::uninterrupted([] {
          errno = EIO;
          return -1;
        }) == -1);
}

}  // namespace syncline
