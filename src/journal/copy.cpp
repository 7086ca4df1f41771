// Copying a journal that may be in use.

#include <algorithm>
#include <limits>

#include "journal/manifest.hpp"
#include "journal/segment_reader.hpp"
#include "syncline/file_journal.hpp"

namespace syncline {
namespace {

using namespace journal_internal;

/// How often the copy begins anew because a file went while it was made.
constexpr int max_attempts = 20;

Result<void> put_file(FileSystem& files, const std::string& path,
                      std::span<const std::uint8_t> bytes) {
  auto file = files.open(path, FileMode::create);
  if (!file) return file.error();
  if (auto written = (*file)->write_at(0, bytes); !written) return written;
  return (*file)->sync();
}

/// The file byte by byte, up to `bytes`.
Result<void> copy_file(FileSystem& files, const std::string& from, const std::string& to,
                       std::uint64_t bytes) {
  constexpr std::uint64_t portion_bytes = std::uint64_t{4} << 20;
  auto source = files.open(from, FileMode::read);
  if (!source) return source.error();
  auto target = files.open(to, FileMode::create);
  if (!target) return target.error();
  std::vector<std::uint8_t> portion(portion_bytes);
  for (std::uint64_t at = 0; at < bytes;) {
    const std::uint64_t wanted = std::min<std::uint64_t>(portion_bytes, bytes - at);
    auto read = (*source)->read_at(at, std::span(portion).first(wanted));
    if (!read) return read.error();
    if (*read == 0) break;
    if (auto put = (*target)->write_at(at, std::span(portion).first(*read)); !put) return put;
    at += *read;
  }
  return (*target)->sync();
}

/// What a reader has found so far may be lost by a power cut, and other changes may then get its
/// numbers. A copy must not know more than the original does.
Result<void> make_durable(FileSystem& files, const std::string& path) {
  auto file = files.open(path, FileMode::read);
  return file ? (*file)->sync() : file.error();
}

/// The segment that is being written: its whole batches, as many as there are by now.
Result<std::uint64_t> copy_tail(FileSystem& files, const std::string& from, const std::string& to,
                                const SegmentInfo& segment, std::uint64_t verified) {
  const std::string path = join_path(from, segment.name());
  LoadedFile loaded;
  if (auto done = loaded.load(files, path, FileKind::segment, segment.number, false,
                              std::numeric_limits<std::uint64_t>::max());
      !done) {
    return done.error();
  }
  BatchScanner scanner(loaded.batches(), segment.start, loaded.header().previous_hash);
  while (scanner.next()) {
  }
  if (scanner.position() < std::max(verified, scanner.synced_by_later())) {
    return Error{ErrorCode::internal,
                 path + ", offset " +
                     std::to_string(offset_in_file(scanner.position(), segment.start)) +
                     ": the batch here is damaged, and was durable once; see 'syncline verify'"};
  }
  if (auto synced = make_durable(files, path); !synced) return synced.error();
  const std::uint64_t bytes = offset_in_file(scanner.position(), segment.start);
  const std::span all(loaded.batches().data() - file_header_bytes, bytes);
  if (auto put = put_file(files, join_path(to, segment.name()), all); !put) return put.error();
  return scanner.position();
}

Result<void> copy_once(FileSystem& files, const std::string& from, const std::string& to) {
  auto manifest = read_manifest(files, from);
  if (!manifest) return manifest.error();
  if (auto made = files.create_directories(to); !made) return made;
  const CheckpointInfo& checkpoint = manifest->checkpoint;
  if (checkpoint.number != 0) {
    const auto done = copy_file(files, join_path(from, checkpoint.name()),
                                join_path(to, checkpoint.name()), checkpoint.bytes);
    if (!done) return done;
  }
  for (const SegmentInfo& segment : manifest->segments) {
    if (!segment.closed()) break;
    const std::uint64_t bytes = segment.compressed ? std::numeric_limits<std::uint64_t>::max()
                                                   : offset_in_file(segment.end, segment.start);
    const auto done =
        copy_file(files, join_path(from, segment.name()), join_path(to, segment.name()), bytes);
    if (!done) return done;
  }
  auto end = copy_tail(files, from, to, manifest->segments.back(), manifest->verified);
  if (!end) return end.error();
  // It names the directory that it was written in, so that the copy is known to be one.
  manifest->verified = *end;
  manifest->closed_cleanly = true;
  return write_manifest(files, to, *manifest);
}

}  // namespace

Result<void> copy_journal(FileSystem& files, const std::string& directory,
                          const std::string& target) {
  if (files.exists(target)) {
    return Error{ErrorCode::bad_request, target + " is there already; name one that is not"};
  }
  for (int attempt = 1;; ++attempt) {
    auto done = copy_once(files, directory, target);
    if (done) return done;
    if (files.exists(target)) static_cast<void>(files.remove_all(target));
    const bool went = done.error().code == ErrorCode::not_found &&
                      files.exists(join_path(directory, manifest_name));
    // What was written while it was read can look damaged, but not twice in the same place.
    const bool in_doubt = done.error().code == ErrorCode::internal && attempt < 3;
    if ((!went && !in_doubt) || attempt == max_attempts) return done;
  }
}

}  // namespace syncline
