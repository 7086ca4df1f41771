// Reading segment and checkpoint files batch by batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "journal/format.hpp"
#include "journal/manifest.hpp"
#include "syncline/file_system.hpp"

namespace syncline::journal_internal {

/// A file's bytes in memory, decompressed if need be. Memory is used again from file to file.
class LoadedFile {
 public:
  /// Reads at most `max_bytes` of the file, header and all. Errors: those of the file system;
  /// `internal` if it is damaged or is not the file that its name says.
  Result<void> load(FileSystem& files, const std::string& path, FileKind kind, std::uint64_t number,
                    bool compressed, std::uint64_t max_bytes);

  const FileHeader& header() const noexcept { return header_; }
  /// All but the header.
  std::span<const std::uint8_t> batches() const noexcept {
    return {bytes_.get() + file_header_bytes, size_ - file_header_bytes};
  }

 private:
  Result<void> decompress(std::uint64_t stored_bytes, const std::string& path);
  void make_room(std::uint64_t bytes);

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::uint64_t capacity_ = 0;
  std::uint64_t size_ = 0;
  FileHeader header_;
};

/// Goes through the batches of one file, each of which has to follow the one before it.
class BatchScanner {
 public:
  BatchScanner(std::span<const std::uint8_t> batches, std::uint64_t start,
               std::uint64_t previous_hash)
      : rest_(batches), position_(start), hash_(previous_hash) {}

  /// The next batch; nullopt where there is none that is whole, unharmed and follows.
  std::optional<Batch> next() noexcept;
  std::uint64_t position() const noexcept { return position_; }  ///< behind the last batch given
  std::uint64_t hash() const noexcept { return hash_; }          ///< of the last batch given
  std::span<const std::uint8_t> rest() const noexcept { return rest_; }
  /// What the batches given say was durable before them; 0 if none does.
  std::uint64_t synced() const noexcept { return synced_; }
  /// Bytes up to the last one that is not zero.
  std::uint64_t bytes_left() const noexcept;
  /// Goes on behind a damaged place, at the next batch that is unharmed. False if there is none.
  bool skip_damage() noexcept;
  /// What batches behind a damaged place say was durable before them; 0 if there are none.
  std::uint64_t synced_by_later() const noexcept;

 private:
  std::span<const std::uint8_t> rest_;
  std::uint64_t position_;
  std::uint64_t hash_;
  std::uint64_t synced_ = 0;
};

/// Where a position lies in its file.
constexpr std::uint64_t offset_in_file(std::uint64_t position, std::uint64_t start) noexcept {
  return file_header_bytes + (position - start);
}

}  // namespace syncline::journal_internal
