// What the judge knows of one place where replicas run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph.hpp"
#include "judge.hpp"

namespace syncline::sim {

/// One place, and what its replica is known to hold.
struct JudgedSite {
  struct Marker {
    std::uint64_t number = 0;
    NodeIndex node = no_node;
  };

  Judge::SiteOptions options;
  /// Its choice has changed, and a round will follow it: any table may be there or not.
  bool choosing = false;
  Replica* replica = nullptr;
  std::optional<Departure> departed;  ///< how the one before ended
  bool observing = false;
  std::uint64_t budget_bytes = 0;  ///< of records; 0: any number
  bool copied = false;             ///< its disk was an older copy once, or another site's
  bool unsure_of_writes = false;   ///< some failed without saying whether they were done

  std::vector<NodeId> ids;         ///< under which replicas there ever wrote
  std::vector<NodeId> former_ids;  ///< of the site whose disk it began with a copy of
  LogId log_id;
  Lsn seen = 0;       ///< the log was read up to here
  Lsn first_lsn = 1;  ///< where it began then
  std::uint64_t seen_hash = 0;
  std::vector<NodeIndex> at_lsn;  ///< from 1 on; `no_node` where nothing is held any more
  std::vector<Verdict> verdicts;  ///< likewise
  std::vector<Bits> held;         ///< by row, all that was ever merged there, or is covered
  std::vector<Bits> held_before;  ///< `held` of the log before, while it is read that was laid anew
  std::vector<Bits> in_log;       ///< by row, what of that its log still has
  std::vector<Bits> durable;      ///< by row, what survives a crash
  std::vector<Bits> forgone;      ///< by row, what went with a disk: it can only come back
  Lsn durable_lsn = 0;
  std::vector<Marker> markers;  ///< that took effect, by number
  VectorClock summary;
  HybridTime last_hlc;          ///< of the replica's clock, when it was looked at last
  HybridTime latest;            ///< of all that is held
  std::vector<Dot> taken_back;  ///< that the list of the replica has to name
  std::vector<Dot> discarded;
  bool list_is_known = true;   ///< `taken_back` is all of the list
  std::vector<Dot> told_back;  ///< that rounds told to have taken back

  bool is(const NodeId& id) const { return std::find(ids.begin(), ids.end(), id) != ids.end(); }
  bool was(const NodeId& id) const {
    return std::find(former_ids.begin(), former_ids.end(), id) != former_ids.end();
  }
  static const Bits& of(const std::vector<Bits>& sets, std::uint32_t row) {
    static const Bits none;
    return row < sets.size() ? sets[row] : none;
  }
  static Bits& of(std::vector<Bits>& sets, std::uint32_t row) {
    if (sets.size() <= row) sets.resize(row + 1);
    return sets[row];
  }
  /// What the applied marker covers.
  const VectorClock* stable(const Graph& graph) const {
    return markers.empty() ? nullptr : &graph.at(markers.back().node).context;
  }
  bool wants(std::string_view table) const {
    return options.tables.empty() || table.empty() ||
           std::find(options.tables.begin(), options.tables.end(), table) != options.tables.end();
  }
  bool may_lack(std::string_view table) const {
    return !table.empty() && (choosing || !wants(table));
  }
};

}  // namespace syncline::sim
