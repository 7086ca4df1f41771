#include "changelog/conflicts/row_history.hpp"

#include <algorithm>
#include <cstring>

#include "changelog/mutation.hpp"
#include "changelog/winner/greatest.hpp"

namespace syncline {
namespace {

using log_internal::Storage;

/// What was `applied` had seen every head, and so everything of its row that lies before it in the
/// log: who saw it has seen all of that, too.
bool saw_all_before(const Storage& storage, Lsn lsn) noexcept {
  return storage.entry(lsn).verdict() == Verdict::applied;
}

/// True if both saw the same of `members`, which hold whatever only one of them may have seen.
bool same_past(const Storage& storage, const ChangeView& left, const ChangeView& right,
               const std::vector<RowMember>& members) {
  if (left.stable == right.stable && left.context.size_bytes() == right.context.size_bytes() &&
      std::memcmp(left.context.data(), right.context.data(), left.context.size_bytes()) == 0) {
    return true;
  }
  if (mutated(Mutation::past_by_contexts)) return false;
  return std::all_of(members.begin(), members.end(), [&](const RowMember& member) {
    return storage.saw(left, member.change.dot) == storage.saw(right, member.change.dot);
  });
}

}  // namespace

std::vector<RowMember> collect_row(const Storage& storage, Lsn newest, Lsn oldest) {
  std::vector<RowMember> members;
  for (Lsn lsn = newest; lsn >= oldest && lsn != 0; lsn = previous_of_row(storage, lsn)) {
    members.push_back({lsn, storage.view(lsn)});
  }
  return members;
}

std::vector<Lsn> find_partings(const Storage& storage, Lsn newest, const ChangeView& change) {
  std::vector<RowMember> members;
  for (Lsn lsn = newest; lsn != 0; lsn = previous_of_row(storage, lsn)) {
    members.push_back({lsn, storage.front(lsn)});
    if (saw_all_before(storage, lsn) && storage.saw(change, members.back().change.dot)) break;
  }
  std::vector<Lsn> partings;
  for (const RowMember& member : members) {
    const bool concurrent =
        !storage.saw(change, member.change.dot) && !storage.saw(member.change, change.dot);
    if (concurrent && same_past(storage, change, member.change, members))
      partings.push_back(member.lsn);
  }
  std::sort(partings.begin(), partings.end());
  return partings;
}

Lsn seal_of(const Storage& storage, Lsn newest, Lsn before) {
  std::vector<ChangeView> newer;
  for (Lsn lsn = newest; lsn != 0; lsn = previous_of_row(storage, lsn)) {
    const ChangeView change = storage.front(lsn);
    const bool is_seal =
        lsn < before && storage.markers().covers(change.dot) && saw_all_before(storage, lsn) &&
        std::all_of(
            newer.begin(), newer.end(),
            [&](const ChangeView& later) { return storage.saw(later, change.dot); });
    if (is_seal) return lsn;
    newer.push_back(change);
  }
  return 0;
}

Lsn base_of(const Storage& storage, Lsn lsn) {
  const ChangeView change = storage.view(lsn);
  std::vector<RowMember> seen;
  for (Lsn at = previous_of_row(storage, lsn); at != 0; at = previous_of_row(storage, at)) {
    const ChangeView earlier = storage.view(at);
    if (!storage.saw(change, earlier.dot)) continue;
    seen.push_back({at, earlier});
    if (saw_all_before(storage, at)) break;
  }
  std::vector<ChangeView> maximal;
  std::vector<Lsn> lsns;
  for (const RowMember& member : seen) {
    const bool replaced = std::any_of(seen.begin(), seen.end(), [&](const RowMember& other) {
      return storage.saw(other.change, member.change.dot);
    });
    if (replaced) continue;
    maximal.push_back(member.change);
    lsns.push_back(member.lsn);
  }
  return maximal.empty() ? 0 : lsns[greatest_of(maximal)];
}

}  // namespace syncline
