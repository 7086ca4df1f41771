// Reading rows and the log.

#include <algorithm>

#include "changelog/codec/hash.hpp"
#include "changelog/conflicts/row_history.hpp"
#include "changelog/replica/impl.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// A number that stands for a visible row: its key and its value, whether that is held or only a
/// stub of it.
std::uint64_t hash_of_row(const ChangeView& change) noexcept {
  const std::uint64_t facts[] = {change.table.size(), change.row_id.size(), data_hash(change),
                                 static_cast<std::uint64_t>(change.format)};
  std::uint64_t hash = codec::hash_bytes(facts, sizeof facts);
  for (const std::string_view part : {change.table, change.row_id}) {
    hash = codec::hash_bytes(part.data(), part.size(), hash);
  }
  return hash;
}

}  // namespace

Row Replica::get(std::string_view table, std::string_view row_id) const {
  const RowKey key(table, row_id);
  const std::shared_lock lock(impl_->mutex);
  return impl_->row_of(impl_->look_up(key), impl_->contents->log.reader());
}

RowToken Replica::token(std::string_view table, std::string_view row_id) const {
  const RowKey key(table, row_id);
  const std::shared_lock lock(impl_->mutex);
  const Heads heads = impl_->heads_of(impl_->look_up(key));
  return token_of_heads({heads.data(), heads.size()});
}

RowToken Replica::token_of(const Row& row) {
  if (!row.siblings.empty()) return token_of_heads(row.siblings);
  if (row.winner) return token_of_heads({&*row.winner, 1});
  return token_of_heads({});
}

RowPage Replica::scan(std::string_view table, const ScanOptions& options) const {
  const std::shared_lock lock(impl_->mutex);
  const LogReader reader = impl_->contents->log.reader();
  RowPage page{reader, {}, std::nullopt};
  const auto found = impl_->contents->tables.find(table);
  if (found == impl_->contents->tables.end()) return page;
  found->second->scan(options.after, options.after.empty(), [&](std::string_view row_id) {
    const RowLookup row = impl_->look_up(RowKey(table, row_id));
    if (!row.known || (!row.exists() && !options.include_deleted)) return true;
    if (page.rows.size() == options.limit) {
      if (!page.rows.empty()) page.next = std::string(page.rows.back().winner->row_id);
      return false;
    }
    page.rows.push_back(impl_->row_of(row, reader));
    return true;
  });
  return page;
}

std::vector<std::string> Replica::tables() const {
  const std::shared_lock lock(impl_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, order] : impl_->contents->tables) names.push_back(name);
  return names;
}

std::vector<LogEntry> Replica::history(const LogReader& reader, std::string_view table,
                                       std::string_view row_id, std::size_t limit,
                                       Lsn before) const {
  const RowKey key(table, row_id);
  const std::shared_lock lock(impl_->mutex);
  std::vector<LogEntry> entries;
  const RowLookup row = impl_->look_up(key);
  if (row.slot == nullptr || reader.log_id() != impl_->contents->log.id()) return entries;
  const Storage& storage = impl_->contents->storage();
  Lsn lsn = row.slot->parted() ? impl_->contents->rows.parted(*row.slot).newest : row.slot->head();
  for (; lsn != 0 && entries.size() < limit; lsn = previous_of_row(storage, lsn)) {
    const bool wanted = lsn <= reader.last_lsn() && (before == 0 || lsn < before);
    if (wanted) entries.push_back(reader.at(lsn));
  }
  return entries;
}

VisibleChecksum Replica::visible_checksum() const {
  const std::shared_lock lock(impl_->mutex);
  VisibleChecksum checksum;
  const Contents& contents = *impl_->contents;
  contents.rows.for_each([&](const RowSlot& slot) {
    const Lsn lsn = slot.parted() ? contents.rows.parted(slot).visible : slot.head();
    if (lsn == 0) return;  // forgotten
    const ChangeView change = contents.storage().view(lsn);
    if (change.operation == Operation::erase) return;
    ++checksum.rows;
    checksum.hash += hash_of_row(change);  // a sum: rows have no order here
  });
  return checksum;
}

LogReader Replica::log() const {
  const std::lock_guard lock(impl_->shown_mutex);
  return {impl_->shown_storage, impl_->shown_log_id};
}

Lsn Replica::Impl::log_end() const {
  const std::lock_guard lock(shown_mutex);
  return shown_storage->published();
}

Result<ReadPage> Replica::read(const ReadOptions& options) const {
  return read_log(log(), options);
}

Lsn Replica::first_lsn_not_covered(const VectorClock& clock) const {
  const std::shared_lock lock(impl_->mutex);
  const Storage& storage = impl_->contents->storage();
  Lsn first = storage.published() + 1;
  for (const auto& [origin, progress] : impl_->contents->origins) {
    const Lsn lsn = storage.origins().first_after(origin, clock.get(origin));
    if (lsn != 0) first = std::min(first, lsn);
  }
  return first;
}

Lsn Replica::releasable_lsn() const {
  const Lsn published = log().last_lsn();
  if (impl_->options.journal == nullptr) return published;
  return std::min(published, impl_->options.journal->durable_lsn());
}

std::uint64_t Contents::memory_bytes() const {
  std::uint64_t bytes = storage().memory_bytes() + rows.memory_bytes() + conflicts.memory_bytes() +
                        waiting_tombstones.memory_bytes() + storage().markers().memory_bytes();
  for (const auto& [name, order] : tables) bytes += name.size() + order->memory_bytes();
  for (const auto& [id, progress] : origins) {
    bytes += sizeof(OriginProgress) + progress->checkpoints.capacity() * sizeof(std::uint64_t);
  }
  return bytes;
}

LogStatistics Replica::statistics() const {
  const std::shared_lock lock(impl_->mutex);
  const Contents& contents = *impl_->contents;
  const Storage& storage = contents.storage();
  LogStatistics statistics;
  statistics.current_lsn = storage.published();
  statistics.oldest_lsn = storage.first();
  const std::uint64_t in_log = statistics.current_lsn + 1 - statistics.oldest_lsn;
  statistics.changes = in_log + (storage.kept() == nullptr ? 0 : storage.kept()->size());
  statistics.bytes = storage.record_bytes();
  statistics.rows = contents.visible_rows;
  statistics.tombstones = contents.tombstones;
  if (in_log != 0) {
    statistics.oldest_received_us = storage.entry(statistics.oldest_lsn).received_ms() * 1000;
    statistics.newest_received_us = storage.entry(statistics.current_lsn).received_ms() * 1000;
  }
  statistics.memory_bytes = contents.memory_bytes();
  return statistics;
}

}  // namespace syncline
