#include "changelog/conflicts/rebase_conflict.hpp"

#include <algorithm>
#include <vector>

namespace syncline {
namespace {

using log_internal::Storage;

/// What the side stands for: a void stands for the bytes that it keeps, or for a delete.
Operation stands_for(const ChangeView& change) noexcept {
  if (change.operation != Operation::void_) return change.operation;
  return change.format == PayloadFormat::none ? Operation::erase : Operation::update;
}

/// True if the writer had seen what it decided against: a change, or, where the row had been
/// forgotten, the marker under which it was.
bool saw_decided(const Storage& storage, const ChangeView& change, const Dot& against) {
  if (storage.saw(change, against)) return true;
  const log_internal::StableMarkers::Entry* marker =
      change.stable == 0 ? nullptr : storage.markers().find(against);
  return marker != nullptr && marker->marker.number <= change.stable;
}

std::optional<Rebased> decision_of(const Storage& storage, const ChangeView& change) {
  std::optional<Rebased> names = rebased_of(change);
  if (!names || !names->against || !saw_decided(storage, change, *names->against))
    return std::nullopt;
  return names;
}

bool same_row(const ChangeView& left, const ChangeView& right) noexcept {
  return left.table == right.table && left.row_id == right.row_id;
}

/// The causally first of the changes that name the conflict: it overruled the decision. 0: none.
Lsn overruled_by(const RowSituation& row, const RebaseSides& sides) {
  const std::string id = syncline::to_string(rebase_conflict_id(row.storage, row.tenant, sides));
  std::vector<const RowMember*> naming;
  for (const RowMember& member : row.members) {
    const Metadata metadata = member.change.metadata();
    const auto found = metadata.find("resolves");
    if (found != metadata.end() && found->second == id) naming.push_back(&member);
  }
  const RowMember* first = nullptr;
  for (const RowMember* member : naming) {
    const bool minimal = std::none_of(naming.begin(), naming.end(), [&](const RowMember* other) {
      return row.storage.saw(member->change, other->change.dot);
    });
    if (minimal && (first == nullptr || dated_before(first->change, member->change))) {
      first = member;
    }
  }
  return first == nullptr ? 0 : first->lsn;
}

bool same_outcome(const ChangeView& settled, const ChangeView& side) noexcept {
  const bool erased = stands_for(side) == Operation::erase;
  if (erased || settled.operation == Operation::erase) {
    return erased && settled.operation == Operation::erase;
  }
  return settled.format == side.format && settled.data == side.data;
}

}  // namespace

std::optional<Parting> rebase_parting(const Storage& storage, const ChangeView& change, Lsn lsn) {
  const std::optional<Rebased> names = decision_of(storage, change);
  if (!names) return std::nullopt;
  const Lsn found = storage.find(*names->against, lsn);
  if (found == 0 || !storage.stays(found)) return Parting{lsn, lsn};
  const ChangeView against = storage.view(found);
  const bool held = against.dot == *names->against && same_row(against, change);
  return Parting{held ? found : lsn, lsn};
}

std::optional<RebaseSides> rebase_sides(const Storage& storage, const Parting& parting) {
  for (const bool local : {false, true}) {
    const Lsn written = local ? parting.local : parting.remote;
    const Lsn other = local ? parting.remote : parting.local;
    std::optional<Rebased> names = decision_of(storage, storage.view(written));
    if (!names) continue;
    const bool alone = written == other;
    if (!alone && storage.view(other).dot != *names->against) continue;
    return RebaseSides{written, alone ? 0 : other, *names, local};
  }
  return std::nullopt;
}

Assessment assess_rebase(const RowSituation& row, const RebaseSides& sides) {
  const Storage& storage = row.storage;
  const ChangeView written = storage.view(sides.written);
  const bool rewritten = written.operation != Operation::void_;
  Assessment result;
  result.status = ConflictStatus::resolved;
  const Lsn against = sides.against == 0 ? sides.written : sides.against;
  result.local_tip = sides.written_is_local ? sides.written : against;
  result.remote_tip = sides.written_is_local ? against : sides.written;
  const Operation written_as = stands_for(written);
  Operation against_as = Operation::update;
  if (sides.against != 0) {
    against_as = storage.view(against).operation;
  } else if (storage.markers().find(*sides.names.against) != nullptr) {
    against_as = Operation::erase;  // of a row that was forgotten
  }
  result.kind = sides.written_is_local ? ConflictDetector::classify(written_as, against_as)
                                       : ConflictDetector::classify(against_as, written_as);
  const auto choose = [&](bool written_wins) {
    const bool local = written_wins == sides.written_is_local;
    result.winner = local ? ConflictWinner::local : ConflictWinner::remote;
    result.winner_lsn = written_wins ? sides.written : sides.against;
  };
  choose(rewritten);
  result.resolution = overruled_by(row, sides);
  if (result.resolution == 0) return result;
  const ChangeView settled = storage.view(result.resolution);
  if (same_outcome(settled, written)) {
    choose(true);
  } else if (sides.against != 0 && same_outcome(settled, storage.view(sides.against))) {
    choose(false);
  } else {
    result.winner = ConflictWinner::merged;
    result.winner_lsn = result.resolution;
  }
  return result;
}

ConflictId rebase_conflict_id(const Storage& storage, std::string_view tenant,
                              const RebaseSides& sides) {
  const ChangeView written = storage.view(sides.written);
  return conflict_id(tenant, written.table, written.row_id, written.dot, *sides.names.against);
}

std::string explain_rebase(const Storage& storage, const RebaseSides& sides) {
  const ChangeView written = storage.view(sides.written);
  const std::string begin =
      "Change " + to_string(sides.names.orphan) +
      " was made under an identity that went on elsewhere, and had not seen change " +
      to_string(*sides.names.against) + ". ";
  if (written.operation != Operation::void_) {
    return begin + "The policy preferred it, so it was written anew, as " + to_string(written.dot) +
           ".";
  }
  return begin + "The latter stands; void " + to_string(written.dot) + " keeps what lost.";
}

}  // namespace syncline
