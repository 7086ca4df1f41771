#include "journal/format.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "changelog/codec/hash.hpp"
#include "changelog/mutation.hpp"

namespace syncline::journal_internal {
namespace {

constexpr std::array<std::string_view, 2> file_magics{"SYNCLSEG", "SYNCLCKP"};
constexpr std::uint32_t batch_magic = 0x31424C53;  // "SLB1"

// An entry: kind, flags, two bytes of zero, length; of a change also LSN and time of arrival.
constexpr std::size_t entry_header_bytes = 8;
constexpr std::size_t change_header_bytes = 24;
constexpr std::uint8_t skewed_flag = 1;

bool has_place(JournalEntryKind kind) noexcept {
  return kind == JournalEntryKind::change || kind == JournalEntryKind::kept ||
         kind == JournalEntryKind::filings;
}

std::size_t header_bytes(JournalEntryKind kind) noexcept {
  return has_place(kind) ? change_header_bytes : entry_header_bytes;
}

std::uint64_t batch_hash(const std::uint8_t* header, std::span<const std::uint8_t> entries,
                         std::uint64_t position) noexcept {
  constexpr std::size_t before_hash = batch_header_bytes - sizeof(std::uint64_t);
  const std::uint64_t seed = codec::hash_bytes(header, before_hash, position);
  return codec::hash_bytes(entries.data(), entries.size(), seed);
}

std::uint8_t* encode_entry(const JournalEntry& entry, std::uint8_t* out) {
  out[0] = static_cast<std::uint8_t>(entry.kind);
  out[1] = entry.skewed ? skewed_flag : 0;
  set_number<std::uint16_t>(out + 2, 0);
  set_number(out + 4, static_cast<std::uint32_t>(entry.bytes.size()));
  if (has_place(entry.kind)) {
    set_number(out + 8, entry.lsn);
    set_number(out + 16, entry.received_at_us);
  }
  out += header_bytes(entry.kind);
  if (!entry.bytes.empty()) std::memcpy(out, entry.bytes.data(), entry.bytes.size());
  return out + entry.bytes.size();
}

}  // namespace

void encode_file_header(const FileHeader& header, ByteBuffer& out) {
  const std::size_t at = out.size();
  out.resize(at + file_header_bytes, boost::container::default_init);
  std::uint8_t* bytes = out.data() + at;
  const std::string_view magic = file_magics[static_cast<std::size_t>(header.kind)];
  std::memcpy(bytes, magic.data(), magic.size());
  set_number(bytes + 8, format_number);
  set_number<std::uint32_t>(bytes + 12, 0);
  set_number(bytes + 16, header.number);
  set_number(bytes + 24, header.start);
  set_number(bytes + 32, header.previous_hash);
  set_number(bytes + 40, codec::hash_bytes(bytes, 40));
}

Result<FileHeader> decode_file_header(std::span<const std::uint8_t> bytes) {
  const Error damaged{ErrorCode::internal, "the file's header is damaged"};
  if (bytes.size() < file_header_bytes) return damaged;
  const std::string_view magic(reinterpret_cast<const char*>(bytes.data()), 8);
  const auto kind = std::find(file_magics.begin(), file_magics.end(), magic);
  // Before the checksum, which a later format may have elsewhere.
  const auto format = get_number<std::uint32_t>(bytes.data() + 8);
  if (kind == file_magics.end() || format == 0) return damaged;
  const bool unharmed =
      get_number<std::uint64_t>(bytes.data() + 40) == codec::hash_bytes(bytes.data(), 40);
  if (format > format_number) {
    return Error{ErrorCode::bad_request, "the file has format " + std::to_string(format) +
                                             "; this program reads up to " +
                                             std::to_string(format_number) + ": use a newer one"};
  }
  if (!unharmed) return damaged;
  FileHeader header;
  header.kind = static_cast<FileKind>(kind - file_magics.begin());
  header.number = get_number<std::uint64_t>(bytes.data() + 16);
  header.start = get_number<std::uint64_t>(bytes.data() + 24);
  header.previous_hash = get_number<std::uint64_t>(bytes.data() + 32);
  return header;
}

std::uint64_t entries_bytes(std::span<const JournalEntry> entries) noexcept {
  std::uint64_t bytes = 0;
  for (const JournalEntry& entry : entries) bytes += header_bytes(entry.kind) + entry.bytes.size();
  return bytes;
}

std::uint64_t encode_batch(std::span<const JournalEntry> entries, std::uint64_t position,
                           std::uint64_t synced, std::uint64_t previous_hash, ByteBuffer& out) {
  const std::uint64_t length = entries_bytes(entries);
  const std::size_t at = out.size();
  out.resize(at + framed_bytes(length), boost::container::default_init);
  std::uint8_t* header = out.data() + at;
  set_number(header, batch_magic);
  set_number(header + 4, static_cast<std::uint32_t>(length));
  set_number(header + 8, synced);
  set_number(header + 16, previous_hash);
  std::uint8_t* end = header + batch_header_bytes;
  for (const JournalEntry& entry : entries) end = encode_entry(entry, end);
  std::fill(end, out.data() + out.size(), std::uint8_t{0});  // up to eight bytes
  const std::uint64_t hash = batch_hash(header, {header + batch_header_bytes, length}, position);
  set_number(header + 24, hash);
  return hash;
}

std::optional<std::uint32_t> begins_batch(std::span<const std::uint8_t> bytes) noexcept {
  if (bytes.size() < batch_header_bytes) return std::nullopt;
  if (get_number<std::uint32_t>(bytes.data()) != batch_magic) return std::nullopt;
  const auto length = get_number<std::uint32_t>(bytes.data() + 4);
  if (length > max_batch_bytes || framed_bytes(length) > bytes.size()) return std::nullopt;
  return length;
}

std::optional<Batch> decode_batch(std::span<const std::uint8_t> bytes,
                                  std::uint64_t position) noexcept {
  const auto length = begins_batch(bytes);
  if (!length) return std::nullopt;
  const std::uint8_t* header = bytes.data();
  Batch batch;
  batch.header.length = *length;
  batch.header.synced = get_number<std::uint64_t>(header + 8);
  batch.header.previous_hash = get_number<std::uint64_t>(header + 16);
  batch.header.hash = get_number<std::uint64_t>(header + 24);
  batch.entries = bytes.subspan(batch_header_bytes, batch.header.length);
  const bool whole = batch.header.hash == batch_hash(header, batch.entries, position);
  if (!whole && !mutated(Mutation::torn_batch_taken)) return std::nullopt;
  const auto filling = bytes.subspan(batch_header_bytes + batch.header.length,
                                     batch.bytes() - batch_header_bytes - batch.header.length);
  const bool zero =
      std::all_of(filling.begin(), filling.end(), [](auto byte) { return byte == 0; });
  if (!zero) return std::nullopt;
  return batch;
}

Result<void> visit_entries(std::span<const std::uint8_t> entries, const Journal::Visit& visit) {
  const Error malformed{ErrorCode::internal, "a batch is malformed behind a right checksum"};
  while (!entries.empty()) {
    if (entries.size() < entry_header_bytes) return malformed;
    JournalEntry entry;
    entry.kind = static_cast<JournalEntryKind>(entries[0]);
    entry.skewed = (entries[1] & skewed_flag) != 0;
    const auto length = get_number<std::uint32_t>(entries.data() + 4);
    const std::size_t before = header_bytes(entry.kind);
    if (entries.size() < before || entries.size() - before < length) return malformed;
    if (has_place(entry.kind)) {
      entry.lsn = get_number<std::uint64_t>(entries.data() + 8);
      entry.received_at_us = get_number<std::uint64_t>(entries.data() + 16);
    }
    entry.bytes = entries.subspan(before, length);
    if (auto visited = visit(entry); !visited) return visited;
    entries = entries.subspan(before + length);
  }
  return {};
}

}  // namespace syncline::journal_internal
