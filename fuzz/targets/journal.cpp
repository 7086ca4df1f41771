// The segment files of a journal. The input is a sequence of steps that lay a segment down, rightly
// and wrongly; then the journal is read in all the ways there are.
#include <algorithm>

#include "changelog/codec/hash.hpp"
#include "journal/format.hpp"
#include "journal/manifest.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/file_journal.hpp"
#include "syncline/memory_files.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

using namespace journal_internal;

const std::string directory = "/data";

struct Found {
  JournalEntryKind kind;
  Lsn lsn;
  std::uint64_t received_at_us;
  bool skewed;
  std::string bytes;
  friend bool operator==(const Found&, const Found&) = default;
};

Found found(const JournalEntry& entry) {
  return {entry.kind, entry.lsn, entry.received_at_us, entry.skewed,
          std::string(text_of(entry.bytes))};
}

/// Lays a segment file down as the steps of an input say.
class SegmentMaker {
 public:
  explicit SegmentMaker(Input& input) {
    encode_file_header({FileKind::segment, 1, 0, 0}, bytes_);
    while (!input.empty()) step(input);
  }
  const ByteBuffer& bytes() const noexcept { return bytes_; }

 private:
  std::uint64_t position() const noexcept { return bytes_.size() - file_header_bytes; }

  void step(Input& input) {
    const std::uint8_t kind = input.byte();
    switch (kind % 6) {
      case 0:
      case 1:
        return add_batch(input, kind % 2 == 1);
      case 2:
        return add_sealed(text_of(input.sized()));
      case 3: {
        const Bytes raw = input.sized();
        bytes_.insert(bytes_.end(), raw.begin(), raw.end());
        return;
      }
      case 4:
        bytes_[input.number(2) % bytes_.size()] ^=
            static_cast<std::uint8_t>(1 + input.byte() % 255);
        return;
      default:
        bytes_.resize(std::max<std::size_t>(bytes_.size() - input.number(1) % bytes_.size(), 1));
    }
  }

  // A batch as the journal writes it: one entry a byte, or two.
  void add_batch(Input& input, bool two) {
    const Bytes payload = input.sized();
    std::vector<JournalEntry> entries;
    for (int i = 0; i < (two ? 2 : 1); ++i) {
      const auto kind = static_cast<JournalEntryKind>(1 + input.byte() % 10);
      const bool place = kind == JournalEntryKind::change;
      entries.push_back({kind, place ? ++lsn_ : 0, place ? 77U : 0, false, payload});
    }
    const std::uint64_t at = position();
    hash_ = encode_batch(entries, at, at, hash_, bytes_);
  }

  // Any bytes as the entries of a batch whose checksum is right: one entry made to be overwritten.
  void add_sealed(std::string_view contents) {
    constexpr std::size_t entry_header = 8;
    if (contents.size() < entry_header) return;
    std::string blank(contents.size() - entry_header, '\0');
    const JournalEntry entry{JournalEntryKind::property, 0, 0, false, bytes_of(blank)};
    const std::size_t begin = bytes_.size();
    const std::uint64_t at = position();
    encode_batch(std::span(&entry, 1), at, at, hash_, bytes_);
    std::uint8_t* const batch = bytes_.data() + begin;
    std::copy(contents.begin(), contents.end(), batch + batch_header_bytes);
    hash_ = batch_hash(batch, contents.size(), at);
    set_number(batch + 24, hash_);
  }

  // As `encode_batch` makes it; that takes entries only, and these bytes may be none.
  static std::uint64_t batch_hash(const std::uint8_t* batch, std::size_t length, std::uint64_t at) {
    const std::uint64_t seed = codec::hash_bytes(batch, batch_header_bytes - 8, at);
    return codec::hash_bytes(batch + batch_header_bytes, length, seed);
  }

  ByteBuffer bytes_;
  std::uint64_t hash_ = 0;
  Lsn lsn_ = 0;
};

