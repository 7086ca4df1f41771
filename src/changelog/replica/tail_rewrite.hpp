// Giving private changes another form under the same dots.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "changelog/replica/impl.hpp"

namespace syncline {

/// Lays a replica's log anew from its first private change on, with other records in the place of
/// some private ones: the same log id, the same LSNs, times of arrival and order. What lies before
/// is filed as it was, the rest is merged again, so that rows and conflicts follow from what the
/// changes say now. The replica's locks are held. Unless it is committed, everything is put back.
///
/// Nobody outside has seen what is replaced, and no place in the log behind it was given out: see
/// `Replica::mark_sent`.
class TailRewrite {
 public:
  /// The record to take in place of a private change; nullopt: its own. Called in log order.
  using Replace = std::function<std::optional<std::string>(const ChangeView&)>;

  explicit TailRewrite(Replica::Impl& impl);
  ~TailRewrite();
  TailRewrite(const TailRewrite&) = delete;
  TailRewrite& operator=(const TailRewrite&) = delete;

  /// False if the log holds no private change: then there is nothing to do.
  bool any() const noexcept { return from_ != 0; }
  /// The first private change's place.
  Lsn from() const noexcept { return from_; }
  Sequence first_private() const noexcept { return first_; }
  bool is_private(const ChangeView& change) const noexcept {
    return change.dot.origin == impl_.options.node && change.dot.seq >= first_;
  }
  /// The greatest time of what is kept as it is, and of what others wrote.
  HybridTime greatest_kept() const;

  /// Puts the new log in the place of the old one, in memory. Requires `any`. To be called once.
  void lay(const Replace& replace);
  /// Puts it in the place of the old one on disk, too, with the replica's present properties and
  /// clock, and shows it to readers. Errors: `unavailable`; then everything is as it was.
  Result<void> commit();

 private:
  void put_back();
  void begin_storage();
  void copy_before();
  void restore_conflicts();
  void merge_again(const Replace& replace);
  void take_origins();
  LogBeginning beginning() const;

  Replica::Impl& impl_;
  Sequence first_ = 0;  ///< of the private changes
  Lsn from_ = 0;
  ChainPoint own_chain_;  ///< before them
  std::unique_ptr<Contents> old_;
  HybridClock old_clock_;
  std::map<std::string, std::string, std::less<>> old_properties_;
};

}  // namespace syncline
