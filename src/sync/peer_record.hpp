// A peer as it is kept between two starts of the program.
#pragma once

#include <string>
#include <string_view>

#include "sync/peers.hpp"

namespace syncline {

/// The replica's property that keeps the peer: "peer/<node id>".
std::string peer_property(const NodeId& node);
/// What the names of all such properties begin with.
inline constexpr std::string_view peer_property_prefix = "peer/";

/// MessagePack: a map with the version of the form and the peer's members.
std::string encode_peer(const Peer& peer);
/// Never throws, whatever the bytes. Errors: `internal`, they are damaged or of a newer version.
Result<Peer> decode_peer(std::string_view bytes);

}  // namespace syncline
