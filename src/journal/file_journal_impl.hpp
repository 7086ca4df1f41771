// The inside of a file journal, shared by the files of this folder.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "journal/format.hpp"
#include "journal/manifest.hpp"
#include "syncline/file_journal.hpp"

namespace syncline {

namespace journal_internal {
class LoadedFile;
class BatchScanner;
}  // namespace journal_internal

using journal_internal::Manifest;
using journal_internal::SegmentInfo;

/// Batches that follow one another, as they will stand in a segment.
struct BatchBuffer {
  using Chunk = journal_internal::ByteBuffer;
  static constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

  std::vector<Chunk> chunks;        ///< no batch is cut; a long one makes a chunk of its own
  std::uint64_t start = 0;          ///< position of the first batch
  std::uint64_t end = 0;            ///< position behind the last one
  std::uint64_t previous_hash = 0;  ///< of the batch before the first
  Lsn first_lsn = 0;                ///< of the changes in it; 0: there are none
  Lsn last_lsn = 0;

  bool empty() const noexcept { return start == end; }
  std::uint64_t size() const noexcept { return end - start; }
  /// A chunk with room for `bytes` more. `spare` has memory that was used before.
  Chunk& room_for(std::size_t bytes, std::vector<Chunk>& spare);
  /// Takes over what `next`, which follows it, has; `next` is empty afterwards.
  void take(BatchBuffer& next);
  /// Empty from `end` on; the memory goes to `spare`.
  void clear(std::uint64_t hash, std::vector<Chunk>& spare);
};

/// Appending lays batches into `pending`. Whoever needs them durable becomes the one that works on
/// the files (`busy`): it takes `pending` over into `taken`, lets the mutex go, writes and syncs,
/// and takes the mutex again. Meanwhile others append, and wait for it. What was taken stays until
/// it is durable: after a failed sync nobody knows what the disk has, so all of it is written once
/// more, into a new segment.
struct FileJournal::Impl {
  explicit Impl(Options given);
  ~Impl();

  // Opening and closing (file_journal.cpp).
  Result<void> open();
  Result<void> begin_new();
  Result<void> remove_strangers();
  void start_flushing();
  void close();

  // Reading (replay.cpp).
  Result<void> replay(const Visit& visit);
  Result<void> replay_checkpoint(const Visit& visit);
  Result<void> replay_segment(SegmentInfo& segment, journal_internal::LoadedFile& file,
                              const Visit& visit);
  Result<void> check_end(const SegmentInfo& segment, const journal_internal::BatchScanner& scanner);
  Result<void> open_tail(const journal_internal::BatchScanner& scanner);
  /// Writes the last segment's bytes between two positions once more as they are.
  Result<void> write_again(std::uint64_t from, std::uint64_t end);

  // Appending (append.cpp).
  Result<JournalPosition> append(std::span<const JournalEntry> batch);
  Result<void> make_room(std::unique_lock<std::mutex>& lock, std::uint64_t bytes);
  void note(const JournalEntry& entry);

  // Writing (write.cpp). The caller has the lock, and nobody is busy.
  /// Writes and, unless nothing is ever synced, syncs everything that was appended.
  Result<void> drain(std::unique_lock<std::mutex>& lock);
  Result<void> wait_durable(JournalPosition position);
  Result<void> flush();
  void flush_in_background();
  void give_back();
  /// Gives others a moment to append to the group that is about to be written.
  void gather(std::unique_lock<std::mutex>& lock);
  /// Of the group that was written all, of the next one somebody who writes it.
  void wake_groups();

  // Working on files (segments.cpp). The caller is busy and does not hold the mutex.
  Result<void> write_out(const BatchBuffer& batches, bool after_failure);
  std::uint64_t segment_limit(std::uint64_t end) const;
  Result<void> start_segment(const BatchBuffer& batches);
  Result<std::unique_ptr<File>> create_file(const std::string& name,
                                            const journal_internal::FileHeader& header,
                                            std::uint64_t reserve_bytes);
  Result<void> replace_manifest(Manifest next);
  Result<void> sync_unsynced(std::uint64_t end);
  Result<void> settle_manifest();
  Result<void> mark_in_use();
  void reserve_ahead(const BatchBuffer& batches);

