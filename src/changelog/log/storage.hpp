// The memory of a log: records in segments, index entries in leaves.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "changelog/codec/front_view.hpp"
#include "changelog/log/index_entry.hpp"
#include "changelog/log/origin_index.hpp"
#include "changelog/log/pointer_table.hpp"
#include "changelog/log/segment_memory.hpp"
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
/// one function), `operations` is a set of bits. Complete once all its changes are published.
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

/// See `ChangeLog`. One writer; readers look at what lies at or below `published()`.
class Storage {
 public:
  explicit Storage(LogId id) : id_(id) {}

  // For the writer.

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

  LogId id() const noexcept { return id_; }
  Lsn first() const noexcept { return 1; }
  Lsn published() const noexcept { return published_.load(std::memory_order_acquire); }
  const IndexEntry& entry(Lsn lsn) const noexcept {
    return leaves_[(lsn - 1) / leaf_changes]->entries[(lsn - 1) % leaf_changes];
  }
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
  std::uint64_t running_hash(Lsn lsn) const noexcept;
  Lsn find(const Dot& dot, Lsn last) const;
  const OriginIndex& origins() const noexcept { return origins_; }
  std::uint64_t memory_bytes() const;

 private:
  struct Segment {
    SegmentMemory bytes;
  };
  struct Leaf {
    std::array<IndexEntry, leaf_changes> entries;
    std::array<BlockSummary, leaf_changes / block_changes> blocks;
  };

  void add_segment(std::size_t at_least);
  static std::uint64_t next_hash(std::uint64_t previous, const std::uint8_t* record) noexcept;

  const LogId id_;
  std::atomic<Lsn> published_{0};
  std::atomic<std::uint64_t> allocated_bytes_{0};
  PointerTable<Segment> segments_;
  PointerTable<Leaf> leaves_;
  OriginIndex origins_;

  // The writer's.
  Lsn appended_ = 0;
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
