// Finding another way for what orphaned changes say: row by row, once.

#include <algorithm>
#include <string_view>

#include "changelog/replica/context.hpp"
#include "changelog/replica/rebase.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

bool same_row(const ChangeView& left, const ChangeView& right) noexcept {
  return left.table == right.table && left.row_id == right.row_id;
}

/// Also where one of them is a stub.
bool same_bytes(const ChangeView& left, const ChangeView& right) noexcept {
  if (left.format != right.format) return false;
  return is_stub(left) == is_stub(right) ? left.data == right.data
                                         : data_hash(left) == data_hash(right);
}

/// What it was, and what it was written anew for.
Metadata metadata_with(const ChangeView& change, const Rebased& names) {
  Metadata metadata = change.metadata();
  const bool full = metadata.size() >= limits::max_metadata_entries;
  if (full && !metadata.contains("rebased")) metadata.erase(std::prev(metadata.end()));
  metadata["rebased"] = to_text(names);
  return metadata;
}

}  // namespace

/// Somebody else who held the same orphan may have written it anew before.
bool Rebase::is_delivered(const Orphan& orphan) const {
  const auto [begin, end] = written_anew_.equal_range(orphan.name);
  return std::any_of(begin, end, [&](const auto& entry) {
    return same_row(entry.second, orphan.change) && same_bytes(entry.second, orphan.change);
  });
}

/// True if a rebase before this one decided against the orphan, for another one of the row: that
/// one's context covers it although its writer had not seen it.
bool Rebase::lost_before(const RowCase& row, const Orphan& orphan) {
  return std::any_of(row.all.begin(), row.all.end(), [&](const Orphan* other) {
    const std::optional<Rebased> names = rebased_of(other->change);
    return names && names->against == orphan.change.dot;
  });
}

/// With an orphan that was written anew, what it had seen is delivered as well.
void Rebase::leave_delivered(RowCase& row) {
  std::vector<const Orphan*> delivered;
  for (const Orphan* orphan : row.all) {
    if (is_delivered(*orphan)) delivered.push_back(orphan);
  }
  for (const Orphan* orphan : row.all) {
    const bool gone = std::any_of(delivered.begin(), delivered.end(), [&](const Orphan* other) {
      return other == orphan ||
             (saw(other->change, orphan->change.dot) && !lost_before(row, *orphan));
    });
    if (!gone) row.left.push_back(orphan);
  }
  result_.delivered += row.all.size() - row.left.size();
}

/// Puts the greatest of those that no other one saw to the end, and notes the others of these.
void Rebase::order(RowCase& row) const {
  std::vector<const Orphan*> maximal;
  for (const Orphan* orphan : row.left) {
    const bool seen = std::any_of(row.left.begin(), row.left.end(), [&](const Orphan* other) {
      return saw(other->change, orphan->change.dot);
    });
    if (!seen) maximal.push_back(orphan);
  }
  const Orphan* last = *std::max_element(maximal.begin(), maximal.end(), [](auto* a, auto* b) {
    return dated_before(a->change, b->change);
  });
  std::erase(row.left, last);
  row.left.push_back(last);
  for (const Orphan* orphan : row.left) {
    const bool is_maximal = std::find(maximal.begin(), maximal.end(), orphan) != maximal.end();
    if (orphan == last || !(is_maximal || lost_before(row, *orphan))) continue;
    if (!ConflictDetector::same_outcome(orphan->change, last->change)) row.lost.push_back(orphan);
  }
}

bool Rebase::saw_head(const RowCase& row, const Orphan& orphan, const ChangeView& head) const {
  // Where the giver has other changes under the same dots, a context does not tell which it means.
  const auto contest = contested_.find(head.dot.origin);
  const bool clear = contest == contested_.end() || head.dot.seq < contest->second.first_orphan;
  if (clear && saw(orphan.change, head.dot)) return true;
  // Written anew plainly it had seen no more than what it stands for.
  const std::optional<Rebased> names = rebased_of(head);
  if (!names || names->against) return false;
  return std::any_of(row.all.begin(), row.all.end(), [&](const Orphan* original) {
    return original->name == names->orphan && same_bytes(original->change, head) &&
           (original == &orphan || saw(orphan.change, original->change.dot));
  });
}

