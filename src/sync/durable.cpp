#include "sync/durable.hpp"

#include <algorithm>

#include "changelog/mutation.hpp"

namespace syncline {

VectorClock durable_summary(const Replica& replica) {
  // In this order: what the summary tells is in the log that is read after it.
  VectorClock summary = replica.summary();
  const LogReader reader = replica.log();
  const Lsn durable = replica.releasable_lsn();
  if (mutated(Mutation::ack_before_durable)) return summary;
  return durable >= reader.last_lsn() ? summary : reader.clock_at(durable);
}

WireClock wire_clock(const Replica& replica, const VectorClock& clock) {
  WireClock wire(clock);
  for (auto& [node, entry] : wire.entries) entry.chain = replica.chain_at(node, entry.seq);
  return wire;
}

namespace {

Result<ReadPage> read_once(const Replica& replica, const ReadOptions& options) {
  const LogReader reader = replica.log();
  const Lsn durable =
      mutated(Mutation::sent_before_durable) ? reader.last_lsn() : replica.releasable_lsn();
  if (options.after + 1 < reader.first_lsn()) {
    // Perhaps since the place was looked up: going on at the log's beginning would pass over it.
    return Error{ErrorCode::cursor_trimmed, "the log begins behind the place from which to read"}
        .with("oldest_lsn", reader.first_lsn());
  }
  Result<ReadPage> page = read_log(reader, options);
  if (!page || durable >= reader.last_lsn()) return page;
  const auto above = std::find_if(page->entries.begin(), page->entries.end(),
                                  [&](const LogEntry& entry) { return entry.lsn > durable; });
  page->entries.erase(above, page->entries.end());
  page->examined = std::max(options.after, std::min(page->examined, durable));
  page->has_more = page->examined < durable;
  return page;
}

}  // namespace

Result<ReadPage> read_durable(const Replica& replica, const ReadOptions& options,
                              std::string_view receiver) {
  while (true) {
    Result<ReadPage> page = read_once(replica, options);
    if (!page || page->examined < page->reader.first_lsn()) return page;
    // Also what was passed over: a place behind it is given out.
    const Sequence own = page->reader.clock_at(page->examined).get(replica.node());
    if (!replica.mark_sent(own, receiver)) return page;
  }
}

}  // namespace syncline
