#include "sync/identity_check.hpp"

#include <string>
#include <utility>

#include "sync/members.hpp"

namespace syncline {
namespace {

Error rewound(const Replica& replica, const NodeId& caller, const WireClock::Entry& stated,
              std::string detail) {
  Error error{ErrorCode::replica_rewound, std::move(detail)};
  const std::optional<std::uint64_t> here = replica.chain_at(caller, stated.seq);
  if (!here || here != stated.chain) return error;
  return std::move(error).with("agreed_seq", stated.seq);
}

/// More are found when these have been settled.
constexpr std::size_t most_named = 64;

/// Names with the error all origins of which the two hold other bytes: settling the one that it is
/// about may let go of what tells of the others.
Error with_differing(Error error, const RegisterRequest& request, const Replica& replica) {
  std::string named;
  std::size_t count = 0;
  for (const auto& [node, entry] : request.clock.entries) {
    if (count == most_named || !differs(replica, node, entry)) continue;
    if (count++ != 0) named += ' ';
    named += node.to_string();
  }
  return named.empty() ? error : std::move(error).with(std::string(differing_member), named);
}

Result<void> check_own(const RegisterRequest& request, const Replica& replica) {
  const auto own = request.clock.entries.find(request.node_id);
  const WireClock::Entry stated =
      own == request.clock.entries.end() ? WireClock::Entry{0, 0} : own->second;
  const OriginState known = replica.origin(request.node_id);
  if (differs(replica, request.node_id, stated)) {
    return rewound(replica, request.node_id, stated,
                   "this replica's changes differ from those known of it: there are two of it");
  }
  if (known.seq > stated.seq) {
    return rewound(replica, request.node_id, stated,
                   "this replica has made " + std::to_string(known.seq) + " changes and knows of " +
                       std::to_string(stated.seq) + ": it is an older copy");
  }
  return {};
}

}  // namespace

Result<void> check_named(const NodeId& caller, const Replica& replica) {
  if (caller.is_nil()) return wrong_member("node_id", "the UUID of the calling replica");
  if (caller == replica.node()) {
    return Error{ErrorCode::replica_rewound,
                 "the caller has the id of the replica that answers: it is a copy of it"};
  }
  return {};
}

bool differs(const Replica& replica, const NodeId& origin, const WireClock::Entry& stated) {
  if (!stated.chain) return false;
  const std::optional<std::uint64_t> here = replica.chain_at(origin, stated.seq);
  return here && *here != *stated.chain;
}

Result<void> check_identity(const RegisterRequest& request, const Replica& replica) {
  if (const auto own = check_own(request, replica); !own) {
    return with_differing(own.error(), request, replica);
  }
  for (const auto& [node, entry] : request.clock.entries) {
    if (!differs(replica, node, entry)) continue;
    Error error{ErrorCode::dot_mismatch,
                "other bytes are held here for changes of " + node.to_string()};
    return with_differing(std::move(error).with("origin", node.to_string()), request, replica);
  }
  return {};
}

}  // namespace syncline