Rebase::RowCase Rebase::decide(std::vector<const Orphan*> of_row) {
  RowCase row;
  row.all = std::move(of_row);
  leave_delivered(row);
  if (row.left.empty()) return row;
  order(row);
  const Orphan& last = *row.left.back();
  const RowLookup found = impl_.look_up(RowKey(last.change.table, last.change.row_id));
  if (!found.known) {
    leave_to_delete(row);
    return row;
  }
  row.shown = found.visible.dot;
  row.says_the_same = ConflictDetector::same_outcome(last.change, found.visible);
  Heads unseen;
  for (const ChangeView& head : impl_.heads_of(found)) {
    const bool seen = std::any_of(row.left.begin(), row.left.end(), [&](const Orphan* orphan) {
      return saw_head(row, *orphan, head);
    });
    if (!seen) unseen.push_back(head);
  }
  if (unseen.empty()) return row;
  const std::span<const ChangeView> heads(unseen.data(), unseen.size());
  row.against = heads[policy_of(last).decide(heads, nullptr).winner];
  return row;
}

/// Where the orphans had seen the row and it is unknown now, it was deleted and forgotten since: a
/// delete as old as the marker stands for what cannot be told any more.
void Rebase::leave_to_delete(RowCase& row) {
  const auto* marker = impl_.contents->storage().markers().applied();
  if (marker == nullptr) return;
  const bool had_seen = std::any_of(row.all.begin(), row.all.end(), [&](const Orphan* orphan) {
    const bool first = std::none_of(row.all.begin(), row.all.end(), [&](const Orphan* other) {
      return saw(orphan->change, other->change.dot);
    });
    // What it wrote first may have been delivered, and deleted and forgotten like the rest.
    const bool may_be_delivered = marker->marker.vector.covers(orphan->change.dot);
    return first && (may_be_delivered || orphan->change.operation != Operation::insert ||
                     !orphan->change.context.empty());
  });
  if (!had_seen) return;
  const ChangeView& last = row.left.back()->change;
  ChangeView gone;
  gone.dot = marker->marker.dot;
  gone.hlc = marker->marker.hlc;
  gone.operation = Operation::erase;
  gone.table = last.table;
  gone.row_id = last.row_id;
  row.shown = gone.dot;
  row.says_the_same = ConflictDetector::same_outcome(last, gone);
  row.against = gone;
}

/// What there is to write of a row beside the plain ones.
void Rebase::settle(const RowCase& row) {
  const Orphan& last = *row.left.back();
  const ConflictPolicy& policy = policy_of(last);
  Dot standing = row.shown;
  if (!row.against) {
    standing = write_anew(last, std::nullopt);
  } else if (row.says_the_same) {
    ++result_.delivered;
  } else {
    const ChangeView sides[] = {last.change, *row.against};
    if (policy.settles() && policy.decide(sides, nullptr).winner == 0) {
      standing = write_anew(last, row.against->dot);
    } else {
      standing = row.against->dot;
      keep_in_void(last, standing);
    }
  }
  for (const Orphan* lost : row.lost) keep_in_void(*lost, standing);
}

/// A void that keeps bytes of a decision before this one: they must not be lost now.
void Rebase::carry_void(const Orphan& orphan) {
  const ChangeView& change = orphan.change;
  std::optional<Rebased> names = rebased_of(change);
  if (change.operation != Operation::void_ || !names) return;
  if (is_delivered(orphan)) {
    ++result_.delivered;
    return;
  }
  const RowLookup row = impl_.look_up(RowKey(change.table, change.row_id));
  if (row.known) names->against = row.visible.dot;
  write(orphan, Operation::void_, *names);
  ++result_.voided;
}

