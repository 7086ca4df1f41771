// All that can be seen of a replica, as text: two of them are compared line by line.
#pragma once

#include <sstream>
#include <string>

#include "unit/changelog/replica/replica_fixture.hpp"

namespace syncline::test {

inline std::string text_of(const Change& change) {
  std::ostringstream out;
  out << to_string(change.dot) << ' ' << change.hlc.to_string() << ' '
      << static_cast<int>(change.operation) << ' ' << change.data;
  return out.str();
}

inline std::string text_of(const ConflictReport& report) {
  std::ostringstream out;
  out << to_string(report.id) << ' ' << to_string(report.kind) << ' ' << to_string(report.status)
      << ' ' << report.table << '/' << report.row_id << " local " << text_of(report.local) << " @"
      << report.local_lsn << '+' << report.local_received_us << " remote " << text_of(report.remote)
      << " @" << report.remote_lsn << '+' << report.remote_received_us << " parted "
      << to_string(report.parted_local.dot) << ',' << to_string(report.parted_remote.dot)
      << " base " << report.base_data << " detected " << report.detected_at_us << ' '
      << report.policy << " winner " << to_string(report.winner) << ' '
      << (report.winner_dot ? to_string(*report.winner_dot) : "-") << ' ' << report.reason << ' '
      << report.skewed << ' ' << report.resolved_at_us.value_or(0) << ' ' << report.resolved_by
      << ' ' << (report.resolution ? to_string(*report.resolution) : "-") << " more "
      << report.more_of_row << '\n';
  return out.str();
}

/// What has to be the same with and without a trim: rows, conflicts, clocks.
inline std::string visible_state(const Replica& replica) {
  std::ostringstream out;
  for (const std::string& table : replica.tables()) {
    ScanOptions all;
    all.limit = 1'000'000;
    all.include_deleted = true;
    const RowPage page = replica.scan(table, all);
    for (const Row& row : page.rows) {
      out << table << ' ' << row.lsn << ' ' << text_of(row.winner->to_change());
      for (const ChangeView& sibling : row.siblings) out << " | " << text_of(sibling.to_change());
      out << '\n';
    }
  }
  ConflictQuery query;
  query.limit = 1'000'000;
  for (const ConflictReport& report : replica.conflicts(query).conflicts) out << text_of(report);
  const VectorClock summary = replica.summary();
  for (const VectorClock::Entry& entry : summary.entries()) {
    const OriginState origin = replica.origin(entry.node);
    out << entry.node.to_string() << ' ' << entry.seq << ' ' << origin.chain << ' ' << origin.whole
        << '\n';
  }
  const VisibleChecksum checksum = replica.visible_checksum();
  out << checksum.rows << ' ' << checksum.hash << ' ' << replica.last_hlc().to_string() << '\n';
  const LogStatistics statistics = replica.statistics();
  out << statistics.rows << ' ' << statistics.tombstones << ' ' << statistics.current_lsn << '\n';
  return out.str();
}

/// The log from `first` on as it was filed.
inline std::string log_state(const Replica& replica, Lsn first) {
  std::ostringstream out;
  const LogReader reader = replica.log();
  for (Lsn lsn = first; lsn <= reader.last_lsn(); ++lsn) {
    if (!reader.holds(lsn)) continue;
    const LogEntry entry = reader.at(lsn);
    out << lsn << ' ' << entry.received_at_us << ' ' << to_string(entry.verdict) << ' '
        << entry.before_lsn << ' ' << reader.holds(entry.before_lsn) << ' ' << entry.skewed << ' '
        << text_of(entry.change.to_change()) << ' ' << reader.find(entry.change.dot) << '\n';
  }
  return out.str();
}

/// What has to be the same after a restart, which is everything.
inline std::string whole_state(const Replica& replica) {
  std::ostringstream out;
  const LogReader reader = replica.log();
  out << replica.node().to_string() << ' ' << replica.log_id().to_string() << ' '
      << reader.first_lsn() << ' ' << reader.last_lsn() << '\n'
      << visible_state(replica) << log_state(replica, 1);
  for (Lsn lsn = reader.first_lsn() - 1; lsn <= reader.last_lsn(); ++lsn) {
    out << reader.running_hash(lsn) << ' ';
    const VectorClock clock = reader.clock_at(lsn);
    for (const VectorClock::Entry& entry : clock.entries()) out << entry.seq << ',';
    out << '\n';
  }
  const VectorClock summary = replica.summary();
  for (const VectorClock::Entry& entry : summary.entries()) {
    for (Sequence seq = 0; seq <= entry.seq; ++seq) {
      const auto chain = replica.chain_at(entry.node, seq);
      VectorClock held = summary;
      held.set(entry.node, seq);
      out << (chain ? std::to_string(*chain) : "-") << ' ' << replica.first_lsn_not_covered(held)
          << '\n';
    }
  }
  for (const auto& [name, value] : replica.properties("")) out << name << '=' << value << '\n';
  const LogStatistics statistics = replica.statistics();
  out << statistics.changes << ' ' << statistics.bytes << ' ' << statistics.oldest_lsn << ' '
      << statistics.oldest_received_us << ' ' << statistics.newest_received_us << ' '
      << replica.conflict_statistics().not_kept << '\n';
  return out.str();
}

/// The state of what a copy of the journal opens as, under the id of its first node.
inline std::string reopened_state(const MemoryJournal& journal, const std::string& policy = "lww") {
  Replica::Options options;
  options.journal = journal.copy();
  options.policies.default_policy = policy;
  return whole_state(*Replica::open(std::move(options)).value());
}

}  // namespace syncline::test
