// Segment files and the manifest that names them.

#include <algorithm>
#include <utility>

#include "changelog/mutation.hpp"
#include "journal/file_journal_impl.hpp"
#include "journal/segment_reader.hpp"

namespace syncline {

using journal_internal::file_header_bytes;
using journal_internal::FileHeader;
using journal_internal::FileKind;
using journal_internal::offset_in_file;

/// If a replacement fails, nobody knows which of the two the disk has: nothing more may be
/// acknowledged before the present one was written successfully.
Result<void> FileJournal::Impl::replace_manifest(Manifest next) {
  if (auto written = write_manifest(files, options.directory, next); !written) {
    manifest_unsettled = true;
    return written;
  }
  manifest = std::move(next);
  manifest_unsettled = false;
  return {};
}

/// Where nothing is ever synced otherwise: what a manifest says of a segment has to be true after a
/// power cut as well, or the journal would pass for a damaged one.
Result<void> FileJournal::Impl::sync_unsynced(std::uint64_t end) {
  if (syncs()) return {};
  // What a failed sync left passes for written, and is, once it was written again.
  if (sync_failed) {
    if (auto written = write_again(manifest.verified, end); !written) return written;
  }
  const auto synced = active->sync();
  sync_failed = !synced;
  return synced;
}

Result<void> FileJournal::Impl::settle_manifest() {
  return manifest_unsettled ? replace_manifest(manifest) : Result<void>();
}

Result<void> FileJournal::Impl::mark_in_use() {
  if (!manifest.closed_cleanly) return {};
  Manifest next = manifest;
  next.closed_cleanly = false;
  return replace_manifest(std::move(next));
}

Result<std::unique_ptr<File>> FileJournal::Impl::create_file(const std::string& name,
                                                             const FileHeader& header,
                                                             std::uint64_t reserve_bytes) {
  auto file = files.open(path_of(name), FileMode::create);
  if (!file) return file.error();
  journal_internal::ByteBuffer bytes;
  encode_file_header(header, bytes);
  Result<void> done = (*file)->reserve(std::max<std::uint64_t>(reserve_bytes, bytes.size()));
  if (done) done = (*file)->write_at(0, {bytes.data(), bytes.size()});
  if (done) done = (*file)->sync();
  if (done) done = files.sync_directory(options.directory);
  if (!done) {
    // No manifest names it, and its room is needed where there is none. Else the next opening
    // removes it.
    static_cast<void>(files.remove(path_of(name)));
    return done.error();
  }
  return file;
}

/// Closes the segment that is being written before `batches` and goes on in a new one. On an error
/// the old one stays, which is of use only if nothing was written to it in vain.
Result<void> FileJournal::Impl::start_segment(const BatchBuffer& batches) {
  if (auto closed = sync_unsynced(batches.start); !closed) return closed;
  Manifest next = manifest;
  SegmentInfo& old = next.segments.back();
  const bool empty = old.start == batches.start;
  old.end = batches.start;
  old.last_hash = batches.previous_hash;
  SegmentInfo fresh;
  // The number is used up, whatever comes of it: a file of that name may be there from now on.
  fresh.number = next.next_number++;
  manifest.next_number = next.next_number;
  fresh.start = batches.start;
  std::uint64_t room = 0;
  {
    const std::lock_guard lock(mutex);
    // Nobody extends the room while this is busy, so what is appended meanwhile fits as well.
    room = std::max(reserved_end, batches.end) - batches.start + reserve_step + 2 * batches.size();
  }
  auto file = create_file(fresh.name(),
                          {FileKind::segment, fresh.number, batches.start, batches.previous_hash},
                          file_header_bytes + room);
  if (!file) return file.error();
  const std::string old_name = old.name();
  const std::uint64_t old_bytes = offset_in_file(old.end, old.start);
  if (empty) {
    next.segments.back() = fresh;
  } else {
    next.segments.push_back(fresh);
  }
  next.verified = batches.start;
  if (auto replaced = replace_manifest(std::move(next)); !replaced) {
    // It may be the one that the disk has, but nothing is in it, and nobody needs its room.
    static_cast<void>((*file)->truncate(file_header_bytes));
    return replaced;
  }
  // Gives back the room that was not needed. If that fails, it is only a longer file.
  static_cast<void>(active->truncate(old_bytes));
  active = std::move(*file);
  active_reserved = file_header_bytes + room;
  if (empty) static_cast<void>(files.remove(path_of(old_name)));
  return {};
}

/// Takes room for some more writes of this size, so that neither these nor the appends meanwhile
/// have to ask for it.
void FileJournal::Impl::reserve_ahead(const BatchBuffer& batches) {
  constexpr std::uint64_t writes = 16;
  const std::uint64_t start = manifest.segments.back().start;
  std::uint64_t end = 0;
  {
    const std::lock_guard lock(mutex);
    end = pending.end;
  }
  const std::uint64_t step =
      std::clamp(writes * std::max(batches.size(), end - batches.end), reserve_step,
                 std::max(reserve_step, options.segment_bytes));
  if (active_reserved >= offset_in_file(end, start) + step / 2) return;
  const std::uint64_t size = offset_in_file(end, start) + step;
  // Without room the next append asks again, and tells.
  if (!active->reserve(size)) return;
  active_reserved = size;
  const std::lock_guard lock(mutex);
  reserved_end = start + (size - file_header_bytes);
}

/// A journal is cut off by whole segments, so those of a small one are small.
std::uint64_t FileJournal::Impl::segment_limit(std::uint64_t end) const {
  constexpr std::uint64_t least = std::uint64_t{1} << 20;
  constexpr std::uint64_t parts = 8;
  const std::uint64_t journal_bytes = end - manifest.segments.front().start;
  return std::min(options.segment_bytes, std::max(least, journal_bytes / parts));
}

Result<void> FileJournal::Impl::write_out(const BatchBuffer& batches, bool after_failure) {
  if (auto settled = settle_manifest(); !settled) return settled;
  if (auto marked = mark_in_use(); !marked) return marked;
  const std::uint64_t start = manifest.segments.back().start;
  const bool full = offset_in_file(batches.start, start) >= segment_limit(batches.start);
  if (after_failure || full) {
    const auto started = start_segment(batches);
    // A segment that has grown too long is no reason to refuse what fits into it.
    if (!started && (after_failure || manifest_unsettled)) return started;
  }
  SegmentInfo& segment = manifest.segments.back();
  std::uint64_t offset = offset_in_file(batches.start, segment.start);
  reserve_ahead(batches);
  for (const BatchBuffer::Chunk& chunk : batches.chunks) {
    if (auto written = active->write_at(offset, {chunk.data(), chunk.size()}); !written)
      return written;
    offset += chunk.size();
  }
  active_reserved = std::max(active_reserved, offset);
  if (syncs() && !mutated(Mutation::write_unsynced)) {
    if (auto synced = active->sync(); !synced) return synced;
  }
  if (segment.first_lsn == 0) segment.first_lsn = batches.first_lsn;
  if (batches.last_lsn != 0) segment.last_lsn = batches.last_lsn;
  return {};
}

}  // namespace syncline
