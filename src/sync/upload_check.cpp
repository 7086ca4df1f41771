#include "sync/upload_check.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/newcomers.hpp"
#include "sync/stable_state.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// Rows that are looked at in one go, while writers wait.
constexpr std::size_t rows_at_once = 1000;
constexpr std::size_t row_bytes_at_once = std::size_t{4} << 20;
constexpr std::uint64_t retry_after_s = 1;

/// What a snapshot says of rows and of markers. Refers to the snapshot's records.
class Given {
 public:
  Result<void> read(const Snapshot& snapshot, const Replica& replica, const Peer& giver) {
    const Sequence held = replica.origin(giver.node_id).seq;
    const StableState applied = stable_state(replica);
    applied_ = applied.number;
    markers_[applied.number] = applied.clock;
    for (const auto* records : {&snapshot.rows, &snapshot.history}) {
      for (const SnapshotRecord& record : *records) {
        const auto change = decode_record(
            {reinterpret_cast<const std::uint8_t*>(record.record.data()), record.record.size()});
        if (!change) return change.error();
        const bool own = change->dot.origin == giver.node_id && change->dot.seq > held;
        if (own) {
          if (auto early = too_early(*change, giver, replica)) return std::move(*early);
        }
        if (change->operation == Operation::stable) {
          markers_[change->stable] = change->context.to_clock();
        } else if (change->is_row_change()) {
          rows_[{change->table, change->row_id}].push_back(*change);
        }
      }
    }
    return {};
  }

  /// Why the head `held` may go, or not, although the clock covers it.
  Result<void> check(const ChangeView& held, const VectorClock& clock) const {
    const auto row = rows_.find({held.table, held.row_id});
    if (row == rows_.end() && is_collected(held.dot)) return {};
    bool written_since = false;
    if (row != rows_.end()) {
      for (const ChangeView& given : row->second) {
        if (given.dot != held.dot && !saw(given, held.dot)) continue;
        if (clock.covers(given.dot)) return {};
        written_since = true;
      }
    }
    if (written_since) {
      return Error{ErrorCode::unavailable,
                   "row " + name_of(held) +
                       " was written while the snapshot was read, which lacks what it was before: "
                       "give the snapshot anew"}
          .with("retry_after_s", retry_after_s);
    }
    // Whoever has seen it has it, or what replaced it: there that number is another change's.
    return Error{ErrorCode::dot_mismatch,
                 "the snapshot's clock covers " + to_string(held.dot) + ", which is held here of " +
                     name_of(held) + ", but the snapshot has neither it nor a change that saw it"}
        .with("origin", held.dot.origin.to_string());
  }

 private:
  static std::string name_of(const ChangeView& change) {
    return std::string(change.table) + '/' + std::string(change.row_id);
  }
  bool saw(const ChangeView& later, const Dot& earlier) const {
    if (later.saw(earlier)) return true;
    const auto marker = markers_.upper_bound(later.stable);
    return marker != markers_.begin() && std::prev(marker)->second.covers(earlier);
  }
  /// A marker that is not applied here yet may have let the whole row be forgotten there.
  bool is_collected(const Dot& dot) const {
    return std::any_of(markers_.upper_bound(applied_), markers_.end(),
                       [&](const auto& marker) { return marker.second.covers(dot); });
  }

  std::uint64_t applied_ = 0;
  std::map<std::uint64_t, VectorClock> markers_;  // by number
  std::map<std::pair<std::string_view, std::string_view>, std::vector<ChangeView>> rows_;
};

}  // namespace

Result<void> check_upload(const Replica& replica, const Snapshot& snapshot, const Peer& giver,
                          std::set<NodeId>* contested) {
  const NodeId self = replica.node();
  if (snapshot.clock.get(self) > replica.origin(self).seq) {
    return Error{ErrorCode::bad_request,
                 "the snapshot's clock covers changes of " + self.to_string() +
                     ", which answers, that it never made: register, then give the snapshot anew"};
  }
  Given given;
  if (const auto read = given.read(snapshot, replica, giver); !read) return read;
  SnapshotPosition position;
  for (;;) {
    const SnapshotPage page =
        replica.snapshot_page(position, rows_at_once, row_bytes_at_once, {}, 0);
    for (const LogEntry& entry : page.rows) {
      const ChangeView& head = entry.change;
      // A deletion that is forgotten shows nobody another row.
      if (head.operation == Operation::erase || !snapshot.clock.covers(head.dot)) continue;
      if (contested != nullptr && contested->contains(head.dot.origin)) continue;
      const Result<void> founded = given.check(head, snapshot.clock);
      if (founded) continue;
      const bool differs = founded.error().code == ErrorCode::dot_mismatch;
      if (!differs || contested == nullptr) return founded;
      contested->insert(head.dot.origin);
    }
    if (!page.next) return {};
    position = *page.next;
  }
}

}  // namespace syncline