  // Checkpoints (checkpoint.cpp).
  Result<void> checkpoint(Lsn first_kept, const std::function<Result<void>(const Visit&)>& write);
  Result<journal_internal::CheckpointInfo> write_checkpoint(
      Lsn first_kept, const std::function<Result<void>(const Visit&)>& write);
  Result<void> install(const journal_internal::CheckpointInfo& info, Lsn first_kept);
  std::uint64_t take_number();
  void remove_files_not_in(const Manifest& manifest);
  void compress_closed_segments();
  Result<void> compress(const SegmentInfo& segment);

  std::string path_of(std::string_view name) const { return join_path(options.directory, name); }
  bool syncs() const noexcept { return options.durability != Durability::none; }

  /// Makes its holder the one that works on the files.
  class Busy;

  const Options options;
  FileSystem& files;
  std::unique_ptr<FileLock> directory_lock;
  std::shared_ptr<JournalFlusher> flusher;
  std::mutex checkpointing;  ///< one at a time; taken before `mutex`

  mutable std::mutex mutex;
  std::condition_variable changed;
  bool busy = false;
  bool replayed = false;
  BatchBuffer taken;
  BatchBuffer pending;
  std::vector<BatchBuffer::Chunk> spare;
  std::uint64_t last_hash = 0;     ///< of the last batch that was appended
  std::uint64_t durable = 0;       ///< position; with `none`, handed to the system
  std::uint64_t synced_end = 0;    ///< position that is durable even with `none`
  std::uint64_t reserved_end = 0;  ///< the position up to which the segment has room
  std::uint64_t reserve_step = 0;
  std::uint64_t idle_position = 0;  ///< `durable` when the flusher looked last
  Lsn appended_lsn = 0;
  std::atomic<Lsn> durable_lsn{0};
  std::uint64_t log_number = 0;      ///< grows when LSNs begin anew
  std::optional<Error> failure;      ///< of the last attempt to write
  std::atomic<bool> failing{false};  ///< there is one; to be asked without the mutex
  std::uint64_t failures = 0;
  bool adopt = false;  ///< the replica has taken a new id: this directory is no copy any more
  JournalOpening opening;
  std::function<void()> callback;
  Lsn told_lsn = 0;      ///< the durable LSN when the callback was called last
  unsigned calling = 0;  ///< callbacks under way

  // Group commit. Those whose batches are written together are a group; the number of a group
  // picks the condition variable that it waits on.
  std::uint64_t pending_group = 1;
  std::size_t pending_waiters = 0;
  std::size_t last_group_waiters = 0;
  std::uint64_t last_write_us = 0;
  std::array<std::condition_variable, 2> group_done;
  bool gathering = false;  ///< somebody is about to write, and gives others a moment to come along
  std::condition_variable arrived;

  // Of who is busy.
  Manifest manifest;
  bool manifest_unsettled = false;  ///< its last replacement failed: either may be on the disk
  bool sync_failed = false;         ///< the last sync, where nothing is ever synced otherwise
  std::unique_ptr<File> active;
  std::uint64_t active_reserved = 0;  ///< size of the active file
  std::atomic<bool> copy{false};

  std::unique_ptr<JournalFlusher::Registration> registration;  ///< last: ended first
};

/// Waits until nobody is busy and then is, until it is destroyed. Holds the mutex outside.
class FileJournal::Impl::Busy {
 public:
  Busy(Impl& impl, std::unique_lock<std::mutex>& lock) : impl_(impl), lock_(lock) {
    impl_.changed.wait(lock_, [&] { return !impl_.busy; });
    impl_.busy = true;
  }
  ~Busy() {
    if (!lock_.owns_lock()) lock_.lock();
    impl_.busy = false;
    impl_.changed.notify_all();
    impl_.wake_groups();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  Impl& impl_;
  std::unique_lock<std::mutex>& lock_;
};

}  // namespace syncline
