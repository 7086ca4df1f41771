// Where a replica keeps what it must not lose.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "syncline/dot.hpp"
#include "syncline/error.hpp"

namespace syncline {

/// What an entry of a journal is. The numbers are stored and frozen.
enum class JournalEntryKind : std::uint8_t {
  identity = 1,  ///< MessagePack [node bin16, log id bin16]: whose the following entries are
  change = 2,    ///< a change record, exactly as the log holds it
  summary = 3,   ///< MessagePack [node bin16, seq, …]: a clock that covers more than the changes
  property = 4,  ///< MessagePack [name str, value bin|nil]; nil takes it away
  renaming = 5,  ///< MessagePack [node bin16, log id bin16]: the replica goes on under these ids
  // Of checkpoints only: see docs/formats/journal.md.
  log_state = 6,  ///< MessagePack: where the log begins and ends, and its clock
  kept = 7,       ///< a change from before the log's beginning that is still needed
  filings = 8,    ///< how the changes of the log were filed, many at a time
  origin = 9,     ///< MessagePack: what is known of one origin
  conflict = 10,  ///< MessagePack: one conflict
};

/// One entry as it is handed to a journal and comes back from it. Does not own `bytes`.
struct JournalEntry {
  JournalEntryKind kind = JournalEntryKind::change;
  Lsn lsn = 0;                       ///< of a change, else 0
  std::uint64_t received_at_us = 0;  ///< of a change: when it arrived here
  bool skewed = false;               ///< of a change: flagged for its time
  std::span<const std::uint8_t> bytes;
};

/// A place in a journal, behind an appended batch. Grows with every batch, also over checkpoints;
/// means something to the journal that gave it only, for as long as that is open.
using JournalPosition = std::uint64_t;

/// Keeps what a replica appends, in order, and gives it back at open. One journal belongs to one
/// replica, which calls `append` under its own lock, in log order; the rest may be called by many
/// threads at once. It knows nothing of files: a replicated log can stand behind it as well.
class Journal {
 public:
  using Visit = std::function<Result<void>(const JournalEntry&)>;

  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  virtual ~Journal() = default;

  /// Takes one batch: all of it will be there after a crash, or none, and none without all batches
  /// before it. Returns when the batch is in order behind those, not when it is durable. On an
  /// error nothing was taken, and the replica refuses the write. Errors: `unavailable`.
  virtual Result<JournalPosition> append(std::span<const JournalEntry> batch) = 0;
  /// Waits until what was appended before `position` may be acknowledged: until it is durable, if
  /// the journal promises that for every write. Errors: `unavailable` if it cannot be made so.
  virtual Result<void> wait_durable(JournalPosition position) = 0;
  /// The highest LSN of the present log that survives a crash. What lies above it must not leave
  /// the replica.
  virtual Lsn durable_lsn() const noexcept = 0;
  /// Makes everything durable that was appended. Errors: `unavailable`.
  virtual Result<void> flush() = 0;
  /// Hands every entry to `visit` in the order of appending, those of the last checkpoint first,
  /// and stops at its first error. To be called once, before the first `append`.
  virtual Result<void> replay(const Visit& visit) = 0;

  /// Puts what `write` emits in the place of all entries before the change `first_kept` and,
  /// if `first_kept` is 0, of all entries there are. It is durable when the call returns; on an
  /// error everything is as it was. `first_kept` has to be one that `checkpoint_before` gave.
  /// Appends may go on meanwhile, unless `first_kept` is 0.
  virtual Result<void> checkpoint(Lsn first_kept,
                                  const std::function<Result<void>(const Visit& emit)>& write) = 0;
  /// The greatest LSN not above `lsn` before which the journal can be cut off; 0 if there is none.
  virtual Lsn checkpoint_before(Lsn lsn) const = 0;

  /// Calls `callback` whenever `durable_lsn` has grown without anybody waiting for it, on any
  /// thread and under no lock; with an empty function no more, once it returns.
  virtual void on_durable(std::function<void()> callback) = 0;
  /// True if what was opened is a copy of something that may still be in use elsewhere: then the
  /// replica must not go on under the same id. Stays true until a `renaming` or `identity` is
  /// appended.
  virtual bool is_copy() const noexcept { return false; }
};

/// A journal in memory: what a file would keep, without the file. Gives a replica a second life
/// within the process, and tests a journal to look into. Thread-safe.
class MemoryJournal final : public Journal {
 public:
  MemoryJournal() = default;

  Result<JournalPosition> append(std::span<const JournalEntry> batch) override;
  Result<void> wait_durable(JournalPosition position) override;
  Lsn durable_lsn() const noexcept override;
  Result<void> flush() override { return {}; }
  Result<void> replay(const Visit& visit) override;
  Result<void> checkpoint(Lsn first_kept,
                          const std::function<Result<void>(const Visit&)>& write) override;
  Lsn checkpoint_before(Lsn lsn) const override { return lsn <= durable_lsn() ? lsn : 0; }
  void on_durable(std::function<void()>) override {}  // it always is, before `append` returns

  /// How many entries it holds.
  std::size_t size() const;
  /// Another journal with the same entries, as a copy of the files would be.
  std::shared_ptr<MemoryJournal> copy() const;

 private:
  struct Stored {
    JournalEntryKind kind;
    Lsn lsn;
    std::uint64_t received_at_us;
    bool skewed;
    std::string bytes;
  };
  void store(const JournalEntry& entry, std::vector<Stored>& into);

  mutable std::mutex mutex_;
  std::vector<Stored> entries_;
  Lsn last_lsn_ = 0;
  JournalPosition position_ = 0;
};

}  // namespace syncline
