// Making a damaged journal one that opens.

#include <algorithm>
#include <limits>
#include <map>

#include "journal/manifest.hpp"
#include "journal/segment_reader.hpp"
#include "syncline/file_journal.hpp"

namespace syncline {
namespace {

using namespace journal_internal;

constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();
/// No directory's identity: what names it is a copy.
constexpr std::uint64_t no_directory = std::numeric_limits<std::uint64_t>::max();

std::string damaged_name(const std::string& name) { return "damaged-" + name; }

/// The work on one journal.
class Repair {
 public:
  Repair(FileSystem& files, const std::string& directory) : files_(files), directory_(directory) {}

  Result<JournalRepair> run();

 private:
  std::string path_of(const std::string& name) const { return join_path(directory_, name); }
  /// Where a file is: an earlier repair that was cut short may have put it aside already.
  std::string present_path(const std::string& name) const {
    return path_of(files_.exists(path_of(name)) ? name : damaged_name(name));
  }
  Result<void> rebuild_manifest();
  Result<void> check_checkpoint();
  /// The first segment that is not whole, with where its batches end; the number of segments if
  /// there is none.
  Result<std::size_t> find_damage();
  Result<void> cut(std::size_t at);
  Result<void> set_aside(const std::string& name);
  Result<void> keep_prefix(SegmentInfo& segment);

  FileSystem& files_;
  const std::string& directory_;
  Manifest manifest_;
  bool rebuilt_ = false;
  LoadedFile loaded_;
  std::uint64_t whole_end_ = 0;   ///< position behind the last whole batch before the damage
  std::uint64_t whole_hash_ = 0;  ///< of that batch
  bool readable_ = false;         ///< the damaged segment's beginning is in `loaded_`
  Lsn last_lsn_ = 0;
  JournalRepair result_;
};

/// The headers of the segments tell their order; what a manifest adds to that is found by reading.
Result<void> Repair::rebuild_manifest() {
  auto entries = files_.list(directory_);
  if (!entries) return entries.error();
  std::map<std::uint64_t, SegmentInfo> found;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name.starts_with(damaged_name({}))) {
      // Its name must not be needed again.
      const std::string rest = entry.name.substr(damaged_name({}).size());
      const std::uint64_t used = std::strtoull(rest.c_str(), nullptr, 10);
      manifest_.next_number = std::max(manifest_.next_number, used + 1);
    }
    const bool numbered =
        !entry.name.empty() && entry.name.front() >= '0' && entry.name.front() <= '9';
    if (!numbered) continue;
    const bool compressed = entry.name.ends_with(".segment.zst");
    const std::uint64_t number = std::strtoull(entry.name.c_str(), nullptr, 10);
    manifest_.next_number = std::max(manifest_.next_number, number + 1);
    if (entry.name.ends_with(".checkpoint")) {
      return Error{ErrorCode::internal,
                   path_of(std::string(manifest_name)) +
                       " is damaged, and the journal has a checkpoint, which nothing else speaks "
                       "of: it cannot be repaired. Restore a backup"};
    }
    if (!compressed && !entry.name.ends_with(".segment")) continue;
    LoadedFile file;
    const auto loaded = file.load(files_, path_of(entry.name), FileKind::segment, number,
                                  compressed, compressed ? everything : file_header_bytes);
    if (!loaded) continue;
    SegmentInfo segment;
    segment.number = number;
    segment.start = file.header().start;
    segment.compressed = compressed;
    found[number] = segment;
  }
  // Of two that begin at the same place the later one took the place of the other.
  for (const auto& [number, segment] : found) {
    while (!manifest_.segments.empty() && manifest_.segments.back().start >= segment.start) {
      manifest_.segments.pop_back();
    }
    manifest_.segments.push_back(segment);
  }
  if (manifest_.segments.empty() || manifest_.segments.front().start != 0) {
    return Error{ErrorCode::internal, directory_ +
                                          " has no segment that begins the journal: there is "
                                          "nothing to repair. Restore a backup"};
  }
  for (std::size_t i = 0; i + 1 < manifest_.segments.size(); ++i) {
    manifest_.segments[i].end = manifest_.segments[i + 1].start;
  }
  rebuilt_ = true;
  return {};
}

Result<void> Repair::check_checkpoint() {
  const CheckpointInfo& info = manifest_.checkpoint;
  if (info.number == 0) return {};
  const std::string path = path_of(info.name());
  const auto loaded =
      loaded_.load(files_, path, FileKind::checkpoint, info.number, false, info.bytes);
  if (loaded) {
    BatchScanner scanner(loaded_.batches(), 0, 0);
    while (scanner.next()) {
    }
    if (offset_in_file(scanner.position(), 0) == info.bytes && scanner.hash() == info.last_hash) {
      return {};
    }
  }
  return Error{ErrorCode::internal, path +
                                        " is damaged: what came before it is nowhere else, so the "
                                        "journal cannot be repaired. Restore a backup"};
}

