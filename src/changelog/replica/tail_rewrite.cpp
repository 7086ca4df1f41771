#include "changelog/replica/tail_rewrite.hpp"

#include <algorithm>

#include "changelog/replica/snapshot_merge.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// How the log filed the change at `lsn`, to file it so again.
Restored restored_from(const Storage& storage, Lsn lsn) {
  LogEntry entry;
  storage.fill(lsn, entry);
  const std::uint64_t distance = storage.entry(lsn).distance();
  Restored known;
  known.filing = {entry.received_at_us, entry.verdict, entry.before_lsn,
                  distance == 0 ? 0 : lsn - distance, entry.skewed};
  known.kept_at = lsn < storage.first() ? lsn : 0;
  return known;
}

std::uint64_t tag_of(const ChangeView& change) noexcept {
  return RowTable::tag_of(change.table, change.row_id);
}

}  // namespace

TailRewrite::TailRewrite(Replica::Impl& impl)
    : impl_(impl),
      first_(impl.private_from()),
      old_clock_(impl.hybrid_clock),
      old_properties_(impl.properties) {
  const Dot first{impl.options.node, first_};
  const Storage& storage = impl.contents->storage();
  const std::optional<std::uint64_t> chain = impl.chain_at(first.origin, first_ - 1);
  const Lsn found = first_ <= impl.own->in_log ? storage.find(first, storage.appended()) : 0;
  // Own changes are held whole from where the log begins, and so is their chain known.
  if (!chain || found < storage.first() || storage.front(found).dot != first) {
    first_ = impl.own->in_log + 1;
    return;
  }
  own_chain_ = {first_ - 1, *chain};
  from_ = found;
}

TailRewrite::~TailRewrite() {
  if (old_ != nullptr) put_back();
}

void TailRewrite::put_back() {
  impl_.begin_log(impl_.options.node, std::move(old_));
  impl_.hybrid_clock = old_clock_;
  impl_.properties = std::move(old_properties_);
}

HybridTime TailRewrite::greatest_kept() const {
  const Storage& storage = impl_.contents->storage();
  HybridTime greatest;
  for (Lsn lsn = storage.next_held(0); lsn <= storage.appended(); lsn = storage.next_held(lsn)) {
    const ChangeView change = storage.front(lsn);
    if (!is_private(change)) greatest = std::max(greatest, change.hlc);
  }
  return greatest;
}

LogBeginning TailRewrite::beginning() const {
  const Storage& storage = impl_.contents->storage();
  LogBeginning beginning;
  if (storage.first() == 1) return beginning;
  beginning.first = storage.first();
  beginning.hash_before = storage.running_hash(storage.first() - 1);
  beginning.received_ms_before = storage.entry(storage.first()).received_ms();
  beginning.clock = storage.origins().clock_at(storage.first() - 1);
  beginning.kept = storage.shared_kept();
  return beginning;
}

void TailRewrite::begin_storage() {
  const LogBeginning begun = beginning();
  auto fresh = std::make_unique<Contents>(impl_.contents->log.id());
  if (begun.first != 1) {
    fresh->storage().begin_at(begun.first, begun.hash_before, begun.received_ms_before,
                              begun.clock);
  }
  old_ = std::move(impl_.contents);
  impl_.begin_log(impl_.options.node, std::move(fresh));
}

void TailRewrite::copy_before() {
  const Storage& before = old_->storage();
  for (Lsn lsn = before.next_held(0); lsn < from_; lsn = before.next_held(lsn)) {
    const ChangeView change = before.view(lsn);
    const Restored known = restored_from(before, lsn);
    impl_.file_copy(change, tag_of(change), known.filing.received_at_us, known.filing.skewed,
                    &known);
  }
}

/// Of conflicts of the rest only those are found again that there still are.
void TailRewrite::restore_conflicts() {
  for (std::size_t i = 0; i < old_->conflicts.size(); ++i) {
    const KeptConflict& kept = old_->conflicts[i];
    if (!old_->conflicts.is_kept(i)) continue;
    if (kept.parting.local >= from_ || kept.parting.remote >= from_) continue;
    ConflictRecord record{kept.parting.local, kept.parting.remote, kept.detected_at_us, 0};
    const PartedRow& row = old_->rows.parted_at(kept.row);
    if (row.conflicts.front() == i) record.not_kept = row.conflicts_not_kept;
    static_cast<void>(impl_.restore_conflict(record));  // both sides were just filed
  }
}

void TailRewrite::merge_again(const Replace& replace) {
  const Storage& before = old_->storage();
  for (Lsn lsn = from_; lsn <= before.appended(); ++lsn) {
    ChangeView change = before.view(lsn);
    std::optional<std::string> record;
    if (is_private(change)) record = replace(change);
    if (record) {
      change = view_trusted_record(reinterpret_cast<const std::uint8_t*>(record->data()));
    }
    const ChangeLog::Filing filing = restored_from(before, lsn).filing;
    impl_.file_copy(change, tag_of(change), filing.received_at_us, filing.skewed);
  }
}

/// Nothing but the own changes is another one now, so all else is known as it was.
void TailRewrite::take_origins() {
  Contents& state = *impl_.contents;
  state.storage().origins().cover_as(old_->storage().origins());
  for (const auto& [id, known] : old_->origins) {
    OriginProgress& origin = state.progress_of(id);
    if (id != impl_.options.node) {
      origin = *known;
      continue;
    }
    OriginProgress own = *known;
    if (known->chained >= first_) {
      constexpr Sequence every = OriginProgress::checkpoint_every;
      own.checkpoints.resize(own_chain_.seq / every - own.base.seq / every);
      own.chained = own_chain_.seq;
      own.chain = own_chain_.chain;
      const Storage& storage = state.storage();
      while (own.chained < known->chained) {
        const Lsn lsn = storage.find({id, own.chained + 1}, storage.appended());
        own.extend_chain(chain_hash(own.chain, storage.view(lsn)));
      }
    }
    origin = own;
  }
}

void TailRewrite::lay(const Replace& replace) {
  begin_storage();
  copy_before();
  restore_conflicts();
  impl_.collect_all();  // under the last marker before what is merged again
  merge_again(replace);
  inherit_conflicts(*old_, *impl_.contents);
  ConflictStore& conflicts = impl_.contents->conflicts;
  const std::uint64_t not_kept = old_->conflicts.not_kept();
  if (conflicts.not_kept() < not_kept) conflicts.count_not_kept(not_kept - conflicts.not_kept());
  take_origins();
  impl_.hybrid_clock = old_clock_;
}

Result<void> TailRewrite::commit() {
  if (impl_.options.journal != nullptr) {
    const CheckpointState state = impl_.capture(beginning());
    const auto write = [&](const Journal::Visit& emit) { return state.write(emit, true); };
    if (auto kept = impl_.options.journal->checkpoint(0, write); !kept) {
      put_back();
      return kept;
    }
  }
  old_.reset();
  impl_.show_log();
  return {};
}

}  // namespace syncline
