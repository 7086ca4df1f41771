#include "journal/segment_reader.hpp"

#include <algorithm>
#include <zstd.h>

namespace syncline::journal_internal {

void LoadedFile::make_room(std::uint64_t bytes) {
  if (bytes <= capacity_) return;
  bytes_ = std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
  capacity_ = bytes;
}

Result<void> LoadedFile::decompress(std::uint64_t stored_bytes, const std::string& path) {
  const auto stored = std::move(bytes_);
  capacity_ = 0;
  const unsigned long long size = ZSTD_getFrameContentSize(stored.get(), stored_bytes);
  const bool known = size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR &&
                     size <= std::uint64_t{max_batch_bytes} * 2;
  if (known) make_room(size);
  const std::size_t written =
      known ? ZSTD_decompress(bytes_.get(), size, stored.get(), stored_bytes) : 0;
  if (!known || ZSTD_isError(written) != 0 || written != size) {
    return Error{ErrorCode::internal, path + " is damaged: it cannot be decompressed"};
  }
  size_ = size;
  return {};
}

Result<void> LoadedFile::load(FileSystem& files, const std::string& path, FileKind kind,
                              std::uint64_t number, bool compressed, std::uint64_t max_bytes) {
  auto file = files.open(path, FileMode::read);
  if (!file) return file.error();
  auto stored = (*file)->size();
  if (!stored) return stored.error();
  size_ = compressed ? *stored : std::min(*stored, max_bytes);
  make_room(std::max<std::uint64_t>(size_, 1));
  auto read = (*file)->read_at(0, {bytes_.get(), size_});
  if (!read) return read.error();
  size_ = *read;
  if (compressed) {
    if (auto done = decompress(size_, path); !done) return done;
  }
  auto header = decode_file_header({bytes_.get(), size_});
  if (!header) {
    return Error{header.error().code, path + ", offset 0: " + header.error().detail};
  }
  if (header->kind != kind || header->number != number) {
    return Error{ErrorCode::internal,
                 path + ", offset 0: the file is another one than its name says"};
  }
  header_ = *header;
  return {};
}

std::optional<Batch> BatchScanner::next() noexcept {
  auto batch = decode_batch(rest_, position_);
  if (!batch || batch->header.previous_hash != hash_) return std::nullopt;
  rest_ = rest_.subspan(batch->bytes());
  position_ += batch->bytes();
  hash_ = batch->header.hash;
  synced_ = std::max(synced_, batch->header.synced);
  return batch;
}

std::uint64_t BatchScanner::bytes_left() const noexcept {
  const auto last = std::find_if(rest_.rbegin(), rest_.rend(), [](auto byte) { return byte != 0; });
  return static_cast<std::uint64_t>(rest_.rend() - last);
}

namespace {

/// Looks for whole batches at places that may hold none. A payload may be full of what looks like
/// the beginning of one: so there is an end to the bytes that are hashed in vain.
class BatchSearch {
 public:
  std::optional<Batch> look(std::span<const std::uint8_t> bytes, std::uint64_t position) {
    const auto length = begins_batch(bytes);
    if (!length || *length > budget_) return std::nullopt;
    auto batch = decode_batch(bytes, position);
    if (!batch) budget_ -= *length;
    return batch;
  }

 private:
  std::uint64_t budget_ = std::uint64_t{1} << 30;
};

}  // namespace

bool BatchScanner::skip_damage() noexcept {
  BatchSearch search;
  for (std::uint64_t at = batch_alignment; at + batch_header_bytes <= rest_.size();
       at += batch_alignment) {
    const auto batch = search.look(rest_.subspan(at), position_ + at);
    if (!batch) continue;
    rest_ = rest_.subspan(at);
    position_ += at;
    hash_ = batch->header.previous_hash;
    return true;
  }
  return false;
}

std::uint64_t BatchScanner::synced_by_later() const noexcept {
  BatchSearch search;
  std::uint64_t synced = 0;
  for (std::uint64_t at = batch_alignment; at + batch_header_bytes <= rest_.size();) {
    const auto batch = search.look(rest_.subspan(at), position_ + at);
    if (batch) synced = std::max(synced, batch->header.synced);
    at += batch ? batch->bytes() : batch_alignment;
  }
  return synced;
}

}  // namespace syncline::journal_internal
