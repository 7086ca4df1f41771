#include "changelog/conflicts/assessment.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace syncline {
namespace {

/// A conflict's two parting changes in the order of their dots, which is the same on all nodes.
struct Sides {
  ChangeView first;
  ChangeView second;
  Lsn first_lsn = 0;
  Lsn second_lsn = 0;
  bool local_is_first = true;
};

struct Pair {
  std::size_t first;  // index of the head on the side of `Sides::first`
  std::size_t second;
};

/// The pairs of heads that one conflict separates, those with different bytes marked.
struct Separation {
  bool any = false;
  bool any_different = false;
  std::vector<Pair> different;
};

class Assessor {
 public:
  Assessor(const RowSituation& row, std::span<const Parting> partings) : row_(row) {
    for (const Lsn head : row.heads) heads_.push_back(row.storage.view(head));
    for (const Parting& parting : partings) {
      Sides sides{row.storage.view(parting.local), row.storage.view(parting.remote), parting.local,
                  parting.remote, true};
      if (sides.second.dot < sides.first.dot) {
        std::swap(sides.first, sides.second);
        std::swap(sides.first_lsn, sides.second_lsn);
        sides.local_is_first = false;
      }
      conflicts_.push_back(sides);
    }
  }

  std::vector<Assessment> run() const {
    std::vector<Assessment> assessments;
    for (std::size_t i = 0; i < conflicts_.size(); ++i) assessments.push_back(assess_one(i));
    return assessments;
  }

 private:
  struct Tips {
    Lsn first = 0;
    Lsn second = 0;
  };

  bool on_side(std::size_t head, const ChangeView& parting) const {
    return is_or_saw(row_.storage, heads_[head], parting.dot);
  }

  bool separates(const Sides& conflict, std::size_t left, std::size_t right) const {
    return (on_side(left, conflict.first) && on_side(right, conflict.second)) ||
           (on_side(right, conflict.first) && on_side(left, conflict.second));
  }

  /// True if each side of `other` is or saw one of the sides of `conflict`.
  bool later(const Sides& other, const Sides& conflict) const {
    const auto follows = [&](const ChangeView& side) {
      return is_or_saw(row_.storage, side, conflict.first.dot) ||
             is_or_saw(row_.storage, side, conflict.second.dot);
    };
    return follows(other.first) && follows(other.second);
  }

  Separation separation(const Sides& conflict) const {
    // Few heads are on a conflict's sides, however many the row has: they are looked for once.
    std::vector<std::size_t> first_side;
    std::vector<std::size_t> second_side;
    for (std::size_t head = 0; head < heads_.size(); ++head) {
      if (on_side(head, conflict.first)) first_side.push_back(head);
      if (on_side(head, conflict.second)) second_side.push_back(head);
    }
    Separation found;
    for (const std::size_t left : first_side) {
      for (const std::size_t right : second_side) {
        if (left == right) continue;  // a head that saw both sides is not separated from itself
        found.any = true;
        if (ConflictDetector::same_outcome(heads_[left], heads_[right])) continue;
        found.any_different = true;
        found.different.push_back(oriented(conflict, left, right));
      }
    }
    return found;
  }

  /// Puts each head of a separated pair to its side; where both fit both, the greater comes first.
  Pair oriented(const Sides& conflict, std::size_t left, std::size_t right) const {
    if (dated_before(heads_[left], heads_[right])) std::swap(left, right);
    const bool as_is = on_side(left, conflict.first) && on_side(right, conflict.second);
    return as_is ? Pair{left, right} : Pair{right, left};
  }

  /// The greatest pair that no later conflict separates; nullopt if there is none.
  std::optional<Pair> open_pair(std::size_t index, const Separation& separation) const {
    std::vector<const Sides*> later_ones;
    for (std::size_t i = 0; i < conflicts_.size(); ++i) {
      if (i != index && later(conflicts_[i], conflicts_[index]))
        later_ones.push_back(&conflicts_[i]);
    }
    std::optional<Pair> greatest;
    for (const Pair& pair : separation.different) {
      const bool covered = std::any_of(
          later_ones.begin(), later_ones.end(),
          [&](const Sides* other) { return separates(*other, pair.first, pair.second); });
      if (!covered && (!greatest || lesser(*greatest, pair))) greatest = pair;
    }
    return greatest;
  }

  /// Pairs are compared by their greater head, then by the other.
  bool lesser(const Pair& left, const Pair& right) const {
    const auto greater_of = [&](const Pair& pair) {
      return dated_before(heads_[pair.first], heads_[pair.second]) ? pair.second : pair.first;
    };
    const auto lesser_of = [&](const Pair& pair) {
      return dated_before(heads_[pair.first], heads_[pair.second]) ? pair.first : pair.second;
    };
    if (greater_of(left) != greater_of(right)) {
      return dated_before(heads_[greater_of(left)], heads_[greater_of(right)]);
    }
    return dated_before(heads_[lesser_of(left)], heads_[lesser_of(right)]);
  }