/// What was taken out does not date what is written now.
void Rebase::set_clock_back() {
  const Storage& storage = impl_.contents->storage();
  HybridTime greatest;
  for (Lsn lsn = storage.next_held(0); lsn <= storage.appended(); lsn = storage.next_held(lsn)) {
    greatest = std::max(greatest, storage.front(lsn).hlc);
  }
  impl_.hybrid_clock = HybridClock(greatest);
}

Result<void> Rebase::write_more() {
  set_clock_back();
  using RowName = std::pair<std::string_view, std::string_view>;
  std::map<RowName, std::vector<const Orphan*>> by_row;
  for (const Orphan& orphan : orphans_) {
    if (!orphan.change.is_row_change()) continue;
    by_row[{orphan.change.table, orphan.change.row_id}].push_back(&orphan);
  }
  std::map<const Orphan*, std::pair<const RowCase*, std::size_t>> turns;
  std::vector<RowCase> rows;
  rows.reserve(by_row.size());  // `turns` points into it
  for (auto& [name, of_row] : by_row) {
    rows.push_back(decide(std::move(of_row)));
    const RowCase& row = rows.back();
    // Each has the turn of one of the row's changes in the log; the last has the last.
    const std::size_t first = row.all.size() - row.left.size();
    for (std::size_t i = 0; i < row.left.size(); ++i) turns[row.all[first + i]] = {&row, i};
  }
  for (const Orphan& orphan : orphans_) {
    if (!orphan.change.is_row_change()) carry_void(orphan);
    const auto turn = turns.find(&orphan);
    if (turn == turns.end()) continue;
    const auto& [row, index] = turn->second;
    if (index + 1 == row->left.size()) {
      settle(*row);
    } else if (!row->against) {
      write_anew(*row->left[index], std::nullopt);
    }
  }
  return {};
}

Dot Rebase::write_anew(const Orphan& orphan, const std::optional<Dot>& against) {
  Rebased names{orphan.name, against};
  if (!against) {
    // Plainly: what it said of a decision before this one stays.
    const std::optional<Rebased> earlier = rebased_of(orphan.change);
    if (earlier) names = *earlier;
  }
  ++result_.rewritten;
  return write(orphan, orphan.change.operation, names);
}

void Rebase::keep_in_void(const Orphan& orphan, const Dot& against) {
  write(orphan, Operation::void_, {orphan.name, against});
  ++result_.voided;
  if (!policy_of(orphan).settles()) result_.handed_to_app.push_back(orphan.change.to_change());
}

Dot Rebase::write(const Orphan& orphan, Operation operation, const Rebased& names) {
  const ChangeView& source = orphan.change;
  const RowKey key(source.table, source.row_id);
  const RowLookup row = impl_.look_up(key);
  const Heads heads = impl_.heads_of(row);
  const Metadata metadata = metadata_with(source, names);
  ContextBuffer context;
  codec::RecordFields fields;
  fields.origin = &impl_.options.node;
  fields.seq = impl_.own->in_log + 1;
  fields.hlc = impl_.hybrid_clock.tick(latest_us_);
  fields.operation = operation;
  fields.table = source.table;
  fields.row_id = source.row_id;
  impl_.set_context({heads.data(), heads.size()}, context, fields);
  fields.format = source.format;
  fields.data = source.data;
  fields.metadata = &metadata;
  std::uint8_t* place = impl_.contents->storage().reserve(codec::max_record_bytes(fields));
  codec::write_record(place, fields);
  const ChangeView change = view_trusted_record(place);
  const RowKey own_key(change.table, change.row_id, key.tag);
  impl_.file(change, own_key, operation == Operation::void_ ? RowLookup{} : row, now_us_, false);
  impl_.hybrid_clock = HybridClock(change.hlc);  // not what a clock says that may be wrong
  return change.dot;
}

}  // namespace syncline
