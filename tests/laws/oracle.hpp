// What the model says of a set of changes, worked out by brute force.
//
// The graph holds, for every change, the set of changes that its writer's replica held of that row.
// Heads, winners, conflicts and all that is said of them follow from these sets alone. Nothing here
// compares clocks, and nothing is shared with the implementation but the form of its answers.
#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "syncline/change.hpp"
#include "syncline/change_log.hpp"
#include "syncline/conflict.hpp"

namespace syncline::laws {

/// More than the longest history of the tests has.
inline constexpr std::size_t max_changes = 128;

/// A set of changes, by their places in the graph.
using ChangeSet = std::bitset<max_changes>;

/// The members of `set` in the order of their making.
std::vector<std::size_t> members(const ChangeSet& set);

/// One change as the graph knows it.
struct Made {
  Change change;
  std::string record;  ///< the bytes under which it travels
  std::size_t row = 0;
  ChangeSet saw;  ///< of its row, all that its writer's replica held
  /// The conflict that its metadata say it settles.
  std::optional<ConflictId> resolves;
};

/// A conflict as the definitions have it. `x` and `y` are the parting changes, in the order of
/// dots.
struct ExpectedConflict {
  ConflictId id{};
  std::size_t x = 0;
  std::size_t y = 0;
  std::size_t tip_x = 0;
  std::size_t tip_y = 0;
  ConflictStatus status = ConflictStatus::resolved;
  /// The change that settled it, where a change did.
  std::optional<std::size_t> resolution;
  std::optional<std::size_t> winner;  ///< none while open
  bool merged = false;                ///< the winner is neither of the tips
  /// What both sides had seen last, if anything.
  std::optional<std::size_t> base;
};

struct ExpectedRow {
  std::vector<std::size_t> heads;  ///< greatest first
  std::vector<ExpectedConflict> conflicts;
};

struct RowName {
  std::string table;
  std::string row_id;
};

class Graph {
 public:
  /// `settles`: the policy's word ends a conflict (lww); else only a change that saw both does.
  Graph(std::string tenant, bool settles, std::vector<RowName> rows);

  std::size_t size() const { return made_.size(); }
  std::size_t rows() const { return names_.size(); }
  const RowName& name(std::size_t row) const { return names_[row]; }
  const Made& at(std::size_t index) const { return made_[index]; }
  const ChangeSet& of_row(std::size_t row) const { return of_row_[row]; }
  std::optional<std::size_t> find(const Dot& dot) const;
  bool settles() const { return settles_; }

  /// Adds a change whose writer held `held` (of all rows). Returns its place.
  std::size_t add(Change change, std::string record, std::size_t row, const ChangeSet& held);

  /// What is to be seen of a row by one who holds `held`. Valid until the next `add`.
  const ExpectedRow& expected(std::size_t row, const ChangeSet& held) const;
  /// For each origin the highest seq in `held`.
  VectorClock clock_of(const ChangeSet& held) const;
  /// True if one who holds `held` holds all that the change depends on.
  bool acceptable(std::size_t index, const ChangeSet& held) const;
  /// How the merge of a change goes at one who holds `held`.
  Verdict verdict(std::size_t index, const ChangeSet& held) const;

  /// True if `later` is `earlier` or saw it.
  bool is_or_saw(std::size_t later, std::size_t earlier) const;
  /// True if `left` is less by (hlc, origin, seq).
  bool dated_before(std::size_t left, std::size_t right) const;
  bool same_outcome(std::size_t left, std::size_t right) const;
  /// True if one of the heads is or saw `x`, and the other is or saw `y`.
  bool separates(std::size_t x, std::size_t y, std::size_t head, std::size_t other) const;

 private:
  using Pair = std::pair<std::size_t, std::size_t>;

  ExpectedRow work_out(std::size_t row, const ChangeSet& held) const;
  std::vector<std::size_t> maximal(const ChangeSet& set) const;
  std::vector<Pair> parted(const std::vector<std::size_t>& live) const;
  ExpectedConflict judge(const Pair& pair, const std::vector<Pair>& pairs,
                         const std::vector<std::size_t>& live,
                         const std::vector<std::size_t>& heads) const;
  /// The pairs of heads with different bytes that keep `pair` open.
  std::vector<Pair> kept_apart(const Pair& pair, const std::vector<Pair>& pairs,
                               const std::vector<Pair>& separated) const;
  bool is_later(const Pair& later, const Pair& earlier) const;
  std::size_t side_tip(std::size_t side, std::size_t other,
                       const std::vector<std::size_t>& live) const;
  void decide_winner(ExpectedConflict& conflict, const std::vector<std::size_t>& live) const;
  std::size_t greatest(const std::vector<std::size_t>& some) const;

  std::string tenant_;
  bool settles_;
  std::vector<RowName> names_;
  std::vector<Made> made_;
  std::vector<ChangeSet> of_row_;
  ChangeSet row_changes_;  ///< all but voids
  mutable std::vector<std::unordered_map<ChangeSet, ExpectedRow>> worked_out_;
};

}  // namespace syncline::laws
