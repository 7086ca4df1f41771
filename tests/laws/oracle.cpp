#include "laws/oracle.hpp"

#include <algorithm>
#include <tuple>

namespace syncline::laws {

std::vector<std::size_t> members(const ChangeSet& set) {
  std::vector<std::size_t> found;
  for (std::size_t i = set._Find_first(); i < max_changes; i = set._Find_next(i))
    found.push_back(i);
  return found;
}

Graph::Graph(std::string tenant, bool settles, std::vector<RowName> rows)
    : tenant_(std::move(tenant)),
      settles_(settles),
      names_(std::move(rows)),
      of_row_(names_.size()),
      worked_out_(names_.size()) {}

std::optional<std::size_t> Graph::find(const Dot& dot) const {
  for (std::size_t i = 0; i < made_.size(); ++i) {
    if (made_[i].change.dot == dot) return i;
  }
  return std::nullopt;
}

std::size_t Graph::add(Change change, std::string record, std::size_t row, const ChangeSet& held) {
  const std::size_t index = made_.size();
  Made made{std::move(change), std::move(record), row, held & of_row_[row], std::nullopt};
  if (const auto found = made.change.metadata.find("resolves");
      found != made.change.metadata.end()) {
    if (const auto id = conflict_id_from_string(found->second)) made.resolves = *id;
  }
  if (made.change.operation != Operation::void_) row_changes_.set(index);
  of_row_[row].set(index);
  made_.push_back(std::move(made));
  worked_out_[row].clear();
  return index;
}

const ExpectedRow& Graph::expected(std::size_t row, const ChangeSet& held) const {
  const ChangeSet of_this_row = held & of_row_[row];
  auto& known = worked_out_[row];
  const auto found = known.find(of_this_row);
  if (found != known.end()) return found->second;
  return known.emplace(of_this_row, work_out(row, held)).first->second;
}

VectorClock Graph::clock_of(const ChangeSet& held) const {
  VectorClock clock;
  for (const std::size_t i : members(held)) {
    const Dot& dot = made_[i].change.dot;
    if (clock.get(dot.origin) < dot.seq) clock.set(dot.origin, dot.seq);
  }
  return clock;
}

bool Graph::acceptable(std::size_t index, const ChangeSet& held) const {
  const Dot& dot = made_[index].change.dot;
  if ((made_[index].saw & ~held).any()) return false;
  for (std::size_t i = 0; i < made_.size(); ++i) {
    const Dot& other = made_[i].change.dot;
    if (other.origin == dot.origin && other.seq < dot.seq && !held[i]) return false;
  }
  return true;
}

Verdict Graph::verdict(std::size_t index, const ChangeSet& held) const {
  if (!row_changes_[index]) return Verdict::applied;
  bool unseen = false;
  bool differs = false;
  for (const std::size_t head : maximal(held & of_row_[made_[index].row] & row_changes_)) {
    if (made_[head].saw[index]) return Verdict::superseded;
    if (made_[index].saw[head]) continue;
    unseen = true;
    differs = differs || !same_outcome(head, index);
  }
  if (!unseen) return Verdict::applied;
  return differs ? Verdict::conflict : Verdict::convergent;
}

bool Graph::is_or_saw(std::size_t later, std::size_t earlier) const {
  return later == earlier || made_[later].saw[earlier];
}

bool Graph::dated_before(std::size_t left, std::size_t right) const {
  const Change& a = made_[left].change;
  const Change& b = made_[right].change;
  return std::tie(a.hlc.value, a.dot.origin, a.dot.seq) <
         std::tie(b.hlc.value, b.dot.origin, b.dot.seq);
}

bool Graph::same_outcome(std::size_t left, std::size_t right) const {
  const Change& a = made_[left].change;
  const Change& b = made_[right].change;
  const bool a_deleted = a.operation == Operation::erase;
  const bool b_deleted = b.operation == Operation::erase;
  if (a_deleted || b_deleted) return a_deleted && b_deleted;
  return a.format == b.format && a.data == b.data;
}

bool Graph::separates(std::size_t x, std::size_t y, std::size_t head, std::size_t other) const {
  return (is_or_saw(head, x) && is_or_saw(other, y)) || (is_or_saw(head, y) && is_or_saw(other, x));
}

std::size_t Graph::greatest(const std::vector<std::size_t>& some) const {
  return *std::max_element(some.begin(), some.end(), [this](std::size_t left, std::size_t right) {
    return dated_before(left, right);
  });
}

std::vector<std::size_t> Graph::maximal(const ChangeSet& set) const {
  ChangeSet seen;
  const std::vector<std::size_t> all = members(set);
  for (const std::size_t i : all) seen |= made_[i].saw;
  return members(set & ~seen);
}

ExpectedRow Graph::work_out(std::size_t row, const ChangeSet& held) const {
  const ChangeSet set = held & of_row_[row] & row_changes_;
  const std::vector<std::size_t> live = members(set);
  ExpectedRow answer;
  answer.heads = maximal(set);
  std::sort(answer.heads.begin(), answer.heads.end(),
            [this](std::size_t left, std::size_t right) { return dated_before(right, left); });
  const std::vector<Pair> pairs = parted(live);
  for (const Pair& pair : pairs) {
    answer.conflicts.push_back(judge(pair, pairs, live, answer.heads));
  }
  return answer;
}

/// Concurrent changes with the same row past, voids left out.
std::vector<Graph::Pair> Graph::parted(const std::vector<std::size_t>& live) const {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < live.size(); ++i) {
    for (std::size_t j = i + 1; j < live.size(); ++j) {
      const Made& left = made_[live[i]];
      const Made& right = made_[live[j]];
      if (left.saw[live[j]] || right.saw[live[i]]) continue;
      if ((left.saw & row_changes_) != (right.saw & row_changes_)) continue;
      if (left.change.dot < right.change.dot) {
        pairs.emplace_back(live[i], live[j]);
      } else {
        pairs.emplace_back(live[j], live[i]);
      }
    }
  }
  return pairs;
}

