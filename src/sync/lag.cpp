#include "sync/lag.hpp"

#include "sync/own_lines.hpp"

namespace syncline {
namespace {

constexpr std::size_t most_looked_at = 1000;

}  // namespace

Lag lag_behind(const Replica& replica, const VectorClock& server, bool only_own) {
  const VectorClock held = only_own ? all_but_own(replica, server) : server;
  ReadOptions options;
  const Lsn first = replica.first_lsn_not_covered(held);
  options.after = first - 1;
  options.limit = most_looked_at;
  options.not_covered_by = &held;
  const Result<ReadPage> page = replica.read(options);
  if (!page || page->entries.empty()) return {};
  Lag lag;
  for (const LogEntry& entry : page->entries) lag.bytes += entry.change.record.size();
  lag.changes = page->entries.size();
  // Beyond what was looked at the log is taken to go on as it did there.
  const std::uint64_t looked_at = page->examined - options.after;
  const std::uint64_t beyond = page->has_more ? page->reader.last_lsn() - page->examined : 0;
  const double part = static_cast<double>(lag.changes) / static_cast<double>(looked_at);
  const auto more = static_cast<std::uint64_t>(part * static_cast<double>(beyond));
  lag.bytes += lag.bytes / lag.changes * more;
  lag.changes += more;
  return lag;
}

}  // namespace syncline
