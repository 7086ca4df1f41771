// Every byte and every length of a small journal's files.
#include <cstring>

#include "unit/journal/journal_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

FileJournal::Options small_segments(FileSystem& files, const std::string& directory) {
  FileJournal::Options options = journal_options(files, directory);
  options.segment_bytes = std::uint64_t{64} << 10;
  return options;
}

/// A journal with a checkpoint, a closed segment and one that is being written.
std::vector<OwnedEntry> make_journal(MemoryFiles& files, bool closed) {
  std::vector<OwnedEntry> all{property("checkpoint")};
  {
    const OpenJournal open = open_journal(small_segments(files, "/data"));
    // Two large changes fill the first segment, the third begins the next one.
    REQUIRE(commit(*open.journal, {change(1, 70'000)}));
    REQUIRE(commit(*open.journal, {change(2, 300), change(3, 30)}));
    REQUIRE(open.journal->checkpoint(
        open.journal->checkpoint_before(3),
        [](const Journal::Visit& emit) { return emit(property("checkpoint").view()); }));
    REQUIRE(commit(*open.journal, {change(4, 66'000)}));
    REQUIRE(commit(*open.journal, {change(5, 40), property("p")}));
    REQUIRE(commit(*open.journal, {change(6, 50)}));
    REQUIRE(commit(*open.journal, {change(7, 60)}));
    for (Lsn lsn = 2; lsn <= 5; ++lsn) {
      const std::size_t sizes[] = {0, 0, 300, 30, 66'000, 40};
      all.push_back(change(lsn, sizes[lsn]));
    }
    all.push_back(property("p"));
    all.push_back(change(6, 50));
    all.push_back(change(7, 60));
    if (!closed) files.crash_to_synced();
  }
  return all;
}

std::string bytes_of(MemoryFiles& files, const std::string& path) {
  return read_file(files, path, 10'000'000).value();
}

void put(MemoryFiles& files, const std::string& path, std::string_view bytes) {
  auto file = files.open(path, FileMode::write);
  REQUIRE(file);
  REQUIRE((*file)->truncate(bytes.size()));
  REQUIRE(
      (*file)->write_at(0, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
}

/// Opens the damaged journal. It has to be refused, or to give back everything, or, if nothing says
/// that the last batch was durable, everything but that.
void check(MemoryFiles& files, const std::vector<OwnedEntry>& all, bool closed, bool cut) {
  const auto opened = try_open(small_segments(files, "/data"));
  if (!opened) {
    const bool right_code = opened.error().code == ErrorCode::internal ||
                            opened.error().code == ErrorCode::bad_request ||
                            opened.error().code == ErrorCode::not_found;
    REQUIRE_MESSAGE(right_code, to_string(opened.error()));
    return;
  }
  if (opened->found == all) return;
  REQUIRE_FALSE(closed);
  REQUIRE(opened->found.size() < all.size());
  // A file that ends early after a crash is what a crash leaves: the replica is an older one then.
  if (!cut) REQUIRE(opened->found.size() >= all.size() - 1);
  REQUIRE(std::equal(opened->found.begin(), opened->found.end(), all.begin()));
}

/// Names of the files whose damage matters, and which bytes of them to try: all of a short one, of
/// a long one those that are not in the middle of a long payload.
std::vector<std::size_t> places(std::size_t size) {
  std::vector<std::size_t> tried;
  for (std::size_t at = 0; at < size; ++at) {
    const bool inside_payload = size > 60'000 && at > 700 && at + 700 < size && at % 997 != 0;
    if (!inside_payload) tried.push_back(at);
  }
  return tried;
}

template <typename Damage>
void damage_everything(bool closed, bool cut, Damage damage) {
  MemoryFiles original;
  const std::vector<OwnedEntry> all = make_journal(original, closed);
  const auto entries = original.list("/data");
  REQUIRE(entries);
  std::size_t tried = 0;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name == "LOCK") continue;
    const std::string path = "/data/" + entry.name;
    const std::string bytes = bytes_of(original, path);
    for (const std::size_t at : places(bytes.size())) {
      CAPTURE(path);
      CAPTURE(at);
      // Whatever an opening changes is put right before the next one.
      MemoryFiles files;
      for (const DirectoryEntry& each : *entries) {
        if (each.name == "LOCK") continue;
        REQUIRE(files.create_directories("/data"));
        REQUIRE(
            replace_file(files, "/data/" + each.name, bytes_of(original, "/data/" + each.name)));
      }
      put(files, path, damage(bytes, at));
      check(files, all, closed, cut);
      ++tried;
    }
  }
  CHECK(tried > 2000);
}

}  // namespace

TEST_CASE("every flipped byte is detected or harmless") {
  for (const bool closed : {true, false}) {
    damage_everything(closed, false, [](std::string bytes, std::size_t at) {
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
      return bytes;
    });
  }
}

TEST_CASE("every truncation is detected or harmless") {
  for (const bool closed : {true, false}) {
    damage_everything(closed, true,
                      [](const std::string& bytes, std::size_t at) { return bytes.substr(0, at); });
  }
}

TEST_CASE("bytes behind the end are cut off and reported") {
  MemoryFiles files;
  const std::vector<OwnedEntry> all = make_journal(files, true);
  const auto entries = files.list("/data");
  const std::string last = std::prev(std::find_if(entries->begin(), entries->end(), [](auto& e) {
                             return e.name == "LOCK";
                           }))->name;
  const std::string bytes = bytes_of(files, "/data/" + last);
  put(files, "/data/" + last, bytes + "garbage at the end");
  {
    const OpenJournal open = open_journal(small_segments(files, "/data"));
    CHECK(open.found == all);
    CHECK(open.journal->opening().torn_bytes == 18);
    CHECK(open.journal->opening().torn_file == last);
  }
  CHECK(bytes_of(files, "/data/" + last) == bytes);
}

TEST_CASE("damage is named with file and offset, and repair puts it aside") {
  for (const bool in_closed : {true, false}) {
    MemoryFiles files;
    const std::vector<OwnedEntry> all = make_journal(files, true);
    auto survey = survey_journal(files, "/data");
    REQUIRE(survey);
    CHECK(survey->damages.empty());
    CHECK(survey->entries == all.size());
    REQUIRE(survey->files.size() == 3);
    const std::string name = survey->files[in_closed ? 1 : 2].name;
    std::string bytes = bytes_of(files, "/data/" + name);
    const std::size_t at = in_closed ? 48 + 32 + 10 : bytes.size() - 40;
    bytes[at] = static_cast<char>(~bytes[at]);
    put(files, "/data/" + name, bytes);

    const auto refused = try_open(small_segments(files, "/data"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::internal);
    CHECK(refused.error().detail.find(name + ", offset ") != std::string::npos);
    CHECK(refused.error().detail.find("repair") != std::string::npos);
    CHECK(bytes_of(files, "/data/" + name) == bytes);
    survey = survey_journal(files, "/data");
    REQUIRE(survey);
    REQUIRE(survey->damages.size() == 1);
    CHECK(survey->damages[0].file == name);
    CHECK_FALSE(survey->damages[0].torn_tail);

    const auto repaired = repair_journal(files, "/data");
    REQUIRE_MESSAGE(repaired, repaired.error().detail);
    CHECK_FALSE(repaired->set_aside.empty());
    for (const std::string& aside : repaired->set_aside) {
      CHECK(files.exists("/data/" + aside));
    }
    {
      const OpenJournal open = open_journal(small_segments(files, "/data"));
      CHECK(open.journal->is_copy());
      CHECK(open.found.size() < all.size());
      CHECK(std::equal(open.found.begin(), open.found.end(), all.begin()));
      const Lsn next = open.journal->durable_lsn() + 1;
      REQUIRE(commit(*open.journal, {change(next)}));
    }
    for (const std::string& aside : repaired->set_aside) CHECK(files.exists("/data/" + aside));
    // A journal that is whole is left alone.
    const auto again = repair_journal(files, "/data");
    REQUIRE(again);
    CHECK(again->set_aside.empty());
  }
}

TEST_CASE("a lost manifest is found again from the segments, unless there is a checkpoint") {
  MemoryFiles files;
  {
    const OpenJournal open = open_journal(small_segments(files, "/data"));
    for (Lsn lsn = 1; lsn <= 30; ++lsn) REQUIRE(commit(*open.journal, {change(lsn, 9000)}));
  }
  REQUIRE(files.remove("/data/MANIFEST"));
  const auto refused = try_open(small_segments(files, "/data"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail.find("MANIFEST is missing") != std::string::npos);
  REQUIRE(repair_journal(files, "/data"));
  CHECK(open_journal(small_segments(files, "/data")).found.size() == 30);

  MemoryFiles other;
  make_journal(other, true);
  REQUIRE(other.remove("/data/MANIFEST"));
  CHECK(repair_journal(other, "/data").error().detail.find("backup") != std::string::npos);
}

TEST_CASE("a newer format is refused, and nothing is changed") {
  for (const char* what : {"MANIFEST", "segment"}) {
    MemoryFiles files;
    make_journal(files, true);
    std::string name = "MANIFEST";
    if (std::string_view(what) == "segment") name = survey_journal(files, "/data")->files[1].name;
    std::string bytes = bytes_of(files, "/data/" + name);
    bytes[8] = 2;
    put(files, "/data/" + name, bytes);
    const auto refused = try_open(small_segments(files, "/data"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::bad_request);
    CHECK(refused.error().detail.find("newer") != std::string::npos);
    CHECK(bytes_of(files, "/data/" + name) == bytes);
  }
}

TEST_CASE("a journal that is in use can be copied, and the copy knows that it is one") {
  MemoryFiles files;
  const OpenJournal open = open_journal(small_segments(files, "/data"));
  for (Lsn lsn = 1; lsn <= 30; ++lsn) REQUIRE(commit(*open.journal, {change(lsn, 9000)}));
  REQUIRE(copy_journal(files, "/data", "/backup"));
  CHECK(copy_journal(files, "/data", "/backup").error().code == ErrorCode::bad_request);
  REQUIRE(commit(*open.journal, {change(31)}));
  const OpenJournal copy = open_journal(small_segments(files, "/backup"));
  CHECK(copy.found.size() == 30);
  CHECK(copy.journal->is_copy());
  CHECK(copy.journal->opening().torn_bytes == 0);
}

TEST_CASE("a batch of another journal is not taken for one of this") {
  MemoryFiles files;
  for (const char* directory : {"/data", "/other"}) {
    const OpenJournal open = open_journal(small_segments(files, directory));
    OwnedEntry first = change(1);
    if (std::string_view(directory) == "/other") first.bytes[0] = 'X';
    REQUIRE(commit(*open.journal, {first}));
    REQUIRE(commit(*open.journal, {change(2)}));
  }
  const std::string name = survey_journal(files, "/data")->files[0].name;
  const std::string own = bytes_of(files, "/data/" + name);
  const std::string foreign = bytes_of(files, "/other/" + name);
  const std::size_t second = own.size() / 2 + 24;  // behind the header and the first batch
  put(files, "/data/" + name, own.substr(0, second) + foreign.substr(second));
  CHECK_FALSE(try_open(small_segments(files, "/data")));
}
