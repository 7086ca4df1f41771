// The port through which a replica is kept beyond the life of the process.
#pragma once

#include <cstdint>
#include <functional>
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
  summary =
      3,  ///< MessagePack [node bin16, seq, …]: a clock that covers more than the changes tell
};

/// One entry as it is handed to a journal and comes back from it. Does not own `bytes`.
struct JournalEntry {
  JournalEntryKind kind = JournalEntryKind::change;
  Lsn lsn = 0;                       ///< of a change, else 0
  std::uint64_t received_at_us = 0;  ///< of a change: when it arrived here
  bool skewed = false;               ///< of a change: flagged for its time
  std::span<const std::uint8_t> bytes;
};

/// Keeps what a replica appends, in order, and gives it back at open. One journal belongs to one
/// replica, which calls `append` under its own lock, in log order.
class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  virtual ~Journal() = default;

  /// Takes one batch: all of it will be there after a crash, or none. Returns when the batch is in
  /// order behind the ones before it, not when it is durable. On an error nothing was taken, and
  /// the replica refuses the write.
  virtual Result<void> append(std::span<const JournalEntry> batch) = 0;
  /// The highest LSN that survives a crash. What lies above it must not leave the replica.
  virtual Lsn durable_lsn() const noexcept = 0;
  /// Waits until `lsn` is durable. Errors: `unavailable` if it cannot be made so.
  virtual Result<void> wait_durable(Lsn lsn) = 0;
  /// Hands every entry to `visit` in the order of appending and stops at its first error.
  virtual Result<void> replay(const std::function<Result<void>(const JournalEntry&)>& visit) = 0;
};

/// A journal in memory: what a file would keep, without the file. Gives a replica a second life
/// within the process, and tests a journal to look into. Thread-safe.
class MemoryJournal final : public Journal {
 public:
  Result<void> append(std::span<const JournalEntry> batch) override;
  Lsn durable_lsn() const noexcept override;
  Result<void> wait_durable(Lsn lsn) override;
  Result<void> replay(const std::function<Result<void>(const JournalEntry&)>& visit) override;
  /// How many entries it holds.
  std::size_t size() const;

 private:
  struct Stored {
    JournalEntryKind kind;
    Lsn lsn;
    std::uint64_t received_at_us;
    bool skewed;
    std::string bytes;
  };
  mutable std::mutex mutex_;
  std::vector<Stored> entries_;
  Lsn last_lsn_ = 0;
};

}  // namespace syncline
