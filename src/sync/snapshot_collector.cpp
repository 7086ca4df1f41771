#include "sync/snapshot_collector.hpp"

#include <algorithm>
#include <utility>

#include "sync/cursor.hpp"

namespace syncline {
namespace {

void append(std::vector<SnapshotRecord>& out, const ChangeList& changes) {
  for (std::size_t i = 0; i < changes.records.size(); ++i) {
    const RecordBytes& record = changes.records[i];
    out.push_back({changes.lsns[i], std::string(record.begin(), record.end())});
  }
}

}  // namespace

Result<void> SnapshotCollector::add(SnapshotResponse page) {
  if (!begun_) {
    begun_ = true;
    cursor_ = page.cursor;
    snapshot_.giver = page.giver;
    snapshot_.log_id = page.header.log_id;
    snapshot_.lsn = page.lsn;
    snapshot_.clock = page.clock.clock();
    snapshot_.stable_number = page.stable.number;
    snapshot_.stable_clock = page.stable.clock;
    for (const auto& [node, entry] : page.clock.entries) {
      if (entry.chain) snapshot_.chains.emplace(node, *entry.chain);
    }
  } else if (page.header.log_id != snapshot_.log_id || page.clock.clock() != snapshot_.clock) {
    return Error{ErrorCode::bad_request, "the pages are of different snapshots"};
  }
  for (const ChangeList* list : {&page.rows, &page.history, &page.markers}) {
    for (const RecordBytes& record : list->records) bytes_ += record.size();
  }
  append(snapshot_.rows, page.rows);
  append(snapshot_.history, page.history);
  append(snapshot_.history, page.markers);
  next_page_ = page.next_page;
  return {};
}

Snapshot SnapshotCollector::take() {
  // History and markers come in two lists; in the giver's log they were one.
  std::sort(
      snapshot_.history.begin(), snapshot_.history.end(),
      [](const SnapshotRecord& left, const SnapshotRecord& right) { return left.lsn < right.lsn; });
  Snapshot taken = std::move(snapshot_);
  *this = SnapshotCollector();
  return taken;
}

}  // namespace syncline
