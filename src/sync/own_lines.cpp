#include "sync/own_lines.hpp"

#include "changelog/former_ids.hpp"

namespace syncline {

VectorClock own_lines(const Replica& replica) {
  VectorClock lines;
  for (const auto& [node, last] : former_ids(replica)) lines.set(node, last);
  const NodeId self = replica.node();
  lines.set(self, replica.summary().get(self));
  return lines;
}

VectorClock all_but_own(const Replica& replica, const VectorClock& held) {
  VectorClock covered = replica.summary();
  const VectorClock own = own_lines(replica);
  for (const VectorClock::Entry& line : own.entries()) {
    if (held.get(line.node) < line.seq) covered.set(line.node, held.get(line.node));
  }
  return covered;
}

}  // namespace syncline
