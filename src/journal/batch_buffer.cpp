// What was appended and is not written yet.

#include <algorithm>
#include <iterator>
#include <utility>

#include "journal/file_journal_impl.hpp"

namespace syncline {

BatchBuffer::Chunk& BatchBuffer::room_for(std::size_t bytes, std::vector<Chunk>& spare) {
  if (!chunks.empty() && chunks.back().capacity() - chunks.back().size() >= bytes) {
    return chunks.back();
  }
  if (bytes <= chunk_bytes && !spare.empty()) {
    chunks.push_back(std::move(spare.back()));
    spare.pop_back();
  } else {
    // The first of a journal that is hardly written to stays small.
    chunks.emplace_back().reserve(chunks.size() > 1 ? std::max(bytes, chunk_bytes) : bytes * 8);
  }
  return chunks.back();
}

void BatchBuffer::take(BatchBuffer& next) {
  if (empty()) {
    std::swap(chunks, next.chunks);
    first_lsn = next.first_lsn;
    last_lsn = next.last_lsn;
  } else {
    chunks.insert(chunks.end(), std::make_move_iterator(next.chunks.begin()),
                  std::make_move_iterator(next.chunks.end()));
    if (first_lsn == 0) first_lsn = next.first_lsn;
    if (next.last_lsn != 0) last_lsn = next.last_lsn;
  }
  end = next.end;
  next.chunks.clear();
  next.start = next.end;
  next.first_lsn = 0;
  next.last_lsn = 0;
}

void BatchBuffer::clear(std::uint64_t hash, std::vector<Chunk>& spare) {
  constexpr std::size_t max_spare = 16;
  for (Chunk& chunk : chunks) {
    const bool usual = chunk.capacity() == chunk_bytes;
    if (!usual || spare.size() == max_spare) continue;
    chunk.clear();
    spare.push_back(std::move(chunk));
  }
  chunks.clear();
  start = end;
  previous_hash = hash;
  first_lsn = 0;
  last_lsn = 0;
}

}  // namespace syncline
