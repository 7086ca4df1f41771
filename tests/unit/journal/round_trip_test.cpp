// The frames of a journal's files over entries that RapidCheck chooses.
#include <cstring>
#include <rapidcheck.h>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "journal/format.hpp"
#include "journal/segment_reader.hpp"
#include "unit/journal/journal_fixture.hpp"

namespace syncline::test {
namespace {

using namespace journal_internal;

/// One entry: its kind, and its bytes.
using Drawn = std::pair<std::uint8_t, std::string>;

std::vector<OwnedEntry> entries_of(const std::vector<Drawn>& batch) {
  std::vector<OwnedEntry> entries;
  for (const auto& [number, bytes] : batch) {
    const auto kind = static_cast<JournalEntryKind>(1 + number % 10);
    OwnedEntry entry{kind, 0, bytes, 0, number >= 128};
    if (kind == JournalEntryKind::change || kind == JournalEntryKind::kept ||
        kind == JournalEntryKind::filings) {
      entry.lsn = number * std::uint64_t{0x0123'4567'89AB};
      entry.received_at_us = ~entry.lsn;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<JournalEntry> views_of(const std::vector<OwnedEntry>& entries) {
  std::vector<JournalEntry> views;
  for (const OwnedEntry& entry : entries) views.push_back(entry.view());
  return views;
}

std::vector<OwnedEntry> entries_in(const Batch& batch) {
  std::vector<OwnedEntry> entries;
  const auto visited = visit_entries(batch.entries, [&](const JournalEntry& entry) -> Result<void> {
    entries.push_back(OwnedEntry::of(entry));
    return {};
  });
  RC_ASSERT(visited.has_value());
  return entries;
}

}  // namespace

TEST_CASE("any batches are found again, one behind the other, and their entries in them") {
  CHECK(rc::check([](const std::vector<std::vector<Drawn>>& batches, std::uint32_t start) {
    const std::uint64_t begin = start * batch_alignment;
    ByteBuffer bytes;
    std::uint64_t hash = 7;
    for (const std::vector<Drawn>& batch : batches) {
      const std::uint64_t position = begin + bytes.size();
      hash = encode_batch(views_of(entries_of(batch)), position, position, hash, bytes);
    }
    BatchScanner scanner({bytes.data(), bytes.size()}, begin, 7);
    for (const std::vector<Drawn>& batch : batches) {
      const auto found = scanner.next();
      RC_ASSERT(found.has_value());
      RC_ASSERT(entries_in(*found) == entries_of(batch));
      RC_ASSERT(found->header.length == entries_bytes(views_of(entries_of(batch))));
    }
    RC_ASSERT(!scanner.next().has_value());
    RC_ASSERT(scanner.rest().empty() && scanner.hash() == hash);
    RC_ASSERT(scanner.position() == begin + bytes.size());
  }));
}

TEST_CASE("a batch with any bit turned, cut anywhere or standing elsewhere is none") {
  CHECK(rc::check([](const std::vector<Drawn>& batch, std::uint32_t where) {
    ByteBuffer bytes;
    encode_batch(views_of(entries_of(batch)), 64, 64, 7, bytes);
    RC_ASSERT(decode_batch({bytes.data(), bytes.size()}, 64).has_value());
    RC_ASSERT(!decode_batch({bytes.data(), bytes.size()}, 72).has_value());
    RC_ASSERT(!decode_batch({bytes.data(), where % bytes.size()}, 64).has_value());
    bytes[where / 8 % bytes.size()] ^= static_cast<std::uint8_t>(1U << (where % 8));
    RC_ASSERT(!decode_batch({bytes.data(), bytes.size()}, 64).has_value());
  }));
}

TEST_CASE("any header of a file is read again, and none with a bit turned") {
  CHECK(rc::check([](bool segment, std::uint64_t number, std::uint64_t start, std::uint64_t hash,
                     std::uint32_t where) {
    const FileHeader header{segment ? FileKind::segment : FileKind::checkpoint, number, start,
                            hash};
    ByteBuffer bytes;
    encode_file_header(header, bytes);
    RC_ASSERT(bytes.size() == file_header_bytes);
    const auto read = decode_file_header({bytes.data(), bytes.size()});
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->kind == header.kind && read->number == number && read->start == start);
    RC_ASSERT(read->previous_hash == hash);
    bytes[where / 8 % bytes.size()] ^= static_cast<std::uint8_t>(1U << (where % 8));
    RC_ASSERT(decode_file_header({bytes.data(), bytes.size()}).has_error());
  }));
}

}  // namespace syncline::test
