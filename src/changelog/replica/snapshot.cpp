// Giving snapshots, whole or in pages.

#include <algorithm>

#include "changelog/replica/impl.hpp"
#include "changelog/replica/needed_history.hpp"

namespace syncline {
namespace {

bool asked_for(std::span<const std::string> tables, std::string_view table) {
  return tables.empty() || std::find(tables.begin(), tables.end(), table) != tables.end();
}

SnapshotRecord to_record(const LogEntry& entry) {
  const auto bytes = entry.change.record;
  return {entry.lsn, std::string(bytes.begin(), bytes.end())};
}

}  // namespace

Snapshot Replica::snapshot_header() const {
  const std::shared_lock lock(impl_->mutex);
  const LogReader reader = impl_->contents->log.reader();
  Snapshot snapshot;
  snapshot.giver = impl_->options.node;
  snapshot.log_id = reader.log_id();
  snapshot.lsn = reader.last_lsn();
  snapshot.running_hash = reader.running_hash(reader.last_lsn());
  snapshot.clock = impl_->summary();
  if (const auto* last = impl_->contents->storage().markers().applied(); last != nullptr) {
    snapshot.stable_number = last->marker.number;
    snapshot.stable_clock = last->marker.vector;
  }
  for (const auto& [id, origin] : impl_->contents->origins) {
    if (origin->whole()) snapshot.chains.emplace(id, origin->chain);
  }
  return snapshot;
}

namespace {

/// Fills one page; the replica's lock is held.
class PageFiller {
 public:
  PageFiller(SnapshotPage& page, std::size_t limit, std::size_t max_bytes)
      : page_(page), limit_(limit), max_bytes_(max_bytes) {}

  bool full() const noexcept { return records_ >= limit_ || bytes_ >= max_bytes_; }
  void add_row(Lsn lsn) { page_.rows.push_back(take(lsn)); }
  void add_history(Lsn lsn) { page_.history.push_back(take(lsn)); }

 private:
  LogEntry take(Lsn lsn) {
    LogEntry entry = page_.reader.at(lsn);
    ++records_;
    bytes_ += entry.change.record.size();
    return entry;
  }

  SnapshotPage& page_;
  std::size_t limit_;
  std::size_t max_bytes_;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

bool Replica::Impl::is_head(const ChangeView& change, Lsn lsn) const {
  if (!change.is_row_change()) return false;
  const RowLookup row = look_up(RowKey(change.table, change.row_id));
  if (row.slot == nullptr) return false;
  if (!row.slot->parted()) return row.slot->head() == lsn;
  const std::vector<Lsn>& heads = contents->rows.parted(*row.slot).heads;
  return std::find(heads.begin(), heads.end(), lsn) != heads.end();
}

SnapshotPage Replica::snapshot_page(const SnapshotPosition& from, std::size_t limit,
                                    std::size_t max_bytes, std::span<const std::string> tables,
                                    Lsn up_to) const {
  const std::shared_lock lock(impl_->mutex);
  const Contents& state = *impl_->contents;
  SnapshotPage page{state.log.reader(), {}, {}, std::nullopt};
  PageFiller filler(page, limit, max_bytes);
  if (!from.in_history) {
    for (auto table = state.tables.lower_bound(from.table); table != state.tables.end(); ++table) {
      if (!asked_for(tables, table->first)) continue;
      const bool continued = table->first == from.table && !from.row_id.empty();
      table->second->scan(from.row_id, !continued, [&](std::string_view row_id) {
        if (filler.full()) {
          const ChangeView& last = page.rows.back().change;
          page.next = SnapshotPosition{false, std::string(last.table), std::string(last.row_id), 0};
          return false;
        }
        const RowLookup row = impl_->look_up(RowKey(table->first, row_id));
        if (!row.known) return true;  // forgotten
        if (!row.slot->parted()) {
          filler.add_row(row.slot->head());
          return true;
        }
        for (const Lsn lsn : state.rows.parted(*row.slot).heads) filler.add_row(lsn);
        return true;
      });
      if (page.next) return page;
    }
  }
  const Lsn last = std::min(up_to, page.reader.last_lsn());
  const Storage& storage = state.storage();
  NeededHistory needed(*impl_);
  for (Lsn lsn = storage.next_held(from.after); lsn <= last; lsn = storage.next_held(lsn)) {
    if (filler.full()) {
      page.next = SnapshotPosition{true, "", "", lsn - 1};
      return page;
    }
    const ChangeView change = storage.view(lsn);
    const bool wanted = !change.is_row_change() || asked_for(tables, change.table);
    if (wanted && !impl_->is_head(change, lsn) && needed.needs(change, lsn)) {
      filler.add_history(lsn);
    }
  }
  return page;
}

Snapshot Replica::snapshot(std::span<const std::string> tables) const {
  constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  Snapshot snapshot = snapshot_header();
  const SnapshotPage page = snapshot_page({}, all, all, tables, snapshot.lsn);
  for (const LogEntry& entry : page.rows) snapshot.rows.push_back(to_record(entry));
  for (const LogEntry& entry : page.history) snapshot.history.push_back(to_record(entry));
  return snapshot;
}

}  // namespace syncline
