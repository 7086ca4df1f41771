// The bytes of segment and checkpoint files: see docs/formats/journal.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/container/vector.hpp>

#include "syncline/journal.hpp"

namespace syncline::journal_internal {

/// The format that this program writes, and the newest that it reads.
inline constexpr std::uint32_t format_number = 1;

enum class FileKind : std::uint8_t { segment, checkpoint };

/// The beginning of a segment or checkpoint file.
struct FileHeader {
  FileKind kind = FileKind::segment;
  std::uint64_t number = 0;         ///< as in its name
  std::uint64_t start = 0;          ///< the journal position of its first batch
  std::uint64_t previous_hash = 0;  ///< of the batch before that, 0 if there is none
};
inline constexpr std::size_t file_header_bytes = 48;

/// Bytes that are laid down before they are written. Grows without being filled with zeros first.
using ByteBuffer = boost::container::vector<std::uint8_t>;

void encode_file_header(const FileHeader& header, ByteBuffer& out);
/// Errors: `bad_request` for a newer format, `internal` for anything else that is no header; the
/// detail does not name the file.
Result<FileHeader> decode_file_header(std::span<const std::uint8_t> bytes);

/// What stands before the entries of a batch.
struct BatchHeader {
  std::uint32_t length = 0;         ///< of the entries, without what fills up to eight bytes
  std::uint64_t synced = 0;         ///< all before this position was durable when it was written
  std::uint64_t previous_hash = 0;  ///< of the batch before
  std::uint64_t hash = 0;
};
inline constexpr std::size_t batch_header_bytes = 32;
inline constexpr std::size_t batch_alignment = 8;
/// More than any batch that is written; a greater length is damage and is not looked at further.
inline constexpr std::uint32_t max_batch_bytes = std::uint32_t{1} << 30;

/// The bytes that a batch of `length` bytes of entries takes.
constexpr std::uint64_t framed_bytes(std::uint64_t length) noexcept {
  return batch_header_bytes + (length + batch_alignment - 1) / batch_alignment * batch_alignment;
}

/// The bytes of the entries, as `length` of the header counts them.
std::uint64_t entries_bytes(std::span<const JournalEntry> entries) noexcept;

/// Appends one batch to `out` and returns its hash. `position` is where it will stand.
std::uint64_t encode_batch(std::span<const JournalEntry> entries, std::uint64_t position,
                           std::uint64_t synced, std::uint64_t previous_hash, ByteBuffer& out);

/// One whole batch that was found.
struct Batch {
  BatchHeader header;
  std::span<const std::uint8_t> entries;
  std::uint64_t bytes() const noexcept { return framed_bytes(header.length); }
};

/// The batch at the beginning of `bytes`, which stands at `position`. nullopt: there is none that
/// is whole and unharmed. Does not look at `previous_hash`.
std::optional<Batch> decode_batch(std::span<const std::uint8_t> bytes,
                                  std::uint64_t position) noexcept;

/// The length that a batch at the beginning of `bytes` would have, if that looks like one at all.
std::optional<std::uint32_t> begins_batch(std::span<const std::uint8_t> bytes) noexcept;

/// Hands the entries of a batch to `visit`. Errors: its own; `internal` if they are malformed (the
/// checksum was right, so the writer was wrong).
Result<void> visit_entries(std::span<const std::uint8_t> entries, const Journal::Visit& visit);

/// Little-endian numbers.
template <typename Number>
Number get_number(const std::uint8_t* bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Number); i > 0; --i) value = (value << 8) | bytes[i - 1];
  return static_cast<Number>(value);
}
template <typename Number>
void set_number(std::uint8_t* bytes, Number value) noexcept {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    bytes[i] = static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * i));
  }
}

}  // namespace syncline::journal_internal
