// Cutting the log off: what is old and not needed goes, in memory and in the journal together.

#include <algorithm>
#include <optional>
#include <set>
#include <shared_mutex>
#include <utility>

#include "changelog/log/kept_copier.hpp"
#include "changelog/mutation.hpp"
#include "changelog/replica/impl.hpp"
#include "changelog/replica/needed_history.hpp"
#include "changelog/replica/trim_plan.hpp"

namespace syncline {
namespace {

// How much is done under one holding of the lock: a millisecond or two.
constexpr std::size_t rows_at_once = 8'192;
constexpr std::size_t ordered_rows_at_once = 32'768;

}  // namespace

/// The work of one trim. `maintenance` is held, so nobody else lays the log anew.
class Trim {
 public:
  Trim(Replica::Impl& impl, Lsn first)
      : impl_(impl),
        old_(impl.contents->log.shared_storage()),
        plan_(old_, first, stable_of(impl)),
        copier_(*old_, [this] { return claim_segment(); }) {
    const Lock lock(impl_.mutex);
    impl_.contents->rows.reuse_parted(false);
  }
  ~Trim() {
    const Lock lock(impl_.mutex);
    impl_.contents->rows.reuse_parted(true);
  }
  Trim(const Trim&) = delete;
  Trim& operator=(const Trim&) = delete;

  Result<TrimResult> run();

 private:
  using SharedLock = std::shared_lock<TurnstileMutex>;
  using Lock = std::unique_lock<TurnstileMutex>;

  static std::optional<VectorClock> stable_of(const Replica::Impl& impl);
  std::uint64_t claim_segment();
  bool collect(std::size_t at_most);
  void collect_all();
  void copy_found();
  bool resolve_doubtful(std::size_t at_most);
  void keep_markers();
  Lsn moved_in_order(std::string_view table, Lsn lsn) const;
  void find_beginning();
  void begin();
  Result<void> write_journal();
  void give_up();
  void index_kept();
  void repoint();
  void replace_storage();

