// The laying anew of a log from a snapshot: what merging one and rebasing on one have in common.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "changelog/replica/impl.hpp"

namespace syncline {

/// A conflict that was known in `old` keeps the time of its detection and the side that is called
/// local.
void inherit_conflicts(const Contents& old, Contents& state);

/// One merge of a snapshot: a new log beside the old one, which is restored if anything fails. The
/// replica's lock is held. As it is, it is the plain merge; a rebase changes some of its steps.
class SnapshotMerge {
 public:
  /// All three have to outlive the merge.
  SnapshotMerge(Replica::Impl& impl, const Snapshot& snapshot, std::span<const std::string> tables)
      : impl_(impl), snapshot_(snapshot), tables_(tables), now_us_(impl.clock.now_us()) {}
  SnapshotMerge(const SnapshotMerge&) = delete;
  SnapshotMerge& operator=(const SnapshotMerge&) = delete;
  virtual ~SnapshotMerge() = default;

  /// Errors: `invalid_change`, those of `choose`, `unavailable`; then nothing was changed.
  Result<void> run();

 protected:
  /// A change of the own log that the giver does not give with the same bytes.
  struct Own {
    ChangeView change;
    bool skewed = false;
  };

  /// Called with all such changes, in log order: leaves in `own` those that go into the new log.
  /// Errors: `dot_mismatch`.
  virtual Result<void> choose(std::vector<Own>& own);
  /// True if a change that the giver does not give is no loss: it has seen and replaced it.
  bool outlived(const ChangeView& change) const;
  /// True if the giver's word on this origin replaces what was known of it here.
  virtual bool replaces(const NodeId& /*origin*/) const { return false; }
  /// Under which id the replica goes on.
  virtual NodeId node() const { return impl_.options.node; }
  /// Called when the new log is laid, to write what has to follow.
  virtual Result<void> write_more() { return {}; }

  bool asked_for(std::string_view table) const;
  /// The receiver's log as it was.
  const Storage& own_storage() const noexcept {
    return (old_ == nullptr ? *impl_.contents : *old_).storage();
  }
  const std::map<Dot, ChangeView>& given() const noexcept { return given_; }

  Replica::Impl& impl_;
  const Snapshot& snapshot_;
  std::span<const std::string> tables_;
  std::uint64_t now_us_;

 private:
  /// A change that goes into the new log.
  struct Kept {
    Lsn giver_lsn = 0;
    ChangeView change;
    bool skewed = false;
  };

  Result<void> read_giver();
  void keep_data(ChangeView& given) const;
  Result<void> read_own();
  Result<void> check_age() const;
  void put_in_order();
  void put_markers_in_order();
  void file_all();
  void take_chains();
  void inherit_origins();
  void keep_old_heads();
  Result<void> journal_all() const;

  std::vector<Kept> kept_;
  std::map<Dot, ChangeView> given_;  ///< all that the giver has
  std::unique_ptr<Contents> old_;    ///< the receiver's contents before
};

}  // namespace syncline
