// Letting go of whole tables: the log is laid anew without them.

#include <algorithm>

#include "changelog/replica/impl.hpp"
#include "changelog/replica/snapshot_merge.hpp"

namespace syncline {
namespace {

/// As the merge of a snapshot that gives nothing, of which some of what is held here is left out.
class TableDrop final : public SnapshotMerge {
 public:
  TableDrop(Replica::Impl& impl, const Snapshot& nothing, std::span<const std::string> dropped,
            const VectorClock& delivered)
      : SnapshotMerge(impl, nothing, {}), dropped_(dropped), delivered_(delivered) {}

 private:
  /// Also a void that keeps what lost of such a table. Other voids and markers name none.
  bool goes(const ChangeView& change) const {
    return std::find(dropped_.begin(), dropped_.end(), change.table) != dropped_.end();
  }
  Result<void> choose(std::vector<Own>& own) override {
    for (const Own& held : own) {
      if (!goes(held.change) || delivered_.covers(held.change.dot)) continue;
      return Error{ErrorCode::precondition_failed,
                   "change " + to_string(held.change.dot) + " of table \"" +
                       std::string(held.change.table) +
                       "\" is held by nobody else yet: synchronise before the table is dropped"};
    }
    std::erase_if(own, [&](const Own& held) { return goes(held.change); });
    return {};
  }

  std::span<const std::string> dropped_;
  const VectorClock& delivered_;
};

}  // namespace

Result<void> Replica::drop_tables(std::span<const std::string> tables,
                                  const VectorClock& delivered) {
  const std::lock_guard maintenance(impl_->maintenance);
  std::unique_lock lock(impl_->mutex);
  const bool any = std::any_of(tables.begin(), tables.end(), [&](const std::string& table) {
    return impl_->contents->tables.contains(table);
  });
  if (!any) return {};
  Snapshot nothing;
  // It gives nothing that could be older than what is here.
  nothing.stable_number = impl_->contents->storage().markers().applied_number();
  if (auto dropped = TableDrop(*impl_, nothing, tables, delivered).run(); !dropped) return dropped;
  return impl_->release(lock, 0);
}

}  // namespace syncline
