// Compressing closed segments.

#include <algorithm>
#include <zstd.h>

#include "journal/file_journal_impl.hpp"
#include "journal/segment_reader.hpp"

namespace syncline {

using journal_internal::offset_in_file;

/// Writes the compressed file beside the other, then names it in the manifest, then removes the
/// other. `checkpointing` is held, so the segment stays.
Result<void> FileJournal::Impl::compress(const SegmentInfo& segment) {
  constexpr int level = 3;
  {
    // Before a file is touched that a manifest on the disk may name.
    std::unique_lock lock(mutex);
    const Busy working(*this, lock);
    lock.unlock();
    if (auto settled = settle_manifest(); !settled) return settled;
  }
  SegmentInfo small = segment;
  small.compressed = true;
  auto bytes =
      read_file(files, path_of(segment.name()), offset_in_file(segment.end, segment.start));
  if (!bytes) return bytes.error();
  std::vector<std::uint8_t> packed(ZSTD_compressBound(bytes->size()));
  const std::size_t size =
      ZSTD_compress(packed.data(), packed.size(), bytes->data(), bytes->size(), level);
  if (ZSTD_isError(size) != 0) return Error{ErrorCode::internal, "zstd could not compress"};
  packed.resize(size);
  const std::string path = path_of(small.name());
  if (files.exists(path)) static_cast<void>(files.remove(path));
  auto file = files.open(path, FileMode::create);
  if (!file) return file.error();
  Result<void> done = (*file)->write_at(0, packed);
  if (done) done = (*file)->sync();
  if (done) done = files.sync_directory(options.directory);
  if (!done) return done;

  std::unique_lock lock(mutex);
  const Busy working(*this, lock);
  lock.unlock();
  if (done = settle_manifest(); !done) return done;
  Manifest next = manifest;
  const auto same = std::find_if(next.segments.begin(), next.segments.end(),
                                 [&](const auto& each) { return each.number == segment.number; });
  if (same == next.segments.end()) return {};
  same->compressed = true;
  if (done = replace_manifest(std::move(next)); !done) return done;
  return files.remove(path_of(segment.name()));
}

}  // namespace syncline
