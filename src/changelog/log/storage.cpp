#include "changelog/log/storage.hpp"

#include <algorithm>
#include <stdexcept>

#include "changelog/codec/hash.hpp"

namespace syncline::log_internal {

std::uint64_t table_bit(std::string_view table) noexcept {
  return std::uint64_t{1} << (codec::hash_bytes(table.data(), table.size()) & 63U);
}

std::uint64_t Storage::claim_segment() {
  if (!free_segments_.empty()) {
    const std::uint64_t number = free_segments_.back();
    free_segments_.pop_back();
    return number;
  }
  if (next_segment_ >> Position::segment_bits != 0) {
    throw std::length_error("a log in memory holds at most 2^18 segments");
  }
  return next_segment_++;
}

void Storage::mount(const NumberedSegment& segment) {
  segments_.put(segment.number, segment.segment);
  allocated_bytes_.fetch_add(segment.segment->capacity, std::memory_order_relaxed);
}

void Storage::add_segment(std::size_t at_least) {
  // A record larger than a segment gets one of its own; the doubling goes on from the usual size.
  usual_segment_bytes_ = usual_segment_bytes_ == 0
                             ? first_segment_bytes
                             : std::min(usual_segment_bytes_ * 2, largest_segment_bytes);
  segment_capacity_ = std::max(usual_segment_bytes_, at_least);
  auto segment = std::make_shared<Segment>(segment_capacity_);
  segment_number_ = claim_segment();
  segment_ = segment->bytes.get();
  segment_used_ = 0;
  segment_starts_.push_back({segment_number_, appended_ + 1});
  mount({segment_number_, std::move(segment)});
}

std::uint8_t* Storage::reserve(std::size_t size) {
  const std::size_t needed = size + sizeof(Lsn);  // for a `before` that stands behind the record
  // An offset beyond the largest segment could not be told; it arises behind an oversized record.
  const bool addressable = segment_used_ <= Position::offset_mask;
  if (!addressable || segment_capacity_ - segment_used_ < needed) add_segment(needed);
  return segment_ + segment_used_;
}

std::uint64_t Storage::next_hash(std::uint64_t previous, const std::uint8_t* record) noexcept {
  // The first 32 bytes of a record hold its dot and the greater part of its time: enough to tell
  // which change stands where, since a dot never names two changes.
  constexpr std::size_t telling_bytes = 32;
  return codec::hash_bytes(record, telling_bytes, previous);
}

void Storage::add_leaf() {
  auto leaf = std::make_shared_for_overwrite<Leaf>();
  leaf_ = leaf.get();
  leaves_.put(appended_ / leaf_changes, std::move(leaf));
  allocated_bytes_.fetch_add(sizeof(Leaf), std::memory_order_relaxed);
}

IndexEntry Storage::place_record(const ChangeView& reserved, const ChangeLog::Filing& filing,
                                 Lsn lsn, std::uint64_t received_ms) {
  const Lsn before = filing.before_lsn;
  const bool before_elsewhere = before != filing.previous_of_row;
  const std::uint64_t distance = filing.previous_of_row == 0 ? 0 : lsn - filing.previous_of_row;
  last_position_ = Position::at(segment_number_, segment_used_);
  segment_used_ += reserved.record.size();
  record_bytes_ += reserved.record.size();
  if (before_elsewhere) {
    std::memcpy(segment_ + segment_used_, &before, sizeof before);  // `reserve` left room for it
    segment_used_ += sizeof before;
  }
  return {last_position_, distance, received_ms, filing.verdict, filing.skewed, before_elsewhere};
}

Lsn Storage::append(const ChangeView& reserved, const ChangeLog::Filing& filing) {
  const std::size_t place = appended_ % leaf_changes;
  if (place == 0 || leaf_ == nullptr) add_leaf();
  BlockSummary& block = leaf_->blocks[place / block_changes];
  if (place % block_changes == 0) block = BlockSummary{running_hash_, 0, 0, 0};
  if (reserved.table != last_table_) {
    last_table_ = reserved.table;  // lies in the log, which outlives this
    last_table_bit_ = table_bit(reserved.table);
  }
  block.tables |= last_table_bit_;
  block.origins |= origin_bit(reserved.dot.origin);
  block.operations |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(reserved.operation));

  const Lsn lsn = appended_ + 1;
  last_received_ms_ =
      std::clamp(filing.received_at_us / 1000, last_received_ms_, IndexEntry::max_received_ms);
  running_hash_ = next_hash(running_hash_, segment_ + segment_used_);
  leaf_->entries[place] = place_record(reserved, filing, lsn, last_received_ms_);
  origins_.add(reserved.dot.origin, reserved.dot.seq, lsn);
  appended_ = lsn;
  return lsn;
}

Lsn Storage::next_held(Lsn lsn) const noexcept {
  if (lsn + 1 >= first_) return lsn + 1;
  const Lsn next = kept_ == nullptr ? 0 : kept_->next_after(lsn);
  return next == 0 ? first_ : next;
}

void Storage::fill(Lsn lsn, LogEntry& out) const noexcept {
  const IndexEntry& index = entry(lsn);
  out.lsn = lsn;
  out.received_at_us = index.received_ms() * 1000;
  out.verdict = index.verdict();
  out.skewed = index.skewed();
  out.change = view_trusted_record(record_at(index.position()));
  if (index.before_elsewhere()) {
    std::memcpy(&out.before_lsn, out.change.record.data() + out.change.record.size(),
                sizeof out.before_lsn);
  } else {
    out.before_lsn = index.distance() == 0 ? 0 : lsn - index.distance();
  }
}

std::uint64_t Storage::running_hash(Lsn lsn) const noexcept {
  if (lsn < first_) return hash_before_first_;
  const Lsn block_start = (lsn - 1) / block_changes * block_changes + 1;
  const bool cut = block_start < first_;
  std::uint64_t hash = cut ? hash_before_first_ : block_of(lsn).running_hash;
  for (Lsn at = cut ? first_ : block_start; at <= lsn; ++at) {
    hash = next_hash(hash, record_at(entry(at).position()));
  }
  return hash;
}

Lsn Storage::find(const Dot& dot, Lsn last) const {
  const Lsn lsn = origins_.candidate(dot);
  return lsn <= last ? lsn : 0;
}

std::uint64_t Storage::memory_bytes() const {
  return allocated_bytes_.load(std::memory_order_relaxed) + origins_.memory_bytes() +
         (kept_ == nullptr ? 0 : kept_->memory_bytes());
}

}  // namespace syncline::log_internal