  /// The greatest of the maximal changes that are on the side of `own` and have not seen `other`.
  /// The one at `own_lsn`, where it parted, if none is: so only if a journal is damaged behind
  /// right checksums and tells of a parting that there was not.
  Lsn tip(const ChangeView& own, Lsn own_lsn, const ChangeView& other) const {
    std::vector<const RowMember*> side;
    for (const RowMember& member : row_.members) {
      if (is_or_saw(row_.storage, member.change, own.dot) &&
          !is_or_saw(row_.storage, member.change, other.dot)) {
        side.push_back(&member);
      }
    }
    const RowMember* greatest = nullptr;
    for (const RowMember* member : side) {
      const bool replaced = std::any_of(side.begin(), side.end(), [&](const RowMember* later_one) {
        return row_.storage.saw(later_one->change, member->change.dot);
      });
      if (replaced) continue;
      if (greatest == nullptr || dated_before(greatest->change, member->change)) greatest = member;
    }
    return greatest == nullptr ? own_lsn : greatest->lsn;
  }

  /// The change that settled the conflict: the causally first that saw both sides; where a policy
  /// settles by itself, only one that was written to overrule it.
  Lsn resolution(const Sides& conflict) const {
    std::vector<const RowMember*> candidates;
    for (const RowMember& member : row_.members) {
      const bool saw_both = row_.storage.saw(member.change, conflict.first.dot) &&
                            row_.storage.saw(member.change, conflict.second.dot);
      if (saw_both && (!row_.policy.settles() || names_conflict(member.change, conflict))) {
        candidates.push_back(&member);
      }
    }
    const RowMember* first = nullptr;
    for (const RowMember* member : candidates) {
      const bool minimal =
          std::none_of(candidates.begin(), candidates.end(), [&](const RowMember* other) {
            return row_.storage.saw(member->change, other->change.dot);
          });
      if (!minimal) continue;
      if (first == nullptr || dated_before(first->change, member->change)) first = member;
    }
    return first == nullptr ? 0 : first->lsn;
  }

  bool names_conflict(const ChangeView& change, const Sides& conflict) const {
    const Metadata metadata = change.metadata();
    const auto found = metadata.find("resolves");
    return found != metadata.end() &&
           found->second ==
               syncline::to_string(conflict_id(row_.tenant, change.table, change.row_id,
                                               conflict.first.dot, conflict.second.dot));
  }

  Assessment assess_one(std::size_t index) const {
    const Sides& conflict = conflicts_[index];
    const Separation separated = separation(conflict);
    Assessment result;
    Tips tips;
    std::optional<Pair> open;
    if (separated.any_different && !row_.policy.settles()) open = open_pair(index, separated);
    if (open) {
      result.status = ConflictStatus::open;
      tips = {row_.heads[open->first], row_.heads[open->second]};
    } else {
      const bool converged = separated.any && !separated.any_different;
      result.status = converged ? ConflictStatus::convergent : ConflictStatus::resolved;
      tips = {tip(conflict.first, conflict.first_lsn, conflict.second),
              tip(conflict.second, conflict.second_lsn, conflict.first)};
      if (!converged) result.resolution = resolution(conflict);
    }
    result.local_tip = conflict.local_is_first ? tips.first : tips.second;
    result.remote_tip = conflict.local_is_first ? tips.second : tips.first;
    result.kind = ConflictDetector::classify(row_.storage.view(result.local_tip).operation,
                                             row_.storage.view(result.remote_tip).operation);
    decide_winner(result);
    return result;
  }

  void decide_winner(Assessment& result) const {
    if (result.status == ConflictStatus::open) return;
    const ChangeView local = row_.storage.view(result.local_tip);
    const ChangeView remote = row_.storage.view(result.remote_tip);
    const bool remote_greater = dated_before(local, remote);
    const auto choose = [&](bool remote_wins) {
      result.winner = remote_wins ? ConflictWinner::remote : ConflictWinner::local;
      result.winner_lsn = remote_wins ? result.remote_tip : result.local_tip;
    };
    if (result.resolution != 0) {
      const ChangeView settled = row_.storage.view(result.resolution);
      const bool like_local = ConflictDetector::same_outcome(settled, local);
      const bool like_remote = ConflictDetector::same_outcome(settled, remote);
      if (like_local || like_remote) return choose(like_remote && (remote_greater || !like_local));
      result.winner = ConflictWinner::merged;
      result.winner_lsn = result.resolution;
      return;
    }
    if (result.status == ConflictStatus::convergent) return choose(remote_greater);
    if (!row_.policy.settles()) return;  // a later conflict of the row has taken its place
    const ChangeView tips[] = {local, remote};
    choose(row_.policy.decide(tips, nullptr).winner == 1);
  }

  const RowSituation& row_;
  std::vector<ChangeView> heads_;
  std::vector<Sides> conflicts_;
};

}  // namespace

std::vector<Assessment> assess(const RowSituation& row, std::span<const Parting> partings) {
  return Assessor(row, partings).run();
}

}  // namespace syncline
