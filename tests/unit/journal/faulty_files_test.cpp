#include "support/faulty_files.hpp"

#include <functional>
#include <string_view>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/memory_files.hpp"

namespace syncline::test {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Every kind of step once, in this order; stops at the first error.
constexpr std::uint64_t kinds_of_steps = 10;

Result<void> do_all(FileSystem& files) {
  std::unique_ptr<File> file;
  const std::vector<std::function<Result<void>()>> steps{
      [&] { return files.create_directories("/dir"); },
      [&]() -> Result<void> {
        auto opened = files.open("/dir/one", FileMode::create);
        if (!opened) return opened.error();
        file = std::move(*opened);
        return {};
      },
      [&] { return file->write_at(0, bytes_of("text")); },
      [&] { return file->reserve(100); },
      [&] { return file->truncate(4); },
      [&] { return file->sync(); },
      [&] { return files.rename("/dir/one", "/dir/two"); },
      [&] { return files.sync_directory("/dir"); },
      [&] { return files.remove("/dir/two"); },
      [&] { return files.remove_all("/dir"); },
  };
  for (const auto& step : steps) {
    if (auto done = step(); !done) return done;
  }
  return {};
}

std::string text_in(FileSystem& files, const std::string& path) {
  return read_file(files, path, 1000).value();
}

}  // namespace

TEST_CASE("steps that change something are counted and told, others are not") {
  MemoryFiles disk;
  FaultyFiles files(disk);
  std::vector<std::uint64_t> told;
  files.on_step([&](std::uint64_t step) { told.push_back(step); });
  REQUIRE(do_all(files));
  CHECK(files.steps() == kinds_of_steps);
  CHECK(told == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});

  REQUIRE(disk.create_directories("/dir"));
  REQUIRE(disk.open("/dir/file", FileMode::create));
  CHECK(files.exists("/dir/file"));
  CHECK(files.list("/dir").value() == std::vector<DirectoryEntry>{{"file", false}});
  CHECK(files.identity("/dir").value() == disk.identity("/dir").value());
  CHECK(files.lock("/dir/file"));
  const auto file = files.open("/dir/file", FileMode::write).value();
  CHECK(file->size());
  CHECK(file->read_at(0, {}));
  CHECK(files.steps() == kinds_of_steps);
}

TEST_CASE("each kind of step fails when it is picked, once, and is not done") {
  for (std::uint64_t step = 1; step <= kinds_of_steps; ++step) {
    CAPTURE(step);
    MemoryFiles disk;
    FaultyFiles files(disk);
    files.fail_at(step);
    const auto done = do_all(files);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::unavailable);
    CHECK(done.error().detail.ends_with(": injected"));
    CHECK(files.steps() == step);
    CHECK(disk.exists("/dir") == (step > 1));
    CHECK(disk.exists("/dir/one") == (step > 2 && step <= 7));
    CHECK(disk.exists("/dir/two") == (step > 7 && step <= 9));
    if (step == 3) CHECK(text_in(disk, "/dir/one").empty());
    if (step == 4) CHECK(text_in(disk, "/dir/one").size() == 4);
    if (step == 5) CHECK(text_in(disk, "/dir/one").size() == 100);
    CHECK(files.create_directories("/dir"));
  }
}

TEST_CASE("from a picked step on all fail, until told otherwise") {
  MemoryFiles disk;
  FaultyFiles files(disk);
  files.fail_from(2);
  CHECK(files.create_directories("/a"));
  CHECK_FALSE(files.create_directories("/b"));
  CHECK_FALSE(files.create_directories("/b"));
  CHECK_FALSE(disk.exists("/b"));
  files.stop_failing();
  CHECK(files.create_directories("/b"));
  CHECK(files.steps() == 4);
}

TEST_CASE("a torn write is done by half") {
  MemoryFiles disk;
  FaultyFiles files(disk);
  const auto file = files.open("/file", FileMode::create).value();
  files.fail_at(2, Fault::torn);
  CHECK_FALSE(file->write_at(0, bytes_of("123456")));
  CHECK(text_in(disk, "/file") == "123");
  files.fail_at(3, Fault::torn);
  CHECK_FALSE(file->truncate(1));
  CHECK(text_in(disk, "/file") == "123");
}

TEST_CASE("what a failed sync lost stays lost, though later ones report success, until written") {
  MemoryFiles disk;
  FaultyFiles files(disk);
  const auto file = files.open("/file", FileMode::create).value();
  REQUIRE(files.sync_directory("/"));
  REQUIRE(file->write_at(0, bytes_of("first")));
  REQUIRE(file->sync());
  REQUIRE(file->write_at(0, bytes_of("other")));
  files.fail_at(files.steps() + 1, Fault::lost);
  CHECK_FALSE(file->sync());
  CHECK(file->sync());
  CHECK(files.open("/file", FileMode::write).value()->sync());
  disk.crash_to_synced();
  CHECK(text_in(disk, "/file") == "first");

  // A crash leaves a file as any other, and what is written again is there.
  const auto again = files.open("/file", FileMode::write).value();
  REQUIRE(again->write_at(0, bytes_of("again")));
  files.fail_at(files.steps() + 1, Fault::lost);
  CHECK_FALSE(again->sync());
  REQUIRE(again->write_at(0, bytes_of("again")));
  REQUIRE(again->sync());
  disk.crash_to_synced();
  CHECK(text_in(disk, "/file") == "again");
}

TEST_CASE("a lying disk reports syncs that it does not do") {
  for (const bool lies : {false, true}) {
    CAPTURE(lies);
    MemoryFiles disk;
    FaultyFiles files(disk);
    const auto file = files.open("/file", FileMode::create).value();
    REQUIRE(file->sync());
    REQUIRE(files.sync_directory("/"));
    if (lies) files.fail_from(files.steps() + 1, Fault::dropped);
    CHECK(file->write_at(0, bytes_of("text")));
    CHECK(file->sync());
    CHECK(files.rename("/file", "/moved"));
    CHECK(files.sync_directory("/"));
    CHECK(text_in(files, "/moved") == "text");
    disk.crash_to_synced();
    CHECK(text_in(disk, lies ? "/file" : "/moved") == (lies ? "" : "text"));
    CHECK(disk.list("/").value().size() == 1);
  }
}

TEST_CASE("a hook may crash the disk under the step that it is told of") {
  MemoryFiles disk;
  FaultyFiles files(disk);
  const auto file = files.open("/file", FileMode::create).value();
  files.on_step([&](std::uint64_t) { disk.crash_to_synced(); });
  const auto written = file->write_at(0, bytes_of("text"));
  REQUIRE_FALSE(written);
  CHECK(written.error().detail ==
        "cannot write /file: it was opened before a crash; open it again");
  CHECK_FALSE(disk.exists("/file"));
}

}  // namespace syncline::test