Result<std::size_t> Repair::find_damage() {
  for (std::size_t i = 0; i < manifest_.segments.size(); ++i) {
    SegmentInfo& segment = manifest_.segments[i];
    const std::uint64_t hash_before = whole_hash_;
    whole_end_ = segment.start;
    const std::uint64_t bytes =
        segment.closed() ? offset_in_file(segment.end, segment.start) : everything;
    const auto loaded = loaded_.load(files_, present_path(segment.name()), FileKind::segment,
                                     segment.number, segment.compressed, bytes);
    readable_ = loaded.has_value() && loaded_.header().start == segment.start &&
                (i == 0 || loaded_.header().previous_hash == hash_before);
    if (!readable_) {
      if (!loaded && loaded.error().code == ErrorCode::unavailable) return loaded.error();
      return i;
    }
    BatchScanner scanner(loaded_.batches(), segment.start, loaded_.header().previous_hash);
    const Journal::Visit count = [&](const JournalEntry& entry) -> Result<void> {
      ++result_.kept_entries;
      if (entry.kind == JournalEntryKind::change) {
        if (segment.first_lsn == 0) segment.first_lsn = entry.lsn;
        last_lsn_ = segment.last_lsn = entry.lsn;
      }
      return {};
    };
    while (const auto batch = scanner.next()) {
      if (auto visited = visit_entries(batch->entries, count); !visited) return visited.error();
    }
    whole_end_ = scanner.position();
    whole_hash_ = scanner.hash();
    if (rebuilt_) segment.last_hash = whole_hash_;
    const bool torn =
        scanner.position() >= manifest_.verified && scanner.position() >= scanner.synced_by_later();
    const bool whole =
        segment.closed() ? scanner.position() == segment.end && scanner.hash() == segment.last_hash
                         : torn;
    if (!whole) return i;
  }
  return manifest_.segments.size();
}

Result<void> Repair::set_aside(const std::string& name) {
  const std::string present = present_path(name);
  if (!files_.exists(present)) return {};
  if (auto file = files_.open(present, FileMode::read)) {
    if (const auto size = (*file)->size()) result_.lost_bytes += *size;
  }
  result_.set_aside.push_back(damaged_name(name));
  if (present != path_of(name)) return {};
  return files_.rename(path_of(name), path_of(damaged_name(name)));
}

/// Puts the whole file aside and its good beginning into a new one.
Result<void> Repair::keep_prefix(SegmentInfo& segment) {
  const std::uint64_t kept = offset_in_file(whole_end_, segment.start);
  const std::string old_name = segment.name();
  ByteBuffer bytes;
  segment.number = manifest_.next_number++;
  segment.compressed = false;
  encode_file_header({FileKind::segment, segment.number, segment.start,
                      readable_ ? loaded_.header().previous_hash : whole_hash_},
                     bytes);
  if (readable_) {
    const auto batches = loaded_.batches().first(kept - file_header_bytes);
    bytes.insert(bytes.end(), batches.begin(), batches.end());
  }
  const std::string path = path_of(segment.name());
  // What a repair that was cut short left; no manifest names it.
  if (files_.exists(path)) {
    if (auto removed = files_.remove(path); !removed) return removed;
  }
  auto file = files_.open(path, FileMode::create);
  if (!file) return file.error();
  if (auto written = (*file)->write_at(0, {bytes.data(), bytes.size()}); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto aside = set_aside(old_name); !aside) return aside;
  result_.lost_bytes -= std::min(result_.lost_bytes, kept);
  return {};
}

Result<void> Repair::cut(std::size_t at) {
  std::vector<std::string> later;
  for (std::size_t i = at + 1; i < manifest_.segments.size(); ++i) {
    later.push_back(manifest_.segments[i].name());
  }
  manifest_.segments.resize(at + 1);
  SegmentInfo& last = manifest_.segments.back();
  if (auto kept = keep_prefix(last); !kept) return kept;
  last.end = 0;
  last.last_hash = 0;
  for (const std::string& name : later) {
    if (auto aside = set_aside(name); !aside) return aside;
  }
  return files_.sync_directory(directory_);
}

Result<JournalRepair> Repair::run() {
  auto manifest = read_manifest(files_, directory_);
  if (manifest) {
    manifest_ = std::move(*manifest);
  } else if (manifest.error().code == ErrorCode::internal ||
             manifest.error().code == ErrorCode::not_found) {
    if (auto rebuilt = rebuild_manifest(); !rebuilt) return rebuilt.error();
  } else {
    return manifest.error();
  }
  if (auto checked = check_checkpoint(); !checked) return checked.error();
  auto damaged = find_damage();
  if (!damaged) return damaged.error();
  if (*damaged == manifest_.segments.size() && !rebuilt_) return std::move(result_);
  if (*damaged < manifest_.segments.size()) {
    if (auto done = cut(*damaged); !done) return done.error();
  }
  manifest_.directory = no_directory;
  manifest_.verified = whole_end_;
  manifest_.closed_cleanly = false;
  if (auto written = write_manifest(files_, directory_, manifest_); !written) {
    return written.error();
  }
  return std::move(result_);
}

}  // namespace

Result<JournalRepair> repair_journal(FileSystem& files, const std::string& directory) {
  auto locked = files.lock(join_path(directory, lock_name));
  if (!locked) return locked.error();
  return Repair(files, directory).run();
}

}  // namespace syncline
