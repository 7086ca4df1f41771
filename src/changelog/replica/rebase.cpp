// What of one's own log can stay beside a giver whose word counts, and what cannot.

#include "changelog/replica/rebase.hpp"

#include <algorithm>

#include "changelog/mutation.hpp"
#include "syncline/record.hpp"

namespace syncline {

Rebase::Rebase(Replica::Impl& impl, const Snapshot& giver, std::span<const std::string> tables,
               const RebaseOptions& options)
    : SnapshotMerge(impl, giver, tables), latest_us_(now_us_) {
  if (options.latest) latest_us_ = std::min(latest_us_, options.latest->physical_us());
  result_.before = impl.options.node;
  result_.after = impl.options.node;
  for (const auto& [origin, same] : options.contested) dispute(origin, same);
}

void Rebase::dispute(const NodeId& origin, Sequence same) {
  const auto [place, added] = contested_.try_emplace(origin, Contest{same});
  if (!added) place->second.same = std::max(place->second.same, same);
}

/// Bytes tell, and chain hashes do where bytes are gone on one side.
void Rebase::find_contested(const std::vector<Own>& own) {
  const Storage& storage = impl_.contents->storage();
  for (const Own& held : own) {
    if (given().contains(held.change.dot)) dispute(held.change.dot.origin, 0);
  }
  for (const auto& [origin, chain] : snapshot_.chains) {
    const Sequence seq = snapshot_.clock.get(origin);
    const std::optional<std::uint64_t> here = impl_.chain_at(origin, seq);
    if (here && *here != chain) dispute(origin, 0);
    const auto contest = contested_.find(origin);
    if (here && *here == chain && contest != contested_.end()) {
      contest->second.same = std::max(contest->second.same, seq);
    }
  }
  // More than this replica has written under its id can only be written by another one.
  if (snapshot_.clock.get(impl_.options.node) > impl_.own->in_log) dispute(impl_.options.node, 0);
  // A record was made once. Where both have it, they have the same ones before it, too; behind the
  // first that differs they may agree by chance only.
  for (auto& [origin, contest] : contested_) {
    const auto end = given().upper_bound({origin, std::numeric_limits<Sequence>::max()});
    for (auto each = given().lower_bound({origin, 0}); each != end; ++each) {
      const Lsn lsn = storage.find(each->first, storage.appended());
      if (lsn == 0 || storage.view(lsn).dot != each->first) continue;
      if (!same_change(storage.view(lsn), each->second)) break;
      contest.same = std::max(contest.same, each->first.seq);
    }
  }
}

bool Rebase::saw_orphan(const ChangeView& change) const {
  return std::any_of(contested_.begin(), contested_.end(), [&](const auto& entry) {
    return saw(change, {entry.first, entry.second.first_orphan});
  });
}

bool Rebase::is_orphaned(const ChangeView& change) const {
  const auto contest = contested_.find(change.dot.origin);
  if (contest == contested_.end()) {
    if (mutated(Mutation::seer_of_orphan_stays)) return false;
    return !snapshot_.clock.covers(change.dot) && saw_orphan(change);
  }
  const Contest& known = contest->second;
  if (change.dot.seq <= known.same) return false;
  return known.disputed || change.dot.seq >= known.first_orphan || saw_orphan(change);
}

/// One pass over the log. True if something was found that may orphan more.
bool Rebase::orphan_more(const std::vector<Own>& own) {
  bool more = false;
  for (const Own& held : own) {
    const Dot& dot = held.change.dot;
    if (!is_orphaned(held.change)) continue;
    const Sequence delivered = snapshot_.clock.get(dot.origin);
    Contest& contest = contested_.try_emplace(dot.origin, Contest{delivered, false}).first->second;
    // A replica of some tables sends its own changes only. Under a new id the undelivered ones of
    // the old one are not its own any more: all of them have to be written anew.
    if (dot.origin == impl_.options.node && !tables_.empty() && !contest.disputed) {
      contest.disputed = true;
      more = true;
    }
    // A part of a transaction does not stay without the rest, which no server would take.
    const std::optional<TransactionPart> part = held.change.transaction();
    const Sequence first = part ? std::max(part->number, contest.same + 1) : dot.seq;
    if (first >= contest.first_orphan) continue;
    contest.first_orphan = first;
    more = true;
  }
  return more;
}

Result<void> Rebase::choose(std::vector<Own>& own) {
  find_contested(own);
  while (orphan_more(own)) {
  }
  if (contested_.contains(impl_.options.node) && !mutated(Mutation::rebase_keeps_id)) {
    result_.after = NodeId::generate(impl_.random);
  }
  for (const Own& held : own) {
    if (!is_orphaned(held.change)) continue;
    const std::optional<Rebased> earlier = rebased_of(held.change);
    orphans_.push_back({held.change, earlier ? earlier->orphan : held.change.dot});
  }
  for (const auto& [dot, change] : given()) {
    if (const auto names = rebased_of(change)) written_anew_.emplace(names->orphan, change);
  }
  std::erase_if(own, [&](const Own& held) {
    const auto contest = contested_.find(held.change.dot.origin);
    const bool same = contest != contested_.end() && held.change.dot.seq <= contest->second.same;
    const bool is_marker = held.change.operation == Operation::stable;
    return is_orphaned(held.change) || outlived(held.change) ||
           (same && tables_.empty() && !is_marker);
  });
  return {};
}

Result<RebaseResult> Replica::rebase(const Snapshot& giver, std::span<const std::string> tables,
                                     const RebaseOptions& options) {
  const std::lock_guard maintenance(impl_->maintenance);
  std::unique_lock lock(impl_->mutex);
  if (auto checked = impl_->writable(); !checked) return checked.error();
  Rebase rebase(*impl_, giver, tables, options);
  if (auto done = rebase.run(); !done) return done.error();
  const RebaseResult result = rebase.take_result();
  if (result.before != result.after) impl_->privates.begin(0);  // under the new id nothing was sent
  if (auto durable = impl_->release(lock, 0); !durable) return durable.error();
  return result;
}

}  // namespace syncline
