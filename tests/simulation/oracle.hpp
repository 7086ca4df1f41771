// What is to be seen of a row by one who holds a set of its changes, by definition.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph.hpp"
#include "syncline/change_log.hpp"

namespace syncline::sim {

/// A conflict as the definitions have it; changes by their places in the row.
struct ExpectedConflict {
  const PartedPair* pair = nullptr;
  std::uint32_t tip_x = 0;
  std::uint32_t tip_y = 0;
  ConflictStatus status = ConflictStatus::resolved;
  std::optional<std::uint32_t> resolution;
  std::optional<std::uint32_t> winner;  ///< none while open
  bool merged = false;                  ///< the winner is neither of the tips
};

struct ExpectedRow {
  std::vector<std::uint32_t> heads;  ///< greatest first
  std::vector<ExpectedConflict> conflicts;
};

/// Works it out by brute force. Remembers its last answers, since replicas hold the same most of
/// the time.
class Oracle {
 public:
  /// `graph` has to outlive it.
  explicit Oracle(const Graph& graph) : graph_(graph) {}

  /// `settles`: the policy's word ends a conflict. Valid until the next call.
  const ExpectedRow& expected(std::uint32_t row, const Bits& held, bool settles);
  /// How the merge of a change goes at one who has these heads.
  Verdict verdict(std::uint32_t row, std::uint32_t place, const Bits& heads) const;
  /// True if one of the heads is or saw `x`, and the other is or saw `y`.
  bool separates(std::uint32_t row, const PartedPair& pair, std::uint32_t head,
                 std::uint32_t other) const;

 private:
  struct Known {
    std::uint32_t version = 0;
    bool settles = false;
    Bits held;
    ExpectedRow row;
  };
  using HeadPair = std::pair<std::uint32_t, std::uint32_t>;

  ExpectedRow work_out(std::uint32_t row, const Bits& live, bool settles) const;
  ExpectedConflict judge(std::uint32_t row, const PartedPair& pair, const ExpectedRow& expected,
                         const std::vector<const PartedPair*>& pairs, const Bits& live,
                         bool settles) const;
  std::optional<HeadPair> kept_apart(std::uint32_t row, const PartedPair& pair,
                                     const std::vector<const PartedPair*>& pairs,
                                     const std::vector<HeadPair>& separated) const;
  bool is_later(std::uint32_t row, const PartedPair& later, const PartedPair& earlier) const;
  std::uint32_t side_tip(std::uint32_t row, std::uint32_t side, std::uint32_t other,
                         const Bits& live) const;
  void decide_winner(std::uint32_t row, ExpectedConflict& conflict, const Bits& live,
                     bool settles) const;

  const Graph& graph_;
  std::vector<std::vector<Known>> known_;  ///< by row, the last few
  std::size_t replaced_ = 0;
};

}  // namespace syncline::sim