void write_journal(MemoryFiles& files, const ByteBuffer& segment, bool closed_cleanly) {
  FUZZ_CHECK(files.create_directories(directory).has_value());
  Manifest manifest;
  manifest.directory = files.identity(directory).value();
  manifest.closed_cleanly = closed_cleanly;
  manifest.next_number = 2;
  SegmentInfo& info = manifest.segments.emplace_back();
  info.number = 1;
  FUZZ_CHECK(replace_file(files, join_path(directory, info.name()),
                          text_of({segment.data(), segment.size()}))
                 .has_value());
  FUZZ_CHECK(write_manifest(files, directory, manifest).has_value());
}

using Entries = std::vector<Found>;

/// What survived opening it: how far that went, and how it ended.
struct Opened {
  Entries entries;
  std::optional<Error> error;
};

Opened open_journal(FileSystem& files, const std::string& at, const Found* more = nullptr) {
  FileJournal::Options options;
  options.directory = at;
  options.files = &files;
  Opened opened;
  auto journal = FileJournal::open(options);
  if (!journal) {
    opened.error = journal.error();
    return opened;
  }
  const auto replayed = (*journal)->replay([&](const JournalEntry& entry) -> Result<void> {
    opened.entries.push_back(found(entry));
    return {};
  });
  if (!replayed) {
    opened.error = replayed.error();
  } else if (more != nullptr) {
    const JournalEntry entry{more->kind, more->lsn, 0, false, bytes_of(more->bytes)};
    const auto position = (*journal)->append(std::span(&entry, 1));
    FUZZ_CHECK(position.has_value());
    FUZZ_CHECK((*journal)->wait_durable(*position).has_value());
  }
  return opened;
}

// An open journal is one that can be written to, copied, and opened again.
void check_open(FileSystem& files, Entries entries) {
  const Found more{JournalEntryKind::property, 0, 0, false, "more"};
  const Opened first = open_journal(files, directory, &more);
  FUZZ_CHECK(!first.error && first.entries == entries);
  entries.push_back(more);
  const Opened second = open_journal(files, directory);
  FUZZ_CHECK(!second.error && second.entries == entries);
  FUZZ_CHECK(copy_journal(files, directory, "/copy").has_value());
  const Opened copy = open_journal(files, "/copy");
  FUZZ_CHECK(!copy.error && copy.entries == entries);
}

bool begins_with(const Entries& all, const Entries& part) {
  return part.size() <= all.size() && std::equal(part.begin(), part.end(), all.begin());
}

}  // namespace

void journal(Bytes bytes) {
  Input input(bytes);
  const bool closed_cleanly = input.byte() % 2 == 0;
  const SegmentMaker segment(input);
  MemoryFiles files;
  write_journal(files, segment.bytes(), closed_cleanly);

  Entries surveyed;
  const auto survey = survey_journal(
      files, directory,
      [&](const JournalEntry& entry, const std::string&, std::uint64_t) -> Result<void> {
        surveyed.push_back(found(entry));
        return {};
      });
  const Opened opened = open_journal(files, directory);
  if (!survey) {
    check_error(survey.error());
    FUZZ_CHECK(opened.error.has_value());
    return;
  }
  FUZZ_CHECK(survey->entries == surveyed.size());
  FUZZ_CHECK(begins_with(surveyed, opened.entries));
  const bool whole = std::all_of(survey->damages.begin(), survey->damages.end(),
                                 [](const JournalDamage& damage) { return damage.torn_tail; });
  FUZZ_CHECK(whole != opened.error.has_value());
  if (whole) return check_open(files, opened.entries);

  check_error(*opened.error);
  const auto repair = repair_journal(files, directory);
  FUZZ_CHECK(repair.has_value());
  const Opened repaired = open_journal(files, directory);
  FUZZ_CHECK(!repaired.error && begins_with(surveyed, repaired.entries));
  FUZZ_CHECK(repair->kept_entries == repaired.entries.size());
  check_open(files, repaired.entries);
}

}  // namespace syncline::fuzz
