#include "journal/memory_contents.hpp"

#include <algorithm>
#include <utility>

namespace syncline::journal_internal {

std::uint64_t random_below(Random& random, std::uint64_t bound) {
  std::array<std::uint8_t, 8> bytes{};
  random.fill(bytes);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value % bound;
}

void MemoryContents::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  keep_sectors(offset, offset + bytes.size());
  if (offset + bytes.size() > size()) set_size(offset + bytes.size());
  std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::size_t MemoryContents::read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (offset >= size()) return 0;
  const std::size_t count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
  std::ranges::copy(std::span(bytes_).subspan(offset, count), out.begin());
  return count;
}

void MemoryContents::resize(std::uint64_t size) {
  // What is cut off reads as zeros if the file grows again.
  keep_sectors(size, bytes_.size());
  set_size(size);
}

void MemoryContents::sync() {
  synced_.clear();
  sizes_ = {bytes_.size()};
}

void MemoryContents::lose_unsynced() { lost_.merge(std::exchange(synced_, {})); }

MemoryContents MemoryContents::copied() const {
  MemoryContents copy;
  copy.bytes_ = bytes_;
  copy.sync();
  return copy;
}

void MemoryContents::crash(Random* random) {
  const std::uint64_t size =
      random == nullptr ? sizes_.front() : sizes_[random_below(*random, sizes_.size())];
  synced_.merge(std::exchange(lost_, {}));
  for (const auto& [index, sector] : synced_) {
    if (random != nullptr && random_below(*random, 2) == 0) continue;
    const std::uint64_t from = index * sector_bytes;
    if (bytes_.size() < from + sector_bytes) bytes_.resize(from + sector_bytes);
    std::ranges::copy(sector, bytes_.begin() + static_cast<std::ptrdiff_t>(from));
  }
  bytes_.resize(size);
  sync();
}

void MemoryContents::keep_sectors(std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t at = from / sector_bytes * sector_bytes; at < to; at += sector_bytes) {
    if (auto lost = lost_.extract(at / sector_bytes)) synced_.insert(std::move(lost));
    const auto [kept, changed_first] = synced_.try_emplace(at / sector_bytes);
    if (changed_first) read_at(at, kept->second);
  }
}

void MemoryContents::set_size(std::uint64_t size) {
  if (size == bytes_.size()) return;
  bytes_.resize(size);
  sizes_.push_back(size);
}

}  // namespace syncline::journal_internal