bool Graph::is_later(const Pair& later, const Pair& earlier) const {
  if (later == earlier) return false;
  const auto continues = [&](std::size_t side) {
    return is_or_saw(side, earlier.first) || is_or_saw(side, earlier.second);
  };
  return continues(later.first) && continues(later.second);
}

std::vector<Graph::Pair> Graph::kept_apart(const Pair& pair, const std::vector<Pair>& pairs,
                                           const std::vector<Pair>& separated) const {
  std::vector<Pair> apart;
  for (const Pair& heads : separated) {
    if (same_outcome(heads.first, heads.second)) continue;
    const bool taken_over = std::any_of(pairs.begin(), pairs.end(), [&](const Pair& other) {
      return is_later(other, pair) &&
             separates(other.first, other.second, heads.first, heads.second);
    });
    if (!taken_over) apart.push_back(heads);
  }
  return apart;
}

ExpectedConflict Graph::judge(const Pair& pair, const std::vector<Pair>& pairs,
                              const std::vector<std::size_t>& live,
                              const std::vector<std::size_t>& heads) const {
  ExpectedConflict conflict;
  conflict.x = pair.first;
  conflict.y = pair.second;
  const RowName& name = names_[made_[conflict.x].row];
  conflict.id = conflict_id(tenant_, name.table, name.row_id, made_[conflict.x].change.dot,
                            made_[conflict.y].change.dot);
  const ChangeSet past = made_[conflict.x].saw & row_changes_;
  if (past.any()) conflict.base = greatest(maximal(past));

  // Heads come greatest first, so each pair of them is (greater, lesser), and the greatest pair of
  // any choice is the first.
  std::vector<Pair> separated;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    for (std::size_t j = i + 1; j < heads.size(); ++j) {
      if (separates(pair.first, pair.second, heads[i], heads[j])) {
        separated.emplace_back(heads[i], heads[j]);
      }
    }
  }
  const bool all_same = std::all_of(separated.begin(), separated.end(), [this](const Pair& two) {
    return same_outcome(two.first, two.second);
  });
  conflict.tip_x = side_tip(conflict.x, conflict.y, live);
  conflict.tip_y = side_tip(conflict.y, conflict.x, live);
  if (!separated.empty() && all_same) {
    conflict.status = ConflictStatus::convergent;
  } else if (!settles_) {
    const std::vector<Pair> apart = kept_apart(pair, pairs, separated);
    if (!apart.empty()) {
      conflict.status = ConflictStatus::open;
      std::tie(conflict.tip_x, conflict.tip_y) = apart.front();
      if (!is_or_saw(conflict.tip_x, conflict.x) || !is_or_saw(conflict.tip_y, conflict.y)) {
        std::swap(conflict.tip_x, conflict.tip_y);
      }
    }
  }
  decide_winner(conflict, live);
  return conflict;
}

/// The greatest of the maximal changes that went on from `side` without `other`.
std::size_t Graph::side_tip(std::size_t side, std::size_t other,
                            const std::vector<std::size_t>& live) const {
  ChangeSet went_on;
  for (const std::size_t i : live) {
    if (is_or_saw(i, side) && !is_or_saw(i, other)) went_on.set(i);
  }
  return greatest(maximal(went_on));
}

void Graph::decide_winner(ExpectedConflict& conflict, const std::vector<std::size_t>& live) const {
  if (conflict.status == ConflictStatus::open) return;
  const bool x_is_less = dated_before(conflict.tip_x, conflict.tip_y);
  const std::size_t greater = x_is_less ? conflict.tip_y : conflict.tip_x;
  const std::size_t lesser = x_is_less ? conflict.tip_x : conflict.tip_y;
  conflict.winner = greater;
  if (conflict.status == ConflictStatus::convergent) return;

  std::vector<std::size_t> settling;
  for (const std::size_t i : live) {
    if (!made_[i].saw[conflict.x] || !made_[i].saw[conflict.y]) continue;
    if (settles_ && made_[i].resolves != conflict.id) continue;
    settling.push_back(i);
  }
  std::vector<std::size_t> first;
  for (const std::size_t i : settling) {
    const bool minimal = std::none_of(settling.begin(), settling.end(),
                                      [&](std::size_t other) { return made_[i].saw[other]; });
    if (minimal) first.push_back(i);
  }
  if (first.empty()) return;
  conflict.resolution = greatest(first);
  if (same_outcome(*conflict.resolution, greater)) return;
  conflict.merged = !same_outcome(*conflict.resolution, lesser);
  conflict.winner = conflict.merged ? *conflict.resolution : lesser;
}

}  // namespace syncline::laws
