#include <array>
#include <cstring>

#include "changelog/codec/hash.hpp"
#include "changelog/codec/record_format.hpp"
#include "changelog/codec/record_tail.hpp"
#include "changelog/mutation.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

constexpr std::size_t stack_bytes = 2048;  // longer than all records but those with long metadata
constexpr std::size_t longest_map_header = 5;

// What follows the data of the change that a stub stands for.
struct FullTail {
  std::span<const std::uint8_t> before;  // transaction, up to the metadata
  std::span<const std::uint8_t> entries_before;
  std::span<const std::uint8_t> entries_after;
  std::uint32_t entries = 0;  // besides the stub's own
};

// Finds the entry that makes a stub. Answers false if the change is none.
bool find_stub(std::span<const std::uint8_t> tail, FullTail& full) noexcept {
  if (codec::is_plain_tail(tail)) return false;
  const std::uint8_t* const metadata = codec::metadata_of_tail(tail);
  if (*metadata == codec::lead_nil) return false;
  const std::uint8_t* position = metadata;
  const std::uint32_t count = codec::read_trusted_count(position, codec::lead_map16);
  const std::uint8_t* const entries = position;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t* const entry = position;
    const bool found = codec::read_trusted_string(position) == codec::stub_key;
    codec::read_trusted_string(position);
    if (found) {
      full = {{tail.data(), metadata},
              {entries, entry},
              {position, tail.data() + tail.size()},
              count - 1};
      return true;
    }
  }
  return false;
}

std::uint8_t* put(std::uint8_t* out, std::span<const std::uint8_t> bytes) noexcept {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

std::uint8_t* put_map_header(std::uint8_t* out, std::uint32_t entries) noexcept {
  if (entries == 0) {
    *out++ = codec::lead_nil;
  } else if (entries < 16) {
    *out++ = static_cast<std::uint8_t>(codec::lead_fixmap + entries);
  } else {
    const bool wide = entries > 0xFFFF;
    *out++ = static_cast<std::uint8_t>(codec::lead_map16 + (wide ? 1 : 0));
    for (int shift = wide ? 24 : 8; shift >= 0; shift -= 8) {
      *out++ = static_cast<std::uint8_t>(entries >> shift);
    }
  }
  return out;
}

// The bytes of the record that lie before the header of its data.
std::span<const std::uint8_t> before_data(const ChangeView& change) noexcept {
  const std::size_t size = change.data.size();
  const std::size_t header = size < 0x100 ? 2 : size < 0x1'0000 ? 3 : 5;
  const std::size_t behind = change.tail.size() + size + header;
  return change.record.first(change.record.size() - behind);
}

// Writes what is hashed: the record with the hash of its data in place of the data.
std::size_t write_hashed(std::uint8_t* out, const ChangeView& change) noexcept {
  FullTail full;
  const bool stub = find_stub(change.tail, full) && change.data.size() == codec::hash_bytes_size;
  std::uint8_t* position = put(out, before_data(change));
  *position++ = codec::lead_bin8;
  *position++ = codec::hash_bytes_size;
  if (stub) {
    std::memcpy(position, change.data.data(), codec::hash_bytes_size);
  } else {
    codec::store_big_endian(position, codec::hash_bytes(change.data.data(), change.data.size()));
  }
  position += codec::hash_bytes_size;
  if (!stub) return static_cast<std::size_t>(put(position, change.tail) - out);
  position = put_map_header(put(position, full.before), full.entries);
  position = put(put(position, full.entries_before), full.entries_after);
  return static_cast<std::size_t>(position - out);
}

}  // namespace

std::uint64_t chain_hash(std::uint64_t previous, const ChangeView& change) {
  if (mutated(Mutation::chain_counts_only)) return previous + 1;
  const std::size_t size =
      change.record.size() - change.data.size() + codec::hash_bytes_size + longest_map_header;
  if (size <= stack_bytes) {
    std::array<std::uint8_t, stack_bytes> buffer;  // not initialised: that would cost more
    return codec::hash_bytes(buffer.data(), write_hashed(buffer.data(), change), previous);
  }
  std::string buffer(size, '\0');
  auto* const out = reinterpret_cast<std::uint8_t*>(buffer.data());
  return codec::hash_bytes(out, write_hashed(out, change), previous);
}

}  // namespace syncline
