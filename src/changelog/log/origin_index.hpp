// From dots to LSNs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "syncline/dot.hpp"
#include "syncline/vector_clock.hpp"

namespace syncline::log_internal {

/// Finds changes by dot. In a log the changes of one origin stand in the order of their seqs, and
/// mostly side by side: so it keeps runs, in which seq and LSN grow together, and an append that
/// goes on with a run costs no memory. Of the changes from before the log's beginning it knows how
/// far they went, and where those are that were kept. One writer; readers may run beside it.
class OriginIndex {
 public:
  OriginIndex() = default;
  /// Requires that nobody uses `other` at the time.
  OriginIndex(OriginIndex&& other) noexcept
      : origins_(std::move(other.origins_)), first_(other.first_) {}

  /// Notes that the change `seq` of `origin` has the LSN `lsn`. Seqs of an origin have to grow.
  void add(const NodeId& origin, Sequence seq, Lsn lsn);
  /// Says that the log begins at `first`, and which changes came before that. To be called when
  /// nothing was added but kept changes from before `first`.
  void begin_at(Lsn first, const VectorClock& before);
  /// Adds what `other` knows of the changes from `first` on, and of what is not to come; this one
  /// has to end before them.
  void add_from(const OriginIndex& other, Lsn first);
  /// Says that of `origin` no change up to `seq` will be added any more: those that are not here
  /// were left out when the log was laid, and their absence is as durable as the log.
  void cover(const NodeId& origin, Sequence seq);
  /// Takes over what `other` was told by `cover`.
  void cover_as(const OriginIndex& other);

  /// Where the change would be if it is here; the caller looks whether it is. 0: it is not.
  Lsn candidate(const Dot& dot) const;
  /// The least LSN of a change of `origin` with a seq above `seq`; 0 if there is none. If that
  /// change is from before the log's beginning, it may be any LSN before it.
  Lsn first_after(const NodeId& origin, Sequence seq) const;
  /// The highest seq of each origin of which nothing up to it comes behind `lsn`: that of its last
  /// change there, or of one left out behind that. Requires an LSN that is not before the one that
  /// the log's first change follows.
  VectorClock clock_at(Lsn lsn) const;
  std::size_t memory_bytes() const;

 private:
  struct Run {
    Sequence first_seq;
    Lsn first_lsn;
  };
  struct Origin {
    std::atomic<Sequence> last_seq{0};  // the writer's; readers cap it by what they can see
    Sequence before_first = 0;          // the highest seq from before the log's beginning
    Sequence covered = 0;               // up to here nothing more is added
    std::vector<Run> runs;              // guarded by mutex_
    std::vector<Sequence> ends;         // last seq of each run but the newest; guarded by mutex_
    Lsn next_lsn = 0;                   // the writer's: the LSN that would go on with the run
  };

  static Sequence end_of(const Origin& origin, std::size_t run);
  static std::size_t runs_up_to(const Origin& origin, Lsn lsn);
  Origin& origin_of(const NodeId& origin);
  static void add_run(Origin& origin, const Run& run);

  mutable std::mutex mutex_;
  boost::unordered_flat_map<NodeId, std::unique_ptr<Origin>, NodeIdHash> origins_;
  Lsn first_ = 1;
  NodeId last_origin_id_;  // the writer's shortcut
  Origin* last_origin_ = nullptr;
};

}  // namespace syncline::log_internal
