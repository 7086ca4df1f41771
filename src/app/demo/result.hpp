// What a run of the demo found out. Values only: how they are shown is for the report to say.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "syncline/replica.hpp"

namespace syncline::app {

/// One thing that happened.
struct DemoStep {
  std::string node;  ///< "edge A", "edge B", "cloud", "auditor"
  std::string what;
  std::uint64_t changes = 0;    ///< written, or sent and received
  std::uint64_t conflicts = 0;  ///< found
  std::uint64_t requests = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t duration_us = 0;
};

/// One conflict as one node reports it.
struct ConflictFact {
  std::string id;
  std::string kind;
  std::string status;
  std::string table;
  std::string row_id;
  std::string winner;      ///< "local", "remote" or empty
  std::string winner_dot;  ///< "node:seq" or empty
  std::string reason;
  bool skewed = false;
  bool operator==(const ConflictFact&) const = default;
};
using ConflictFacts = std::map<std::string, ConflictFact>;  ///< by id

/// One thing that has to hold at the end.
struct DemoCheck {
  std::string name;
  bool holds = false;
  std::string detail;
};

/// What became of the edge whose clock was slow.
struct SlowClock {
  std::string node;
  std::int64_t offset_s = 0;
  std::uint64_t conflicts = 0;  ///< in which it took part and somebody won
  std::uint64_t won = 0;
  std::uint64_t skewed = 0;  ///< conflicts whose report says that a clock was wrong
  /// How far its last edit is dated ahead of what its own clock said then: causality's share.
  std::int64_t dated_ahead_s = 0;
};

struct DemoResult {
  std::string url;
  std::map<std::string, std::uint64_t> source_rows;  ///< by table
  std::map<std::string, NodeId> nodes;               ///< by name
  std::vector<DemoStep> steps;
  std::map<std::string, VisibleChecksum> checksums;  ///< by node name
  std::uint64_t cloud_rows = 0;                      ///< as the cloud itself counts them
  std::map<std::string, ConflictFacts> conflicts;    ///< by node name
  SlowClock slow_clock;
  std::vector<DemoCheck> checks;
  std::uint64_t duration_us = 0;

  bool agrees() const noexcept {
    for (const DemoCheck& check : checks) {
      if (!check.holds) return false;
    }
    return true;
  }
};

}  // namespace syncline::app
