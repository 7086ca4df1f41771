// Taking private changes back that a server will never take.

#include <algorithm>
#include <map>

#include "changelog/mutation.hpp"
#include "changelog/replica/rejected_changes.hpp"
#include "changelog/replica/tail_rewrite.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// Metadata of a void that says why the change was taken back.
constexpr const char* refused_key = "refused";

using Reasons = std::map<Sequence, const Error*>;

/// What stands in the place of private changes. The replica's log is laid anew meanwhile, so its
/// applied marker is the one that the writer had applied, but for those that are taken back.
class Rewriting {
 public:
  Rewriting(const Replica::Impl& impl, const Reasons& reasons, std::vector<Change>& voided)
      : impl_(impl), reasons_(reasons), voided_(voided) {}

  std::optional<std::string> operator()(const ChangeView& change) {
    const auto reason = reasons_.find(change.dot.seq);
    if (reason != reasons_.end()) return void_of(change, *reason->second);
    const auto taken = taken_markers_.find(change.stable);
    if (change.operation == Operation::stable || taken == taken_markers_.end()) {
      return std::nullopt;
    }
    // Its context has to say what the marker said.
    Change without_marker = change.to_change();
    without_marker.context.merge(taken->second);
    without_marker.stable = applied();
    return encode_record(without_marker);
  }

 private:
  std::uint64_t applied() const { return impl_.contents->storage().markers().applied_number(); }

  /// The number alone, and why: whoever refused a change shall not have to look at its row or data.
  std::string void_of(const ChangeView& change, const Error& reason) {
    voided_.push_back(change.to_change());
    const bool is_marker = change.operation == Operation::stable;
    if (is_marker) taken_markers_[change.stable] = change.context.to_clock();
    Change taken_back;
    taken_back.dot = change.dot;
    taken_back.hlc = change.hlc;
    const bool names_taken = taken_markers_.contains(change.stable);
    taken_back.stable = names_taken ? applied() : change.stable;
    taken_back.metadata[refused_key] = to_string(reason.code);
    return encode_record(taken_back);
  }

  const Replica::Impl& impl_;
  const Reasons& reasons_;
  std::vector<Change>& voided_;
  std::map<std::uint64_t, VectorClock> taken_markers_;  ///< by number
};

/// What is to be taken back, and why: what was named and is private, each with the rest of its
/// transaction. What was taken back before is not done so again.
class Selection {
 public:
  Selection(const Storage& storage, const NodeId& self, Sequence first, Sequence last)
      : storage_(storage), self_(self), first_(first), last_(last) {}

  void add(const Rejection& rejection) {
    const Sequence seq = rejection.dot.seq;
    if (rejection.dot.origin != self_ || seq < first_ || seq > last_) return;
    const ChangeView change = storage_.view(storage_.find(rejection.dot, storage_.appended()));
    if (!change.is_row_change() && change.metadata().contains(refused_key)) return;
    const std::optional<TransactionPart> part = change.transaction();
    const Sequence begin = part ? part->number : seq;
    const Sequence end = part ? std::min(last_, begin + part->count - 1) : seq;
    if (begin < first_) return;  // a part of it may be elsewhere
    for (Sequence each = begin; each <= end; ++each) {
      reasons_.try_emplace(each, &rejection.error);
    }
    reasons_[seq] = &rejection.error;
  }
  const Reasons& reasons() const noexcept { return reasons_; }

 private:
  const Storage& storage_;
  NodeId self_;
  Sequence first_;
  Sequence last_;
  Reasons reasons_;
};

}  // namespace

Result<VoidResult> Replica::void_private(std::span<const Rejection> rejections) {
  const std::lock_guard maintenance(impl_->maintenance);
  std::unique_lock lock(impl_->mutex);
  TailRewrite rewrite(*impl_);
  VoidResult result;
  if (!rewrite.any()) return result;
  Selection selection(impl_->contents->storage(), impl_->options.node, rewrite.first_private(),
                      impl_->own->in_log);
  for (const Rejection& rejection : rejections) selection.add(rejection);
  const Reasons& reasons = selection.reasons();
  if (reasons.empty()) return result;
  if (count_rejected(impl_->properties) + reasons.size() > max_rejected_changes) {
    return Error{ErrorCode::quota_exceeded,
                 "the list of refused changes is full: look at it and discard what is in it"}
        .with("quota", std::string("rejected_changes"))
        .with("limit", max_rejected_changes);
  }
  rewrite.lay(Rewriting(*impl_, reasons, result.voided));
  const std::uint64_t now_us = impl_->clock.now_us();
  for (const Change& change : result.voided) {
    if (mutated(Mutation::refused_list_lost)) break;
    const Error& error = *reasons.at(change.dot.seq);
    add_rejected(impl_->properties, {change, {error.code, error.detail}, now_us});
  }
  if (auto done = rewrite.commit(); !done) return done.error();
  if (auto durable = impl_->release(lock, 0); !durable) return durable.error();
  return result;
}

}  // namespace syncline
