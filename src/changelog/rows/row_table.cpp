#include "changelog/rows/row_table.hpp"

#include "changelog/codec/front_view.hpp"
#include "changelog/codec/hash.hpp"

namespace syncline {

std::uint64_t RowTable::tag_of(std::string_view table, std::string_view row_id) noexcept {
  const std::uint64_t seed = codec::hash_bytes(table.data(), table.size());
  return codec::hash_bytes(row_id.data(), row_id.size(), seed) >> (64 - tag_bits);
}

const RowSlot* RowTable::find(std::uint64_t tag, std::string_view table, std::string_view row_id,
                              ChangeView& key_record) const noexcept {
  for (std::size_t i = tag & mask();; i = (i + 1) & mask()) {
    const RowSlot& slot = slots_[i];
    if (!slot.used()) return nullptr;
    if (slot.tag() != tag) continue;
    const std::uint8_t* record = storage_->record_at(slot.position());
    __builtin_prefetch(record + 64);  // keys and context often reach into the second line
    key_record = codec::view_trusted_front(record);
    if (key_record.row_id == row_id && key_record.table == table) return &slot;
  }
}

RowSlot* RowTable::find(std::uint64_t tag, std::string_view table, std::string_view row_id,
                        ChangeView& key_record) noexcept {
  return const_cast<RowSlot*>(std::as_const(*this).find(tag, table, row_id, key_record));
}

RowSlot& RowTable::add(std::uint64_t tag) {
  constexpr std::size_t load_percent = 80;
  if ((size_ + 1) * 100 > slots_.size() * load_percent) grow();
  std::size_t i = tag & mask();
  while (slots_[i].used()) i = (i + 1) & mask();
  ++size_;
  return slots_[i];
}

void RowTable::erase(RowSlot& slot) {
  if (slot.parted()) {
    parted(slot) = {};
    free_parted_.push_back(slot.parted_index());
  }
  ++arrangement_;
  --size_;
  auto hole = static_cast<std::size_t>(&slot - slots_.data());
  for (std::size_t i = (hole + 1) & mask(); slots_[i].used(); i = (i + 1) & mask()) {
    // Who would be looked for from behind the hole on need not move.
    const std::size_t from_home = (i - (slots_[i].tag() & mask())) & mask();
    if (from_home < ((i - hole) & mask())) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = {};
}

void RowTable::grow() {
  ++arrangement_;
  std::vector<RowSlot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const RowSlot& slot : old) {
    if (!slot.used()) continue;
    std::size_t i = slot.tag() & mask();
    while (slots_[i].used()) i = (i + 1) & mask();
    slots_[i] = slot;
  }
}

void RowTable::prefetch_record(std::uint64_t tag) const noexcept {
  const RowSlot& slot = slots_[tag & mask()];
  if (!slot.used()) return;
  const std::uint8_t* record = storage_->record_at(slot.position());
  __builtin_prefetch(record);
  __builtin_prefetch(record + 64);
}

PartedRow& RowTable::part(RowSlot& slot) {
  auto index = static_cast<std::uint32_t>(parted_.size());
  if (reuses_parted_ && !free_parted_.empty()) {
    index = free_parted_.back();
    free_parted_.pop_back();
  } else {
    parted_.push_back(std::make_unique<PartedRow>());
  }
  PartedRow& row = *parted_[index];
  row.newest = slot.head();
  row.visible = slot.head();
  row.heads = {slot.head()};
  slot.set(slot.tag(), index, slot.position(), true);
  return row;
}

std::size_t RowTable::memory_bytes() const noexcept {
  std::size_t bytes = slots_.capacity() * sizeof(RowSlot) + parted_.capacity() * sizeof(void*) +
                      free_parted_.capacity() * sizeof(std::uint32_t);
  for (const auto& row : parted_) {
    bytes += sizeof(PartedRow) + row->heads.capacity() * sizeof(Lsn) +
             row->conflicts.capacity() * sizeof(std::uint32_t);
  }
  return bytes;
}

}  // namespace syncline