  Replica::Impl& impl_;
  std::shared_ptr<const Storage> old_;
  TrimPlan plan_;
  log_internal::KeptCopier copier_;
  bool locked_ = false;  ///< the replica's lock is held alone
  std::size_t rows_seen_ = 0;
  std::size_t conflicts_seen_ = 0;
  std::vector<std::pair<Lsn, Lsn>> parted_rows_;  ///< newest change, and from where on it is needed
  std::vector<Lsn> doubtful_;
  std::set<std::uint64_t> named_markers_;  ///< by what is kept
  std::vector<Lsn> sides_;
  LogBeginning beginning_;
  CheckpointState checkpoint_;
};

std::optional<VectorClock> Trim::stable_of(const Replica::Impl& impl) {
  const SharedLock lock(impl.mutex);
  const auto* marker = impl.contents->storage().markers().applied();
  if (marker == nullptr) return std::nullopt;
  return marker->marker.vector;
}

std::uint64_t Trim::claim_segment() {
  if (locked_) return impl_.contents->storage().claim_segment();
  const Lock lock(impl_.mutex);
  return impl_.contents->storage().claim_segment();
}

/// Notes which rows have parted and what their conflicts are about. False: there are no more. The
/// lock is held.
bool Trim::collect(std::size_t at_most) {
  const RowTable& rows = impl_.contents->rows;
  const ConflictStore& conflicts = impl_.contents->conflicts;
  for (; rows_seen_ < rows.parted_count(); ++rows_seen_) {
    if (at_most-- == 0) return true;
    const PartedRow& row = rows.parted_at(static_cast<std::uint32_t>(rows_seen_));
    if (row.newest != 0) {
      parted_rows_.emplace_back(row.newest, NeededHistory(impl_).from(row));
    } else if (row.key != 0) {
      sides_.push_back(row.key);  // its report may have gone before those of others
    }
  }
  for (; conflicts_seen_ < conflicts.size(); ++conflicts_seen_) {
    if (at_most-- == 0) return true;
    if (!conflicts.is_kept(conflicts_seen_)) continue;
    sides_.push_back(conflicts[conflicts_seen_].parting.local);
    sides_.push_back(conflicts[conflicts_seen_].parting.remote);
  }
  return false;
}

void Trim::collect_all() {
  for (bool more = true; more; impl_.mutex.give_way()) {
    const SharedLock lock(impl_.mutex);
    more = collect(rows_at_once);
  }
}

void Trim::copy_found() {
  for (const auto& [newest, from] : parted_rows_) plan_.keep_row(newest, from);
  for (const Lsn side : sides_) plan_.keep(side);
  parted_rows_.clear();
  sides_.clear();
  const std::vector<Lsn> found = plan_.take_found();
  copier_.reserve(copier_.part().kept->size() + found.size());
  for (const Lsn lsn : found) {
    copier_.add(lsn);
    if (const std::uint64_t named = old_->front(lsn).stable; named != 0) {
      named_markers_.insert(named);
    }
  }
}

/// Of a deleted row that was forgotten nothing is needed; of one that is a head still it is. False:
/// there are no more. The lock is held.
bool Trim::resolve_doubtful(std::size_t at_most) {
  for (; !doubtful_.empty(); doubtful_.pop_back()) {
    if (at_most-- == 0) return true;
    const Lsn lsn = doubtful_.back();
    if (impl_.is_head(old_->view(lsn), lsn)) plan_.keep(lsn);
  }
  return false;
}

/// Kept are the markers that changes name which are held or are to come. The lock is held.
void Trim::keep_markers() {
  const log_internal::StableMarkers& markers = impl_.contents->storage().markers();
  const std::uint64_t in_use = markers.oldest_in_use();
  for (const auto& entry : markers.entries()) {
    const bool named =
        entry.last_named >= plan_.first() || named_markers_.contains(entry.marker.number);
    const bool wanted = named && !mutated(Mutation::trim_drops_markers);
    if (wanted || entry.marker.number >= in_use) plan_.keep(entry.lsn);
  }
}

void Trim::find_beginning() {
  const Lsn before = plan_.first() - 1;
  beginning_.first = plan_.first();
  beginning_.hash_before = old_->running_hash(before);
  beginning_.received_ms_before = old_->entry(before).received_ms();
  beginning_.clock = old_->origins().clock_at(before);
  beginning_.kept = copier_.part().kept;
  for (const VectorClock::Entry& entry : beginning_.clock.entries()) {
    const SharedLock lock(impl_.mutex);
    const OriginProgress& origin = *impl_.progress(entry.node);
    const Sequence seq = std::min(entry.seq, origin.chained);
    const auto chain = impl_.chain_at(entry.node, seq);
    if (chain && seq > origin.base.seq) beginning_.chain_base[entry.node] = {seq, *chain};
  }
}

/// From here on the rows' histories end at the new beginning, so nothing refers to what goes.
void Trim::begin() {
  const Lock lock(impl_.mutex);
  locked_ = true;
  collect(std::numeric_limits<std::size_t>::max());  // of rows that parted in the last moment
  copy_found();
  keep_markers();
  copy_found();
  locked_ = false;
  if (impl_.options.journal != nullptr) checkpoint_ = impl_.capture(beginning_);
  impl_.contents->storage().end_histories_before(plan_.first(), beginning_.kept);
}

Result<void> Trim::write_journal() {
  if (impl_.options.journal == nullptr) return {};
  Journal& journal = *impl_.options.journal;
  // The checkpoint speaks of changes that must not be lost if it is not.
  if (auto flushed = journal.flush(); !flushed) return flushed;
  return journal.checkpoint(
      plan_.first(), [&](const Journal::Visit& emit) { return checkpoint_.write(emit, false); });
}

void Trim::give_up() {
  const Lock lock(impl_.mutex);
  Storage& storage = impl_.contents->storage();
  storage.end_histories_before(storage.first(), storage.shared_kept());
  for (const auto& segment : copier_.part().segments) storage.give_back_segment(segment.number);
}

void Trim::index_kept() {
  log_internal::TrimmedPart& part = copier_.part();
  part.first = plan_.first();
  part.hash_before = beginning_.hash_before;
  part.dropped_bytes = plan_.bytes_before() - part.kept->record_bytes();
  for (const Lsn lsn : part.kept->lsns()) {
    const Dot dot = old_->front(lsn).dot;
    part.origins.add(dot.origin, dot.seq, lsn);
  }
  part.origins.begin_at(part.first, beginning_.clock);
}

/// Rows get to refer to what was copied. Both are there for now, so this need not be done at once.
void Trim::repoint() {
  std::vector<std::pair<std::string_view, RowOrder*>> orders;
  {
    const Lock lock(impl_.mutex);
    for (const auto& segment : copier_.part().segments) impl_.contents->storage().mount(segment);
    for (const auto& [name, order] : impl_.contents->tables) orders.emplace_back(name, order.get());
  }
  const log_internal::KeptChanges& kept = *beginning_.kept;
  RowTable::Place place;
  for (bool more = true; more; impl_.mutex.give_way()) {
    const Lock lock(impl_.mutex);
    more = impl_.contents->rows.repoint(place, rows_at_once, plan_.first(),
                                        [&](Lsn lsn) { return kept.find(lsn)->position(); });
  }
  for (const auto& [order_name, order] : orders) {
    RowOrder::Place place_in_order;
    for (bool more = true; more; impl_.mutex.give_way()) {
      const Lock lock(impl_.mutex);
      more = order->repoint(place_in_order, ordered_rows_at_once,
                            [&](Lsn lsn) { return moved_in_order(order_name, lsn); });
    }
  }
}

/// Another change of the row, 0 if it was forgotten. A row may have come again since, or its delete
/// been no head, as what came after it lies behind the beginning: then any change will do.
Lsn Trim::moved_in_order(std::string_view table, Lsn lsn) const {
  if (const Lsn moved = plan_.moved(lsn); moved != 0) return moved;
  const RowLookup row = impl_.look_up(RowKey(table, old_->front(lsn).row_id));
  if (!row.known) return 0;
  return row.slot->parted() ? impl_.contents->rows.parted(*row.slot).newest : row.slot->head();
}

void Trim::replace_storage() {
  const Lock lock(impl_.mutex);
  Contents& contents = *impl_.contents;
  const auto fresh = std::make_shared<Storage>(contents.storage(), copier_.part());
  contents.log.replace(fresh);
  contents.rows.refer_to(*fresh);
  for (const auto& [name, order] : contents.tables) order->refer_to(*fresh);
  // What is left of the rest is needed by nobody, or lies in the log.
  contents.storage().markers().retain([&](const log_internal::StableMarkers::Entry& marker) {
    return fresh->holds(marker.lsn) || marker.last_named >= fresh->first();
  });
  contents.waiting_tombstones.retain([&](Lsn lsn) { return fresh->holds(lsn); });
  for (const auto& [node, base] : beginning_.chain_base) {
    contents.progress_of(node).forget_chain_before(base);
  }
  impl_.show_log();
}

Result<TrimResult> Trim::run() {
  collect_all();
  doubtful_ = plan_.take_doubtful();
  for (bool more = true; more; impl_.mutex.give_way()) {
    const SharedLock lock(impl_.mutex);
    more = resolve_doubtful(rows_at_once);
  }
  copy_found();
  find_beginning();
  collect_all();  // so that little is left to be done under the lock
  copy_found();
  begin();
  log_internal::TrimmedPart& part = copier_.part();
  part.kept->sort();
  if (auto written = write_journal(); !written) {
    give_up();
    return written.error();
  }
  index_kept();
  repoint();
  replace_storage();
  return TrimResult{part.first, plan_.changes_before() - part.kept->size(), part.dropped_bytes,
                    part.kept->size()};
}

Result<TrimResult> Replica::trim(Lsn before) {
  const std::lock_guard maintenance(impl_->maintenance);
  const LogReader reader = log();
  const auto& journal = impl_->options.journal;
  Lsn first = 0;
  if (journal != nullptr) {
    // It can be cut off between segments that are written.
    if (auto flushed = journal->flush(); !flushed) return flushed.error();
    first = journal->checkpoint_before(std::min(before, reader.last_lsn()));
  } else if (before != 0) {
    // Whole leaves: what a smaller step would free is not worth its copies.
    constexpr Lsn step = log_internal::leaf_changes;
    first = (std::min(before, reader.last_lsn() + 1) - 1) / step * step + 1;
  }
  if (first <= reader.first_lsn()) return TrimResult{reader.first_lsn(), 0, 0, 0};
  return Trim(*impl_, first).run();
}

}  // namespace syncline
