// The memory of a log: records in segments, index entries in leaves.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "changelog/codec/front_view.hpp"
#include "changelog/log/index_entry.hpp"
#include "changelog/log/kept_changes.hpp"
#include "changelog/log/origin_index.hpp"
#include "changelog/log/pointer_table.hpp"
#include "changelog/log/segment_memory.hpp"
#include "changelog/log/stable_markers.hpp"
#include "syncline/change_log.hpp"
#include "syncline/record.hpp"

namespace syncline::log_internal {

/// Changes whose summary tells a filtered read whether to look at them at all.
inline constexpr std::size_t block_changes = 128;
/// Index entries that are allocated together.
inline constexpr std::size_t leaf_changes = 4096;
/// Capacity of the first segment and of the largest, in bytes. They double in between, so that a
/// small tenant stays small.
inline constexpr std::size_t first_segment_bytes = std::size_t{64} << 10;
inline constexpr std::size_t largest_segment_bytes = std::size_t{1} << Position::offset_bits;

/// What 128 changes have in common. `tables` and `origins` are sets of hashes (Bloom filters with
/// one function), `operations` is a set of bits. Complete once all its changes are published,
/// unless the log begins in the middle of the block.
struct BlockSummary {
  std::uint64_t running_hash = 0;  ///< before the block's first change
  std::uint64_t tables = 0;
  std::uint64_t origins = 0;
  std::uint8_t operations = 0;
};

/// The bit of a table in `BlockSummary::tables`.
std::uint64_t table_bit(std::string_view table) noexcept;
inline std::uint64_t origin_bit(const NodeId& origin) noexcept {
  return std::uint64_t{1} << (NodeIdHash{}(origin) & 63U);
}

/// A segment under the number that positions call it by.
struct NumberedSegment {
  std::uint64_t number = 0;
  std::shared_ptr<Segment> segment;
};

/// What takes the place of everything before `first` when a log is cut off there.
struct TrimmedPart {
  Lsn first = 1;
  std::uint64_t hash_before = 0;          ///< running hash before `first`
  std::uint64_t dropped_bytes = 0;        ///< of records that are not kept
  std::shared_ptr<KeptChanges> kept;      ///< sorted; lies in `segments`
  std::vector<NumberedSegment> segments;  ///< mounted
  OriginIndex origins;                    ///< of what is kept and of what came before `first`
};

/// See `ChangeLog`. One writer; readers look at what lies at or below `published()`, and of what
/// lies before `first()` at what is kept.
class Storage {
 public:
  Storage() = default;
  /// Goes on from `whole`, whose writer must not use it any more; shares the memory from the
  /// beginning of `part` on. Readers of `whole` see what they saw.
  Storage(const Storage& whole, TrimmedPart& part);
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  // For the writer.

  /// Where a log that was cut off goes on: its first change, and the hash and the time of arrival
  /// before it. `before` is what came before it. Requires that nothing was appended.
  void begin_at(Lsn first, std::uint64_t hash_before, std::uint64_t received_ms_before,
                const VectorClock& before);
  /// As `append`, for a change from before the log's beginning. In ascending order, before all
  /// others; `lsn` has to be less than `first()`.
  void append_kept(const ChangeView& reserved, const ChangeLog::Filing& filing, Lsn lsn);
  /// A number for a segment that is filled elsewhere, and `mount`ed under it or given back.
  std::uint64_t claim_segment();
  void give_back_segment(std::uint64_t number) { free_segments_.push_back(number); }
  /// Makes positions in the segment known.
  void mount(const NumberedSegment& segment);
  /// From now on a row's history ends where it leads to a change that is neither at or behind
  /// `first` nor in `kept`, which has to live as long as the storage. For what looks at the log
  /// under the writer's lock; readers see all there is.
  void end_histories_before(Lsn first, std::shared_ptr<const KeptChanges> kept);
  /// The markers that took effect. A storage that goes on from another one has the same object.
  StableMarkers& markers() noexcept { return *markers_; }

  /// Room for a record of at most `size` bytes, to be written there and handed to `append`.
  std::uint8_t* reserve(std::size_t size);
  /// Files the record that was written at the reserved place. Not visible before `publish`.
  Lsn append(const ChangeView& reserved, const ChangeLog::Filing& filing);
  void publish() noexcept { published_.store(appended_, std::memory_order_release); }
  Lsn appended() const noexcept { return appended_; }
  /// Where the record of the change appended last lies.
  Position last_position() const noexcept { return last_position_; }
  std::uint64_t last_received_ms() const noexcept { return last_received_ms_; }
  std::uint64_t record_bytes() const noexcept { return record_bytes_; }

  // For everybody.

