// Reading a journal to look at it.

#include <limits>

#include "journal/manifest.hpp"
#include "journal/segment_reader.hpp"
#include "syncline/file_journal.hpp"

namespace syncline {
namespace {

using namespace journal_internal;

using SurveyVisit =
    std::function<Result<void>(const JournalEntry&, const std::string&, std::uint64_t)>;

/// Reads the files of one journal in order.
class Surveyor {
 public:
  Surveyor(FileSystem& files, const std::string& directory, const SurveyVisit& visit)
      : files_(files), directory_(directory), visit_(visit) {}

  Result<JournalSurvey> run();

 private:
  Result<void> read_checkpoint(const CheckpointInfo& info);
  Result<void> read_segment(const Manifest& manifest, const SegmentInfo& segment);
  Result<void> read_batches(BatchScanner& scanner, std::uint64_t start, JournalFile& file);
  bool load(FileKind kind, std::uint64_t number, bool compressed, std::uint64_t bytes,
            const std::string& name, Result<void>& done);
  void add_damage(const std::string& file, std::uint64_t offset, std::string what, bool torn) {
    survey_.damages.push_back({file, offset, std::move(what), torn});
  }

  FileSystem& files_;
  const std::string& directory_;
  const SurveyVisit& visit_;
  LoadedFile loaded_;
  JournalSurvey survey_;
};

/// False if the file cannot be looked into; `done` has an error only if that is no damage.
bool Surveyor::load(FileKind kind, std::uint64_t number, bool compressed, std::uint64_t bytes,
                    const std::string& name, Result<void>& done) {
  done = loaded_.load(files_, join_path(directory_, name), kind, number, compressed, bytes);
  if (done) return true;
  if (done.error().code == ErrorCode::internal) {
    add_damage(name, 0, done.error().detail, false);
    done = {};
  } else if (done.error().code == ErrorCode::not_found) {
    auto manifest = read_manifest(files_, directory_);
    bool named = false;
    if (manifest) {
      for (const SegmentInfo& segment : manifest->segments) named |= segment.name() == name;
      named |= manifest->checkpoint.name() == name;
    }
    if (named) {
      add_damage(name, 0, "the file is missing", false);
      done = {};
    } else {
      done = Error{ErrorCode::unavailable, "the journal changed while it was read: try again"};
    }
  }
  return false;
}

Result<void> Surveyor::read_batches(BatchScanner& scanner, std::uint64_t start, JournalFile& file) {
  while (true) {
    const std::uint64_t offset = offset_in_file(scanner.position(), start);
    const auto batch = scanner.next();
    if (!batch) return {};
    ++file.batches;
    const Journal::Visit look = [&](const JournalEntry& entry) -> Result<void> {
      ++file.entries;
      if (entry.kind == JournalEntryKind::change) {
        ++survey_.changes;
        if (file.first_lsn == 0) file.first_lsn = entry.lsn;
        file.last_lsn = entry.lsn;
      }
      return visit_ ? visit_(entry, file.name, offset) : Result<void>();
    };
    if (auto visited = visit_entries(batch->entries, look); !visited) return visited;
  }
}

Result<void> Surveyor::read_checkpoint(const CheckpointInfo& info) {
  if (info.number == 0) return {};
  JournalFile file{info.name(), "checkpoint", info.bytes, 0, 0, 0, 0, false, true};
  Result<void> done;
  if (load(FileKind::checkpoint, info.number, false, info.bytes, file.name, done)) {
    BatchScanner scanner(loaded_.batches(), 0, 0);
    if (done = read_batches(scanner, 0, file); !done) return done;
    if (offset_in_file(scanner.position(), 0) != info.bytes || scanner.hash() != info.last_hash) {
      add_damage(file.name, offset_in_file(scanner.position(), 0), "the batch here is damaged",
                 false);
    }
  }
  survey_.entries += file.entries;
  survey_.files.push_back(std::move(file));
  return done;
}

Result<void> Surveyor::read_segment(const Manifest& manifest, const SegmentInfo& segment) {
  const std::uint64_t most = segment.closed() ? offset_in_file(segment.end, segment.start)
                                              : std::numeric_limits<std::uint64_t>::max();
  JournalFile file{segment.name(), "segment", 0, 0, 0, 0, 0, segment.compressed, segment.closed()};
  Result<void> done;
  if (load(FileKind::segment, segment.number, segment.compressed, most, file.name, done)) {
    BatchScanner scanner(loaded_.batches(), segment.start, loaded_.header().previous_hash);
    if (done = read_batches(scanner, segment.start, file); !done) return done;
    const bool whole =
        segment.closed() ? scanner.position() == segment.end && scanner.hash() == segment.last_hash
                         : scanner.bytes_left() == 0 && scanner.position() >= manifest.verified;
    if (!whole) {
      const bool torn = !segment.closed() && scanner.position() >= manifest.verified &&
                        scanner.position() >= scanner.synced_by_later();
      add_damage(file.name, offset_in_file(scanner.position(), segment.start),
                 torn ? "an unfinished write" : "the batch here is damaged", torn);
      while (!torn && scanner.skip_damage()) {
        if (done = read_batches(scanner, segment.start, file); !done) return done;
      }
    }
    file.bytes = offset_in_file(scanner.position(), segment.start);
  }
  survey_.entries += file.entries;
  survey_.files.push_back(std::move(file));
  return done;
}

Result<JournalSurvey> Surveyor::run() {
  auto manifest = read_manifest(files_, directory_);
  if (!manifest) {
    if (manifest.error().code != ErrorCode::internal) return manifest.error();
    add_damage(std::string(manifest_name), 0, manifest.error().detail, false);
    return std::move(survey_);
  }
  const auto identity = files_.identity(directory_);
  survey_.is_copy = identity && *identity != 0 && *identity != manifest->directory;
  if (auto done = read_checkpoint(manifest->checkpoint); !done) return done.error();
  for (const SegmentInfo& segment : manifest->segments) {
    if (auto done = read_segment(*manifest, segment); !done) return done.error();
  }
  return std::move(survey_);
}

}  // namespace

Result<JournalSurvey> survey_journal(FileSystem& files, const std::string& directory,
                                     const SurveyVisit& visit) {
  // Whoever writes meanwhile may have overtaken the reading: damage is believed if it stays.
  constexpr int attempts = 3;
  for (int attempt = 1;; ++attempt) {
    auto survey = Surveyor(files, directory, visit).run();
    if (!survey || survey->damages.empty() || visit || attempt == attempts) return survey;
  }
}

}  // namespace syncline
