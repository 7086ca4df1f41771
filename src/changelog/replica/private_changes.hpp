// Which of a replica's own changes nobody else can have yet.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "syncline/dot.hpp"

namespace syncline {

/// Own changes are private until they are first sent, and again if the only log that they were ever
/// sent to refused them for good. They lie behind all that are not: sending goes by seq. Which log
/// got how far is kept for the one that got farthest; what any other has is never private again.
/// Thread-safe. Nothing of it is kept on disk: after a restart nothing is private.
class PrivateChanges {
 public:
  /// Everything up to `last` may be anywhere.
  void begin(Sequence last);
  /// True if `up_to` was noted as sent to more than one log before: `mark_sent` would change
  /// nothing. Cheap.
  bool is_out(Sequence up_to) const noexcept {
    return up_to <= shared_.load(std::memory_order_acquire);
  }
  /// Notes that everything up to `up_to` is about to go to `log`; an empty name is one that is
  /// never the same as any. True if some of it was private until now.
  bool mark_sent(Sequence up_to, std::string_view log);
  /// `log` refused the own change `seq`, and with it all later ones, and will always do so.
  void refused(Sequence seq, std::string_view log);
  /// The first private one; there need not be any.
  Sequence first() const;

 private:
  std::atomic<Sequence> shared_{0};  ///< up to here more than one log may have them
  mutable std::mutex mutex_;         ///< guards what follows, and writing `shared_`
  Sequence sent_ = 0;                ///< up to here `log_` may have them, and nobody else
  std::string log_;
};

}  // namespace syncline