  Lsn first() const noexcept { return first_; }
  /// The changes from before `first()` that are still held; null if there are none.
  const KeptChanges* kept() const noexcept { return kept_.get(); }
  std::shared_ptr<const KeptChanges> shared_kept() const noexcept { return kept_; }
  /// True if the change is held. Requires lsn <= published().
  bool holds(Lsn lsn) const noexcept {
    return lsn >= first_ || (kept_ != nullptr && kept_->contains(lsn));
  }
  /// The least LSN above `lsn` that is held; published() + 1 or more if there is none.
  Lsn next_held(Lsn lsn) const noexcept;
  /// True if the change is held and stays so: a trim under way does not drop it. For the writer,
  /// and who holds its lock.
  bool stays(Lsn lsn) const noexcept {
    return lsn >= histories_from_ || (histories_kept_ != nullptr && histories_kept_->contains(lsn));
  }
  /// The change of the same row before the one at `lsn`; 0 if there is none or it is not held.
  Lsn previous_of_row(Lsn lsn) const noexcept {
    const std::uint64_t distance = entry(lsn).distance();
    const Lsn previous = lsn - distance;
    return distance != 0 && stays(previous) ? previous : 0;
  }
  /// For who holds the writer's lock, as what follows.
  const StableMarkers& markers() const noexcept { return *markers_; }
  /// True if the writer of `later` had seen the change `earlier`: its context says so, or the
  /// marker that it had applied. One look-up each; the only place that knows of both.
  bool saw(const ChangeView& later, const Dot& earlier) const noexcept {
    return later.context.covers(earlier) ||
           (later.stable != 0 && markers_->covers(later.stable, earlier));
  }
  Lsn published() const noexcept { return published_.load(std::memory_order_acquire); }
  /// Requires a change that is held, as what follows.
  const IndexEntry& entry(Lsn lsn) const noexcept {
    if (lsn < first_) [[unlikely]]
      return *kept_->find(lsn);
    return leaves_[(lsn - 1) / leaf_changes]->entries[(lsn - 1) % leaf_changes];
  }
  /// Requires lsn >= first().
  const BlockSummary& block_of(Lsn lsn) const noexcept {
    return leaves_[(lsn - 1) / leaf_changes]->blocks[(lsn - 1) % leaf_changes / block_changes];
  }
  const std::uint8_t* record_at(Position position) const noexcept {
    return segments_[position.segment()]->bytes.get() + position.offset();
  }
  ChangeView view(Lsn lsn) const noexcept {
    return view_trusted_record(record_at(entry(lsn).position()));
  }
  /// Without what follows the data: see `codec::view_trusted_front`.
  ChangeView front(Lsn lsn) const noexcept {
    return codec::view_trusted_front(record_at(entry(lsn).position()));
  }
  void fill(Lsn lsn, LogEntry& out) const noexcept;
  /// Requires lsn >= first() - 1.
  std::uint64_t running_hash(Lsn lsn) const noexcept;
  Lsn find(const Dot& dot, Lsn last) const;
  const OriginIndex& origins() const noexcept { return origins_; }
  OriginIndex& origins() noexcept { return origins_; }
  std::uint64_t memory_bytes() const;

 private:
  struct Leaf {
    std::array<IndexEntry, leaf_changes> entries;
    std::array<BlockSummary, leaf_changes / block_changes> blocks;
  };
  /// A segment of the writer's and the first LSN that lies in it.
  struct SegmentStart {
    std::uint64_t number;
    Lsn first;
  };

  void add_segment(std::size_t at_least);
  void add_leaf();
  /// Files the reserved record's place, and the `before` that stands behind it if it has to.
  IndexEntry place_record(const ChangeView& reserved, const ChangeLog::Filing& filing, Lsn lsn,
                          std::uint64_t received_ms);
  static std::uint64_t next_hash(std::uint64_t previous, const std::uint8_t* record) noexcept;

  // Where the log begins; set before readers come.
  Lsn first_ = 1;
  std::uint64_t hash_before_first_ = 0;
  std::shared_ptr<KeptChanges> kept_;

  std::atomic<Lsn> published_{0};
  std::atomic<std::uint64_t> allocated_bytes_{0};
  PointerTable<Segment> segments_;
  PointerTable<Leaf> leaves_;
  OriginIndex origins_;

  // The writer's, and of those who hold its lock.
  Lsn histories_from_ = 1;
  std::shared_ptr<const KeptChanges> histories_kept_;
  std::shared_ptr<StableMarkers> markers_ = std::make_shared<StableMarkers>();
  std::vector<SegmentStart> segment_starts_;
  std::vector<std::uint64_t> free_segments_;
  std::uint64_t next_segment_ = 0;  // never used so far
  Lsn appended_ = 0;
  std::uint64_t segment_number_ = 0;
  std::uint8_t* segment_ = nullptr;
  std::size_t segment_used_ = 0;
  std::size_t segment_capacity_ = 0;
  std::size_t usual_segment_bytes_ = 0;
  Position last_position_;
  std::uint64_t last_received_ms_ = 0;
  std::uint64_t record_bytes_ = 0;
  std::uint64_t running_hash_ = 0;
  Leaf* leaf_ = nullptr;
  std::string_view last_table_;
  std::uint64_t last_table_bit_ = 0;
};

}  // namespace syncline::log_internal
