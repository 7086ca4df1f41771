#include "changelog/conflicts/row_history.hpp"

#include <algorithm>
#include <cstring>

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
bool same_past(const ChangeView& left, const ChangeView& right,
               const std::vector<RowMember>& members) {
  if (left.stable == right.stable && left.context.size_bytes() == right.context.size_bytes() &&
      std::memcmp(left.context.data(), right.context.data(), left.context.size_bytes()) == 0) {
    return true;
  }
  return std::all_of(members.begin(), members.end(), [&](const RowMember& member) {
    return left.saw(member.change.dot) == right.saw(member.change.dot);
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
    if (saw_all_before(storage, lsn) && change.saw(members.back().change.dot)) break;
  }
  std::vector<Lsn> partings;
  for (const RowMember& member : members) {
    const bool concurrent = !change.saw(member.change.dot) && !member.change.saw(change.dot);
    if (concurrent && same_past(change, member.change, members)) partings.push_back(member.lsn);
  }
  std::sort(partings.begin(), partings.end());
  return partings;
}

Lsn base_of(const Storage& storage, Lsn lsn) {
  const ChangeView change = storage.view(lsn);
  std::vector<RowMember> seen;
  for (Lsn at = previous_of_row(storage, lsn); at != 0; at = previous_of_row(storage, at)) {
    const ChangeView earlier = storage.view(at);
    if (!change.saw(earlier.dot)) continue;
    seen.push_back({at, earlier});
    if (saw_all_before(storage, at)) break;
  }
  std::vector<ChangeView> maximal;
  std::vector<Lsn> lsns;
  for (const RowMember& member : seen) {
    const bool replaced = std::any_of(seen.begin(), seen.end(), [&](const RowMember& other) {
      return other.change.saw(member.change.dot);
    });
    if (replaced) continue;
    maximal.push_back(member.change);
    lsns.push_back(member.lsn);
  }
  return maximal.empty() ? 0 : lsns[greatest_of(maximal)];
}

}  // namespace syncline
