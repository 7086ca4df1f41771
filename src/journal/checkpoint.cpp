// Checkpoints: what takes the place of the entries before it.

#include <algorithm>
#include <set>

#include "changelog/mutation.hpp"
#include "journal/file_journal_impl.hpp"
#include "journal/segment_reader.hpp"

namespace syncline {

using journal_internal::CheckpointInfo;
using journal_internal::file_header_bytes;
using journal_internal::FileKind;

namespace {

/// Lays entries into a file, some at a time.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Result<void> add(const JournalEntry& entry) {
    constexpr std::size_t portion_bytes = std::size_t{1} << 20;
    const std::uint64_t position = written_ + buffer_.size();
    hash_ = journal_internal::encode_batch(std::span(&entry, 1), position, 0, hash_, buffer_);
    return buffer_.size() < portion_bytes ? Result<void>() : write();
  }
  Result<void> finish() {
    if (auto done = write(); !done) return done;
    if (mutated(Mutation::checkpoint_unsynced)) return {};
    return file_->sync();
  }
  std::uint64_t bytes() const noexcept { return file_header_bytes + written_; }
  std::uint64_t hash() const noexcept { return hash_; }

 private:
  Result<void> write() {
    if (auto done = file_->write_at(bytes(), {buffer_.data(), buffer_.size()}); !done) return done;
    written_ += buffer_.size();
    buffer_.clear();
    return {};
  }

  std::unique_ptr<File> file_;
  journal_internal::ByteBuffer buffer_;
  std::uint64_t written_ = 0;
  std::uint64_t hash_ = 0;
};

}  // namespace

std::uint64_t FileJournal::Impl::take_number() {
  std::unique_lock lock(mutex);
  const Busy working(*this, lock);
  return manifest.next_number++;
}

Result<CheckpointInfo> FileJournal::Impl::write_checkpoint(
    Lsn first_kept, const std::function<Result<void>(const Visit&)>& write) {
  CheckpointInfo info;
  info.number = take_number();
  info.first_lsn = first_kept;
  auto file = create_file(info.name(), {FileKind::checkpoint, info.number, 0, 0}, 0);
  if (!file) return file.error();
  CheckpointWriter writer(std::move(*file));
  const Visit emit = [&](const JournalEntry& entry) {
    if (entry.kind == JournalEntryKind::change) {
      if (info.first_lsn == 0) info.first_lsn = entry.lsn;
      info.last_lsn = entry.lsn;
    }
    return writer.add(entry);
  };
  Result<void> done = write(emit);
  if (done) done = writer.finish();
  if (!done) {
    static_cast<void>(files.remove(path_of(info.name())));  // else the next opening does
    return done.error();
  }
  info.bytes = writer.bytes();
  info.last_hash = writer.hash();
  return info;
}

/// Puts the checkpoint in force. The caller is busy.
Result<void> FileJournal::Impl::install(const CheckpointInfo& info, Lsn first_kept) {
  if (auto closed = sync_unsynced(taken.start); !closed) return closed;
  Manifest next = manifest;
  next.checkpoint = info;
  std::unique_ptr<File> fresh_file;
  if (first_kept == 0) {
    SegmentInfo fresh;
    fresh.number = next.next_number++;
    manifest.next_number = next.next_number;
    fresh.start = taken.start;
    auto file = create_file(fresh.name(),
                            {FileKind::segment, fresh.number, fresh.start, taken.previous_hash}, 0);
    if (!file) return file.error();
    fresh_file = std::move(*file);
    next.segments.assign(1, fresh);
  } else {
    const auto kept =
        std::find_if(next.segments.begin(), next.segments.end(),
                     [&](const SegmentInfo& segment) { return segment.first_lsn == first_kept; });
    if (kept == next.segments.end()) {
      return Error{ErrorCode::internal, "no segment begins with LSN " + std::to_string(first_kept)};
    }
    next.segments.erase(next.segments.begin(), kept);
  }
  next.verified = taken.start;
  const Manifest before = manifest;
  if (auto replaced = replace_manifest(std::move(next)); !replaced) return replaced;
  if (fresh_file != nullptr) {
    active = std::move(fresh_file);
    active_reserved = file_header_bytes;
  }
  remove_files_not_in(before);
  return {};
}

/// Removes the files that `before` named and the present manifest does not. What cannot be removed
/// now goes when the journal is opened next.
void FileJournal::Impl::remove_files_not_in(const Manifest& before) {
  std::set<std::string> named;
  for (const SegmentInfo& segment : manifest.segments) named.insert(segment.name());
  named.insert(manifest.checkpoint.name());
  for (const SegmentInfo& segment : before.segments) {
    if (!named.contains(segment.name())) static_cast<void>(files.remove(path_of(segment.name())));
  }
  if (before.checkpoint.number != 0 && !named.contains(before.checkpoint.name())) {
    static_cast<void>(files.remove(path_of(before.checkpoint.name())));
  }
}

Result<void> FileJournal::Impl::checkpoint(Lsn first_kept,
                                           const std::function<Result<void>(const Visit&)>& write) {
  const std::lock_guard one_at_a_time(checkpointing);
  auto info = write_checkpoint(first_kept, write);
  if (!info) return info.error();
  std::unique_lock lock(mutex);
  changed.wait(lock, [this] { return !busy; });
  // The changes that the checkpoint speaks of have to be there when it is.
  Result<void> done = drain(lock);
  bool may_be_named = false;
  if (done) {
    const Busy working(*this, lock);
    lock.unlock();
    done = settle_manifest();
    if (done) done = install(*info, first_kept);
    lock.lock();
    if (done) {
      reserved_end = manifest.segments.back().start + (active_reserved - file_header_bytes);
      if (first_kept == 0) {
        appended_lsn = info->last_lsn;
        durable_lsn = appended_lsn;
        ++log_number;
      }
      return {};
    }
    may_be_named = manifest_unsettled;
  }
  lock.unlock();
  // If it is not known which manifest the disk has, the file may be needed.
  if (!may_be_named) static_cast<void>(files.remove(path_of(info->name())));
  return done;
}

void FileJournal::Impl::compress_closed_segments() {
  const std::lock_guard one_at_a_time(checkpointing);
  while (true) {
    std::optional<SegmentInfo> next;
    {
      std::unique_lock lock(mutex);
      const Busy looking(*this, lock);
      for (const SegmentInfo& segment : manifest.segments) {
        if (segment.closed() && !segment.compressed) next = segment;
      }
    }
    // Not being able to only means that the segment stays as large as it is.
    if (!next || !compress(*next)) return;
  }
}

}  // namespace syncline
