// Giving back what was appended.

#include <algorithm>
#include <limits>

#include "journal/file_journal_impl.hpp"
#include "journal/segment_reader.hpp"

namespace syncline {

using journal_internal::BatchScanner;
using journal_internal::FileKind;
using journal_internal::LoadedFile;
using journal_internal::offset_in_file;

namespace {

Error damage(const std::string& path, std::uint64_t offset, const std::string& what) {
  return {
      ErrorCode::internal,
      path + ", offset " + std::to_string(offset) + ": " + what +
          ". Nothing was changed. 'syncline repair' on the data directory would keep everything "
          "before this place and put what follows aside; a backup may be the better choice"};
}

Error damage(const Error& error) {
  if (error.code != ErrorCode::internal) return error;
  return {ErrorCode::internal, error.detail + ". Nothing was changed; see 'syncline repair'"};
}

}  // namespace

Result<void> FileJournal::Impl::replay_checkpoint(const Visit& visit) {
  const journal_internal::CheckpointInfo& info = manifest.checkpoint;
  if (info.number == 0) return {};
  const std::string path = path_of(info.name());
  LoadedFile file;
  if (auto loaded = file.load(files, path, FileKind::checkpoint, info.number, false, info.bytes);
      !loaded) {
    return damage(loaded.error());
  }
  opening.bytes += info.bytes;
  BatchScanner scanner(file.batches(), 0, 0);
  while (const auto batch = scanner.next()) {
    const Visit counted = [&](const JournalEntry& entry) {
      ++opening.entries;
      note(entry);
      return visit(entry);
    };
    if (auto visited = journal_internal::visit_entries(batch->entries, counted); !visited)
      return visited;
  }
  const std::uint64_t end = offset_in_file(scanner.position(), 0);
  if (end != info.bytes || scanner.hash() != info.last_hash) {
    return damage(path, end, "the checkpoint is damaged here");
  }
  return {};
}

/// A batch that is not whole is damage if anything shows that it was durable once; else it is what
/// a crash left of a write that nobody was told of.
Result<void> FileJournal::Impl::check_end(const SegmentInfo& segment, const BatchScanner& scanner) {
  const std::string path = path_of(segment.name());
  const std::uint64_t offset = offset_in_file(scanner.position(), segment.start);
  if (segment.closed()) {
    if (scanner.position() == segment.end && scanner.hash() == segment.last_hash) return {};
    return damage(path, offset, "the batch here is damaged");
  }
  const std::uint64_t synced = std::max(manifest.verified, scanner.synced_by_later());
  if (scanner.position() >= synced) return {};
  return damage(path, offset, "the batch here is damaged, and was durable once");
}

Result<void> FileJournal::Impl::replay_segment(SegmentInfo& segment, LoadedFile& file,
                                               const Visit& visit) {
  const std::string path = path_of(segment.name());
  const std::uint64_t bytes = segment.closed() ? offset_in_file(segment.end, segment.start)
                                               : std::numeric_limits<std::uint64_t>::max();
  if (auto loaded =
          file.load(files, path, FileKind::segment, segment.number, segment.compressed, bytes);
      !loaded) {
    return damage(loaded.error());
  }
  const bool first = &segment == &manifest.segments.front();
  if (file.header().start != segment.start ||
      (!first && file.header().previous_hash != last_hash)) {
    return damage(path, 0, "the file does not follow the one before it");
  }
  ++opening.segments;
  BatchScanner scanner(file.batches(), segment.start, file.header().previous_hash);
  const Visit counted = [&](const JournalEntry& entry) {
    ++opening.entries;
    note(entry);
    if (entry.kind == JournalEntryKind::change) {
      if (segment.first_lsn == 0) segment.first_lsn = entry.lsn;
      segment.last_lsn = entry.lsn;
    }
    return visit(entry);
  };
  while (const auto batch = scanner.next()) {
    if (auto visited = journal_internal::visit_entries(batch->entries, counted); !visited)
      return visited;
  }
  if (auto checked = check_end(segment, scanner); !checked) return checked;
  last_hash = scanner.hash();
  opening.bytes += offset_in_file(scanner.position(), segment.start);
  return segment.closed() ? Result<void>() : open_tail(scanner);
}

Result<void> FileJournal::Impl::write_again(std::uint64_t from, std::uint64_t end) {
  constexpr std::uint64_t portion_bytes = std::uint64_t{1} << 20;
  const std::uint64_t start = manifest.segments.back().start;
  journal_internal::ByteBuffer bytes;
  for (std::uint64_t at = std::max(from, start); at < end; at += bytes.size()) {
    bytes.resize(std::min(portion_bytes, end - at));
    const std::uint64_t offset = offset_in_file(at, start);
    const auto read = active->read_at(offset, {bytes.data(), bytes.size()});
    if (!read) return read.error();
    if (*read != bytes.size()) {
      return Error{ErrorCode::unavailable,
                   path_of(manifest.segments.back().name()) + " became shorter meanwhile"};
    }
    if (auto written = active->write_at(offset, {bytes.data(), bytes.size()}); !written)
      return written;
  }
  return {};
}

/// Makes the last segment one that can be written to, from where its batches end.
Result<void> FileJournal::Impl::open_tail(const BatchScanner& scanner) {
  const SegmentInfo& segment = manifest.segments.back();
  const std::string path = path_of(segment.name());
  auto file = files.open(path, FileMode::write);
  if (!file) return file.error();
  active = std::move(*file);
  const std::uint64_t end = scanner.position();
  active_reserved = offset_in_file(end, segment.start);
  opening.torn_bytes = scanner.bytes_left();
  if (opening.torn_bytes != 0) opening.torn_file = segment.name();
  if (!scanner.rest().empty()) {
    if (auto cut = active->truncate(active_reserved); !cut) return cut;
  }
  opening.closed_cleanly = manifest.closed_cleanly;
  if (!manifest.closed_cleanly) {
    // What the process before wrote and did not sync may be in the system's memory only. After a
    // failed sync that takes it for written already, so only what is written again gets to disk.
    const std::uint64_t known = std::max(manifest.verified, scanner.synced());
    if (auto written = write_again(known, end); !written) return written;
    if (auto synced = active->sync(); !synced) return synced;
    Manifest next = manifest;
    next.verified = end;
    if (auto replaced = replace_manifest(std::move(next)); !replaced) return replaced;
  }
  return {};
}

Result<void> FileJournal::Impl::replay(const Visit& visit) {
  std::unique_lock lock(mutex);
  if (replayed) return Error{ErrorCode::internal, "a journal is replayed once"};
  pending.first_lsn = 0;
  if (auto done = replay_checkpoint(visit); !done) return done;
  LoadedFile file;
  std::uint64_t position = manifest.segments.front().start;
  // By index: opening the last one may replace the manifest.
  for (std::size_t i = 0; i < manifest.segments.size(); ++i) {
    SegmentInfo& segment = manifest.segments[i];
    if (segment.start != position) {
      return damage(path_of(segment.name()), 0, "the segment before it is missing");
    }
    position = segment.end;
    if (auto done = replay_segment(segment, file, visit); !done) return done;
  }
  const SegmentInfo& tail = manifest.segments.back();
  durable = tail.start + (active_reserved - journal_internal::file_header_bytes);
  taken = BatchBuffer{{}, durable, durable, last_hash, 0, 0};
  pending = taken;
  synced_end = durable;
  reserved_end = durable;
  durable_lsn = appended_lsn;
  told_lsn = appended_lsn;
  adopt = false;
  replayed = true;
  lock.unlock();
  start_flushing();
  return {};
}

}  // namespace syncline
