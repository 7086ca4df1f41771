#include "changelog/rows/row_table.hpp"

#include <doctest/doctest.h>

#include "changelog/log/index_entry.hpp"

using namespace syncline;
using log_internal::IndexEntry;
using log_internal::Position;

TEST_CASE("a slot keeps all bits of what is put into it") {
  RowSlot slot;
  CHECK_FALSE(slot.used());
  const std::uint64_t tag = (std::uint64_t{1} << RowTable::tag_bits) - 1;
  const Lsn head = (std::uint64_t{1} << 40) - 1;
  const Position position = Position::at(100'000, 4'000'000);
  slot.set(tag, head, position, true);
  CHECK(slot.used());
  CHECK(slot.parted());
  CHECK(slot.tag() == tag);
  CHECK(slot.head() == head);
  CHECK(slot.position().value == position.value);
  slot.set(5, 1, Position{}, false);
  CHECK(slot.used());
  CHECK_FALSE(slot.parted());
  CHECK(slot.tag() == 5);
  CHECK(slot.head() == 1);
  CHECK(slot.position().value == 0);
}

TEST_CASE("an index entry keeps all bits of what is put into it") {
  const Position position = Position::at((1U << Position::segment_bits) - 1, Position::offset_mask);
  const IndexEntry full(position, IndexEntry::max_distance, IndexEntry::max_received_ms,
                        Verdict::conflict, true, true);
  CHECK(full.position().value == position.value);
  CHECK(full.distance() == IndexEntry::max_distance);
  CHECK(full.received_ms() == IndexEntry::max_received_ms);
  CHECK(full.verdict() == Verdict::conflict);
  CHECK(full.skewed());
  CHECK(full.before_elsewhere());
  const IndexEntry plain(Position::at(3, 17), 1, 1'700'000'000'000, Verdict::applied, false, false);
  CHECK(plain.position().segment() == 3);
  CHECK(plain.position().offset() == 17);
  CHECK(plain.distance() == 1);
  CHECK(plain.received_ms() == 1'700'000'000'000);
  CHECK(plain.verdict() == Verdict::applied);
  CHECK_FALSE(plain.skewed());
  CHECK_FALSE(plain.before_elsewhere());
}

TEST_CASE("a place that became free is not given again while it must not be") {
  const log_internal::Storage storage;
  RowTable rows(storage);
  const auto part = [&](std::uint64_t tag) {
    RowSlot& slot = rows.add(tag);
    slot.set(tag, tag, Position{}, false);
    rows.part(slot);
    return &slot;
  };
  rows.erase(*part(1));
  CHECK(part(2)->parted_index() == 0);
  RowSlot* const third = part(3);
  CHECK(third->parted_index() == 1);
  rows.erase(*third);
  rows.reuse_parted(false);
  CHECK(part(4)->parted_index() == 2);
  rows.reuse_parted(true);
  CHECK(part(5)->parted_index() == 1);
}
