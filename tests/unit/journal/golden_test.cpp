// The example of docs/formats/journal.md, byte by byte: the format is frozen.
#include "unit/journal/journal_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

}  // namespace

TEST_CASE("the bytes of a journal are those that are documented") {
  MemoryFiles files;
  {
    const OpenJournal open = open_journal(journal_options(files));
    REQUIRE(commit(*open.journal, {property({"\x92\xa1"
                                             "a\xc4\x01"
                                             "b",
                                             6})}));
  }
  CHECK(hex(*read_file(files, "/data/00000001.segment", 1000)) ==
        "53594e434c534547"
        "01000000"
        "00000000"
        "0100000000000000"
        "0000000000000000"
        "0000000000000000"
        "2831b248301186f1"
        "534c4231"
        "0e000000"
        "0000000000000000"
        "0000000000000000"
        "ea221ca8035aad82"
        "04000000"
        "06000000"
        "92a161c40162"
        "0000");
  // Without the checksum and the directory's number, which is the file system's.
  const std::string manifest = hex(*read_file(files, "/data/MANIFEST", 1000));
  CHECK(
      manifest.starts_with("53594e434c4d414e"
                           "01000000"
                           "14000000"));
  CHECK(
      manifest.ends_with("3001029500000000009197010000000000"
                         "00"));
}
