#include "sync/vouched.hpp"

#include "changelog/mutation.hpp"
#include "sync/durable.hpp"
#include "sync/peer_record.hpp"

namespace syncline {

std::optional<VectorClock> vouched_clock(const Replica& replica) {
  const auto records = replica.properties(peer_property_prefix);
  if (records.empty() || mutated(Mutation::relay_vouches_for_itself)) return std::nullopt;
  VectorClock least = durable_summary(replica);
  bool any = false;
  for (const auto& [name, bytes] : records) {
    const Result<Peer> peer = decode_peer(bytes);
    // Who cannot be read has to register anew, and comes as one who was never seen.
    if (!peer || !peer->counts()) continue;
    any = true;
    least = least_of(least, peer->vouched);
  }
  if (!any) return std::nullopt;
  return least;
}

}  // namespace syncline
