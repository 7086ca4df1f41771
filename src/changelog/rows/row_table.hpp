// From a row's key to its heads: a hash table that keeps no keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "changelog/log/index_entry.hpp"
#include "changelog/log/storage.hpp"

namespace syncline {

/// What a row with siblings, or one that ever had any, needs beyond a slot.
struct PartedRow {
  /// The row's change with the greatest LSN. 0 where only a void tells of a row: see `key`.
  Lsn newest = 0;
  Lsn key = 0;             ///< where `newest` is 0: a void of the row
  Lsn visible = 0;         ///< the head that the policy shows; 0 if there is none
  std::vector<Lsn> heads;  ///< empty if the row was forgotten and only its conflicts are left
  std::vector<std::uint32_t> conflicts;  ///< indices in the conflict store
  std::uint64_t conflicts_not_kept = 0;
  bool assessed = true;  ///< the stored assessments of the conflicts are those of the present heads

  /// Of a change that has the row's key.
  Lsn key_lsn() const noexcept { return newest != 0 ? newest : key; }
};

/// Sixteen bytes a row. A row whose history is one line refers to its only head in the log, and
/// that is also its newest change; any other row refers to a `PartedRow`.
class RowSlot {
 public:
  bool used() const noexcept { return second_ != 0; }
  bool parted() const noexcept { return (second_ >> 63) != 0; }
  Lsn head() const noexcept { return first_ & low_mask; }
  std::uint32_t parted_index() const noexcept { return static_cast<std::uint32_t>(head()); }
  /// Of a record that has the row's key.
  log_internal::Position position() const noexcept { return {(second_ & low_mask) - 1}; }
  std::uint64_t tag() const noexcept {
    return (first_ >> 40) | (((second_ >> 40) & 0x7FFFFFU) << 24);
  }

  void set(std::uint64_t tag, Lsn head, log_internal::Position position, bool parted) noexcept {
    first_ = head | ((tag & 0xFFFFFFU) << 40);
    second_ = (position.value + 1) | ((tag >> 24) << 40) | (std::uint64_t{parted} << 63);
  }

 private:
  static constexpr std::uint64_t low_mask = (std::uint64_t{1} << 40) - 1;

  std::uint64_t first_ = 0;   // head's LSN or index of the parted row 40 | tag, low 24
  std::uint64_t second_ = 0;  // position + 1 40 | tag, high 23 | parted 1; 0: unused
};
static_assert(sizeof(RowSlot) == 16);

/// Open addressing with linear probing; a row that goes draws those behind it together. The keys
/// are those of the records that the slots refer to. Not thread-safe.
class RowTable {
 public:
  static constexpr unsigned tag_bits = 47;

  explicit RowTable(const log_internal::Storage& storage) : storage_(&storage), slots_(64) {}

  /// 47 bits that stand for the key.
  static std::uint64_t tag_of(std::string_view table, std::string_view row_id) noexcept;

  /// The slot of the row, null if there is none. If it is there, `key_record` is the front of the
  /// record that it refers to (which is the head's, unless the row is parted).
  RowSlot* find(std::uint64_t tag, std::string_view table, std::string_view row_id,
                ChangeView& key_record) noexcept;
  const RowSlot* find(std::uint64_t tag, std::string_view table, std::string_view row_id,
                      ChangeView& key_record) const noexcept;
  /// Adds a row that is not there. The answer is valid until the next `add`.
  RowSlot& add(std::uint64_t tag);
  /// Takes a row out; all slots that were given before are void, and its parted row, if it has one,
  /// may be given to another row.
  void erase(RowSlot& slot);

  /// Hints for a batch: first all slots, then all records that they refer to.
  void prefetch_slot(std::uint64_t tag) const noexcept {
    __builtin_prefetch(&slots_[tag & mask()]);
  }
  void prefetch_record(std::uint64_t tag) const noexcept;

  PartedRow& parted(const RowSlot& slot) noexcept { return *parted_[slot.parted_index()]; }
  const PartedRow& parted(const RowSlot& slot) const noexcept {
    return *parted_[slot.parted_index()];
  }
  PartedRow& parted_at(std::uint32_t index) noexcept { return *parted_[index]; }
  const PartedRow& parted_at(std::uint32_t index) const noexcept { return *parted_[index]; }
  std::size_t parted_count() const noexcept { return parted_.size(); }
  /// Whether a parted row may get the place of one that went. Not while somebody goes through them
  /// some at a time, who would miss it. At first it may.
  void reuse_parted(bool may) noexcept { reuses_parted_ = may; }
  /// Makes the row of `slot` a parted one with its only head as it is.
  PartedRow& part(RowSlot& slot);

  /// Where a walk over the slots, some at a time, has got to. Begins anew if the slots were moved.
  struct Place {
    std::uint64_t arrangement = 0;
    std::size_t next = 0;
  };
  /// Lets the slots that refer to changes before `first` refer to their copies: `moved(lsn)` says
  /// where a row's newest change lies now. Looks at `count` slots; false if there are no more.
  template <typename Moved>
  bool repoint(Place& place, std::size_t count, Lsn first, Moved&& moved);
  /// From now on positions and LSNs are those of `storage`.
  void refer_to(const log_internal::Storage& storage) noexcept { storage_ = &storage; }

  std::size_t size() const noexcept { return size_; }
  std::size_t memory_bytes() const noexcept;

  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const RowSlot& slot : slots_) {
      if (slot.used()) visit(slot);
    }
  }

 private:
  std::size_t mask() const noexcept { return slots_.size() - 1; }
  void grow();

  const log_internal::Storage* storage_;
  std::vector<RowSlot> slots_;
  std::vector<std::unique_ptr<PartedRow>> parted_;
  std::vector<std::uint32_t> free_parted_;
  bool reuses_parted_ = true;
  std::size_t size_ = 0;
  std::uint64_t arrangement_ = 1;  // counts how often slots were moved
};

template <typename Moved>
bool RowTable::repoint(Place& place, std::size_t count, Lsn first, Moved&& moved) {
  if (place.arrangement != arrangement_) place = {arrangement_, 0};
  const std::size_t end = std::min(place.next + count, slots_.size());
  for (; place.next < end; ++place.next) {
    RowSlot& slot = slots_[place.next];
    if (!slot.used()) continue;
    const Lsn newest = slot.parted() ? parted(slot).key_lsn() : slot.head();
    if (newest < first) slot.set(slot.tag(), slot.head(), moved(newest), slot.parted());
  }
  return place.next < slots_.size();
}

}  // namespace syncline
