// The journal on disk: segment files, checkpoints and a manifest in one directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/file_system.hpp"
#include "syncline/journal.hpp"

namespace syncline {

/// When a write counts as safe.
enum class Durability : std::uint8_t {
  /// Handed to the operating system now and then; synced only when a segment or the journal is
  /// closed. What was acknowledged may be lost with the power, and leave this node before that.
  none,
  /// Synced at an interval: a write is acknowledged at once and may be lost with the power, but it
  /// does not leave this node before it is safe.
  interval,
  /// Acknowledged after fdatasync. Those who wait at the same time share one.
  commit,
};

std::string_view to_string(Durability durability) noexcept;
/// Errors: `bad_request`, naming the three.
Result<Durability> durability_from_string(std::string_view name);

/// Calls work at intervals: what flushes journals that are not synced by those who write.
/// Thread-safe, unless it says otherwise.
class JournalFlusher {
 public:
  /// Work that is called until this is destroyed, which waits for a call under way.
  class Registration {
   public:
    Registration() = default;
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    virtual ~Registration() = default;
    /// Has it called soon, before its time.
    virtual void nudge() = 0;
  };

  JournalFlusher() = default;
  JournalFlusher(const JournalFlusher&) = delete;
  JournalFlusher& operator=(const JournalFlusher&) = delete;
  /// Registrations may outlive it; they do nothing then.
  virtual ~JournalFlusher() = default;

  virtual std::unique_ptr<Registration> every(std::chrono::milliseconds interval,
                                              std::function<void()> work) = 0;
};

/// A thread of its own, one for as much work as there is.
class FlusherThread final : public JournalFlusher {
 public:
  FlusherThread();
  /// Ends the thread.
  ~FlusherThread() override;

  std::unique_ptr<Registration> every(std::chrono::milliseconds interval,
                                      std::function<void()> work) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// What opening a journal found and did.
struct JournalOpening {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;     ///< of segments and checkpoint, as they lie on the disk
  std::uint64_t segments = 0;  ///< that are in use
  /// Bytes behind the last whole batch that were never acknowledged, and were cut off.
  std::uint64_t torn_bytes = 0;
  std::string torn_file;       ///< where; empty if nothing was cut off
  bool closed_cleanly = true;  ///< the process that wrote it last said so
};

/// See docs/formats/journal.md for the bytes. Thread-safe.
class FileJournal final : public Journal {
 public:
  struct Options {
    std::string directory;        ///< is created if it is not there
    FileSystem* files = nullptr;  ///< null: the system's. Has to outlive the journal
    Durability durability = Durability::commit;
    /// Between two syncs with `interval`, between two writes to the system with `none`.
    std::chrono::milliseconds interval{100};
    /// A segment is closed when it has grown beyond this, or beyond an eighth of the journal (but
    /// not below 1 MiB), since logs are trimmed by whole segments. From 64 KiB.
    std::uint64_t segment_bytes = std::uint64_t{64} << 20;
    /// Compress closed segments (zstd), in the flusher's thread.
    bool compress_closed = false;
    /// Flushes with `interval` and `none` (with `commit`: what nobody waits for), and compresses.
    /// Null: one of its own if it needs one.
    std::shared_ptr<JournalFlusher> flusher;
    /// False if who opens it keeps others out in another way.
    bool lock_directory = true;
  };

  /// Opens the journal in a directory, or begins one there. Errors: `unavailable` (the directory
  /// cannot be read or written, or is in use: the detail names the process), `bad_request` (a
  /// format newer than this program's), `internal` (damage: as of `replay`).
  static Result<std::shared_ptr<FileJournal>> open(Options options);
  /// Makes everything durable, notes that it was closed cleanly, gives spare room back.
  ~FileJournal() override;

  Result<JournalPosition> append(std::span<const JournalEntry> batch) override;
  Result<void> wait_durable(JournalPosition position) override;
  Lsn durable_lsn() const noexcept override;
  Result<void> flush() override;
  /// Cuts off a torn tail: what stands behind the last whole batch and was never durable. Errors
  /// besides those of `visit`: `internal` for damage, naming file and offset and what
  /// `repair_journal` would do; nothing was changed.
  Result<void> replay(const Visit& visit) override;
  Result<void> checkpoint(Lsn first_kept,
                          const std::function<Result<void>(const Visit& emit)>& write) override;
  Lsn checkpoint_before(Lsn lsn) const override;
  void on_durable(std::function<void()> callback) override;
  bool is_copy() const noexcept override;

  /// What `open` found. Complete once `replay` has returned.
  JournalOpening opening() const;

  struct Impl;  ///< not for users

 private:
  explicit FileJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// One file of a journal, as `inspect_journal` and `verify_journal` show it.
struct JournalFile {
  std::string name;
  std::string kind;  ///< "segment" or "checkpoint"
  std::uint64_t bytes = 0;
  std::uint64_t batches = 0;
  std::uint64_t entries = 0;
  Lsn first_lsn = 0;  ///< of changes; 0: there is none
  Lsn last_lsn = 0;
  bool compressed = false;
  bool closed = false;
};

/// Damage that reading found.
struct JournalDamage {
  std::string file;
  std::uint64_t offset = 0;  ///< in that file
  std::string what;
  /// True: an unfinished end that the next opening cuts off, no damage to what was acknowledged.
  bool torn_tail = false;
};

/// What reading a whole journal found.
struct JournalSurvey {
  std::vector<JournalFile> files;
  std::vector<JournalDamage> damages;
  std::uint64_t entries = 0;
  std::uint64_t changes = 0;
  bool is_copy = false;
};

/// Reads every byte of a journal, which may be in use, and calls `visit` (if it is not empty) with
/// each entry, the name of its file and the offset of its batch in it. Goes on behind damage where
/// it can. Changes nothing. Errors: as of `FileJournal::open`, except damage, which is in the
/// answer; `unavailable` if files went while it read, to be tried again.
Result<JournalSurvey> survey_journal(
    FileSystem& files, const std::string& directory,
    const std::function<Result<void>(const JournalEntry& entry, const std::string& file,
                                     std::uint64_t offset)>& visit = {});

/// What `repair_journal` did.
struct JournalRepair {
  std::uint64_t kept_entries = 0;
  std::uint64_t lost_bytes = 0;        ///< put aside: from the damage to the end of the journal
  std::vector<std::string> set_aside;  ///< the files they are in now, beside the journal's
};

/// Makes a damaged journal one that opens: keeps everything before the first damage and puts what
/// follows aside, byte by byte, in files named `damaged-…`. The replica is an older copy of itself
/// afterwards, and is marked as one, so it takes a new id. Does nothing to a journal that is whole.
/// Errors: as of `FileJournal::open`.
Result<JournalRepair> repair_journal(FileSystem& files, const std::string& directory);

/// Copies a journal, which may be in use, to `target`, which must not be there yet: a consistent
/// prefix, with everything that was acknowledged when the call began. Errors: as of
/// `FileJournal::open`; `bad_request` if `target` is there.
Result<void> copy_journal(FileSystem& files, const std::string& directory,
                          const std::string& target);

}  // namespace syncline
