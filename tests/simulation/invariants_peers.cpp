// What has to hold of what servers know of those who ask them.

#include <algorithm>

#include "judge_impl.hpp"
#include "sync/peer_record.hpp"

namespace syncline::sim {

/// What a server has noted that a peer holds durably would survive a crash of that peer now.
void Judge::Impl::check_acknowledged(Site& server) {
  if (failed() || server.replica == nullptr) return;
  for (const auto& [name, bytes] : server.replica->properties(peer_property_prefix)) {
    const auto& noted = read_peer(bytes);
    if (!noted) continue;
    Site* of = nullptr;
    std::size_t claims = 0;
    for (const auto& site : sites) {
      if (!site->is(noted->node)) continue;
      ++claims;
      if (site->replica != nullptr && site->replica->node() == noted->node) of = site.get();
    }
    // An older copy, or one of two, may know less until that is found.
    if (of == nullptr || claims > 1 || of->copied) continue;
    check_acknowledged_by(*of, server, noted->acknowledged);
  }
}

/// Mostly they are what they were the last time.
const std::optional<NotedPeer>& Judge::Impl::read_peer(const std::string& bytes) {
  const auto [place, added] = noted_peers.try_emplace(bytes);
  if (!added) return place->second;
  if (Result<Peer> peer = decode_peer(bytes)) {
    place->second = NotedPeer{peer->node_id, std::move(peer->acknowledged)};
  }
  return place->second;
}

void Judge::Impl::check_acknowledged_by(Site& site, const Site& server,
                                        const VectorClock& acknowledged) {
  observe(site);
  if (failed()) return;
  if (!site.summary.covers(acknowledged)) {
    fail("acknowledged_is_durable", site, [&] {
      return "holds " + to_string(site.summary) + ", and acknowledged " + to_string(acknowledged) +
             " to " + server.options.name;
    });
  }
  for (Lsn lsn = site.durable_lsn + 1; lsn <= site.at_lsn.size(); ++lsn) {
    const NodeIndex index = site.at_lsn[lsn - 1];
    if (index == no_node || !acknowledged.covers(graph.at(index).dot)) continue;
    fail("acknowledged_is_durable", site, [&] {
      return "acknowledged " + name_of(graph.at(index)) + " to " + server.options.name +
             ", and it is not durable";
    });
  }
}

}  // namespace syncline::sim
