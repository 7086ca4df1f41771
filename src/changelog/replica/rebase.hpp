// Going on from a snapshot whose giver holds other changes under some dots that are held here.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "changelog/conflicts/rebased.hpp"
#include "changelog/replica/snapshot_merge.hpp"

namespace syncline {

/// A change that was taken out of the log: what it says has to find another way. Points into the
/// log as it was.
struct Orphan {
  ChangeView change;
  Dot name;  ///< of what was written first, if it was written anew before
};

/// One rebase. See `Replica::rebase`.
class Rebase final : public SnapshotMerge {
 public:
  Rebase(Replica::Impl& impl, const Snapshot& giver, std::span<const std::string> tables,
         const RebaseOptions& options);

  /// Requires that `run` went well.
  RebaseResult take_result() { return std::move(result_); }

 private:
  /// What is held here of a contested origin, by seqs.
  struct Contest {
    Sequence same = 0;  ///< up to here both hold the same
    /// The giver has other changes, so nothing behind `same` is delivered. False: it has none, but
    /// what was written here had seen something that is no more.
    bool disputed = true;
    Sequence first_orphan = std::numeric_limits<Sequence>::max();
  };
  /// The orphans of one row, which are decided together.
  struct RowCase {
    std::vector<const Orphan*> all;   ///< in log order
    std::vector<const Orphan*> left;  ///< those that are not delivered; the one that counts last
    std::vector<const Orphan*> lost;  ///< what the last one had not seen and prevails over
    /// Heads that none of them had seen, and which of these wins; none: all are written plainly.
    std::optional<ChangeView> against;
    bool says_the_same = false;  ///< the last one, and the row as it is
    Dot shown;                   ///< the row as it is
  };

  Result<void> choose(std::vector<Own>& own) override;
  bool replaces(const NodeId& origin) const override { return contested_.contains(origin); }
  NodeId node() const override { return result_.after; }
  Result<void> write_more() override;

  // Choosing (rebase.cpp).
  void find_contested(const std::vector<Own>& own);
  void dispute(const NodeId& origin, Sequence same);
  bool is_orphaned(const ChangeView& change) const;
  bool saw_orphan(const ChangeView& change) const;
  /// Of an own change, by the markers that were held here.
  bool saw(const ChangeView& change, const Dot& earlier) const noexcept {
    return own_storage().saw(change, earlier);
  }
  bool orphan_more(const std::vector<Own>& own);

  // Writing anew (rebase_writes.cpp).
  void set_clock_back();
  bool is_delivered(const Orphan& orphan) const;
  RowCase decide(std::vector<const Orphan*> of_row);
  void leave_delivered(RowCase& row);
  void leave_to_delete(RowCase& row);
  static bool lost_before(const RowCase& row, const Orphan& orphan);
  void order(RowCase& row) const;
  bool saw_head(const RowCase& row, const Orphan& orphan, const ChangeView& head) const;
  void settle(const RowCase& row);
  void carry_void(const Orphan& orphan);
  Dot write_anew(const Orphan& orphan, const std::optional<Dot>& against);
  void keep_in_void(const Orphan& orphan, const Dot& against);
  Dot write(const Orphan& orphan, Operation operation, const Rebased& names);
  const ConflictPolicy& policy_of(const Orphan& orphan) const {
    return policy_for(impl_.options.policies, orphan.change.table);
  }

  std::map<NodeId, Contest> contested_;
  std::vector<Orphan> orphans_;  ///< in log order
  /// What others wrote anew, by the name of what it stands for.
  std::multimap<Dot, ChangeView> written_anew_;
  RebaseResult result_;
  std::uint64_t latest_us_;  ///< how late it is, as far as the clock can be trusted
};

}  // namespace syncline
