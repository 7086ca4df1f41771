#include "oracle.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace syncline::sim {
namespace {

constexpr std::size_t remembered_per_row = 4;

}  // namespace

const ExpectedRow& Oracle::expected(std::uint32_t row, const Bits& held, bool settles) {
  if (known_.size() <= row) known_.resize(graph_.rows());
  std::vector<Known>& known = known_[row];
  const RowTruth& truth = graph_.row(row);
  const Bits live = held & truth.changes;
  for (const Known& one : known) {
    if (one.version == truth.version && one.settles == settles && one.held == live) return one.row;
  }
  Known fresh{truth.version, settles, live, work_out(row, live, settles)};
  if (known.size() < remembered_per_row) return known.emplace_back(std::move(fresh)).row;
  Known& place = known[replaced_++ % remembered_per_row];
  place = std::move(fresh);
  return place.row;
}

Verdict Oracle::verdict(std::uint32_t row, std::uint32_t place, const Bits& heads) const {
  bool superseded = false;
  bool unseen = false;
  bool differs = false;
  heads.for_each([&](std::uint32_t head) {
    superseded = superseded || graph_.saw(row, head, place);
    if (graph_.saw(row, place, head)) return;
    unseen = true;
    differs = differs || !graph_.same_outcome(row, head, place);
  });
  if (superseded) return Verdict::superseded;
  if (!unseen) return Verdict::applied;
  return differs ? Verdict::conflict : Verdict::convergent;
}

bool Oracle::separates(std::uint32_t row, const PartedPair& pair, std::uint32_t head,
                       std::uint32_t other) const {
  return (graph_.is_or_saw(row, head, pair.x) && graph_.is_or_saw(row, other, pair.y)) ||
         (graph_.is_or_saw(row, head, pair.y) && graph_.is_or_saw(row, other, pair.x));
}

ExpectedRow Oracle::work_out(std::uint32_t row, const Bits& live, bool settles) const {
  ExpectedRow answer;
  graph_.maximal(row, live).for_each([&](std::uint32_t head) { answer.heads.push_back(head); });
  std::sort(answer.heads.begin(), answer.heads.end(), [&](std::uint32_t left, std::uint32_t right) {
    return graph_.dated_before(row, right, left);
  });
  std::vector<const PartedPair*> pairs;
  for (const PartedPair& pair : graph_.row(row).pairs) {
    if (live.test(pair.x) && live.test(pair.y)) pairs.push_back(&pair);
  }
  for (const PartedPair* pair : pairs) {
    answer.conflicts.push_back(judge(row, *pair, answer, pairs, live, settles));
  }
  return answer;
}

/// Each side of the later pair is or saw one of the earlier pair's.
bool Oracle::is_later(std::uint32_t row, const PartedPair& later, const PartedPair& earlier) const {
  if (later == earlier) return false;
  const auto continues = [&](std::uint32_t side) {
    return graph_.is_or_saw(row, side, earlier.x) || graph_.is_or_saw(row, side, earlier.y);
  };
  return continues(later.x) && continues(later.y);
}

/// The first pair of heads with different bytes that no later conflict separates as well.
std::optional<Oracle::HeadPair> Oracle::kept_apart(std::uint32_t row, const PartedPair& pair,
                                                   const std::vector<const PartedPair*>& pairs,
                                                   const std::vector<HeadPair>& separated) const {
  for (const HeadPair& heads : separated) {
    if (graph_.same_outcome(row, heads.first, heads.second)) continue;
    const bool taken_over = std::any_of(pairs.begin(), pairs.end(), [&](const PartedPair* other) {
      return is_later(row, *other, pair) && separates(row, *other, heads.first, heads.second);
    });
    if (!taken_over) return heads;
  }
  return std::nullopt;
}

ExpectedConflict Oracle::judge(std::uint32_t row, const PartedPair& pair,
                               const ExpectedRow& expected,
                               const std::vector<const PartedPair*>& pairs, const Bits& live,
                               bool settles) const {
  ExpectedConflict conflict;
  conflict.pair = &pair;
  // Heads come greatest first, so each pair of them is (greater, lesser), and the greatest pair of
  // any choice is the first.
  std::vector<HeadPair> separated;
  for (std::size_t i = 0; i < expected.heads.size(); ++i) {
    for (std::size_t j = i + 1; j < expected.heads.size(); ++j) {
      if (separates(row, pair, expected.heads[i], expected.heads[j])) {
        separated.emplace_back(expected.heads[i], expected.heads[j]);
      }
    }
  }
  const bool all_same = std::all_of(separated.begin(), separated.end(), [&](const HeadPair& two) {
    return graph_.same_outcome(row, two.first, two.second);
  });
  conflict.tip_x = side_tip(row, pair.x, pair.y, live);
  conflict.tip_y = side_tip(row, pair.y, pair.x, live);
  if (!separated.empty() && all_same) {
    conflict.status = ConflictStatus::convergent;
  } else if (!settles) {
    if (const auto apart = kept_apart(row, pair, pairs, separated)) {
      conflict.status = ConflictStatus::open;
      std::tie(conflict.tip_x, conflict.tip_y) = *apart;
      if (!graph_.is_or_saw(row, conflict.tip_x, pair.x) ||
          !graph_.is_or_saw(row, conflict.tip_y, pair.y)) {
        std::swap(conflict.tip_x, conflict.tip_y);
      }
    }
  }
  decide_winner(row, conflict, live, settles);
  return conflict;
}

/// The greatest of the maximal changes that went on from `side` without `other`.
std::uint32_t Oracle::side_tip(std::uint32_t row, std::uint32_t side, std::uint32_t other,
                               const Bits& live) const {
  Bits went_on;
  live.for_each([&](std::uint32_t place) {
    if (graph_.is_or_saw(row, place, side) && !graph_.is_or_saw(row, place, other)) {
      went_on.set(place);
    }
  });
  return graph_.greatest(row, graph_.maximal(row, went_on));
}

void Oracle::decide_winner(std::uint32_t row, ExpectedConflict& conflict, const Bits& live,
                           bool settles) const {
  if (conflict.status == ConflictStatus::open) return;
  const bool x_is_less = graph_.dated_before(row, conflict.tip_x, conflict.tip_y);
  const std::uint32_t greater = x_is_less ? conflict.tip_y : conflict.tip_x;
  const std::uint32_t lesser = x_is_less ? conflict.tip_x : conflict.tip_y;
  if (conflict.status == ConflictStatus::convergent) {
    conflict.winner = greater;
    return;
  }
  const std::string id = settles ? to_string(conflict.pair->id) : std::string();
  Bits settling;
  live.for_each([&](std::uint32_t place) {
    const Made& made = graph_.at(row, place);
    if (!made.saw.test(conflict.pair->x) || !made.saw.test(conflict.pair->y)) return;
    if (!settles || made.resolves == id) settling.set(place);
  });
  Bits first;
  settling.for_each([&](std::uint32_t place) {
    if (!(graph_.at(row, place).saw & settling).any()) first.set(place);
  });
  if (!first.any()) {
    // Without a word of the policy a later conflict of the row has taken its place.
    if (settles) conflict.winner = greater;
    return;
  }
  conflict.resolution = graph_.greatest(row, first);
  conflict.winner = greater;
  if (graph_.same_outcome(row, *conflict.resolution, greater)) return;
  conflict.merged = !graph_.same_outcome(row, *conflict.resolution, lesser);
  conflict.winner = conflict.merged ? *conflict.resolution : lesser;
}

}  // namespace syncline::sim
