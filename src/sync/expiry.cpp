#include "sync/expiry.hpp"

#include <string>

#include "sync/standing.hpp"

namespace syncline {
namespace {

/// What an entry's metadata calls the replica that is given up.
constexpr std::string_view expired_key = "expired";

/// Behind which entry nothing was found so far: "<log id> <LSN>".
constexpr std::string_view place_property = "peers/expiries";

/// Voids are few, but a log may be long.
constexpr std::size_t read_at_once = 1000;

Lsn kept_place(const Replica& replica, const LogId& log_id) {
  const std::optional<std::string> kept = replica.property(place_property);
  const std::string prefix = log_id.to_string() + ' ';
  if (!kept || !kept->starts_with(prefix)) return 0;
  Lsn lsn = 0;
  for (const char digit : kept->substr(prefix.size())) {
    if (digit < '0' || digit > '9') return 0;
    lsn = lsn * 10 + static_cast<Lsn>(digit - '0');
  }
  return lsn;
}

std::optional<NodeId> expired_by(const ChangeView& change) {
  if (change.operation != Operation::void_) return std::nullopt;
  const Metadata metadata = change.metadata();
  const auto named = metadata.find(std::string(expired_key));
  if (named == metadata.end()) return std::nullopt;
  const Result<NodeId> node = NodeId::parse(named->second);
  return node ? std::optional(*node) : std::nullopt;
}

/// Shows `take` all voids behind `examined`, and moves that on. Ends where `take` returns false.
template <typename Take>
void read_voids(const LogReader& log, Lsn& examined, Take take) {
  if (examined + 1 < log.first_lsn()) examined = log.first_lsn() - 1;
  ReadOptions options;
  options.operations = {Operation::void_};
  options.limit = read_at_once;
  while (examined < log.last_lsn()) {
    options.after = examined;
    const Result<ReadPage> page = read_log(log, options);
    if (!page || page->examined <= examined) return;
    for (const LogEntry& entry : page->entries) {
      if (!take(entry)) return;
    }
    examined = page->examined;
  }
}

}  // namespace

void ExpiryReader::read(Tenant& tenant, PeerTable& peers) {
  const std::lock_guard lock(mutex_);
  Replica& replica = tenant.replica();
  const LogReader log = replica.log();
  if (log_id_ != log.log_id()) {
    log_id_ = log.log_id();
    examined_ = kept_place(replica, *log_id_);
  }
  const std::optional<NodeId> home = known_home(tenant);
  read_voids(log, examined_, [&](const LogEntry& entry) {
    const NodeId& writer = entry.change.dot.origin;
    // Nobody else may keep a replica out.
    if (writer != replica.node() && home != writer) return true;
    const std::optional<NodeId> node = expired_by(entry.change);
    if (!node) return true;
    if (!peers.expire(*node, entry.change.dot)) return false;  // the next time
    static_cast<void>(replica.set_property(place_property,
                                           log_id_->to_string() + ' ' + std::to_string(entry.lsn)));
    return true;
  });
}

bool GivenUp::contains(const Replica& replica, const NodeId& node) {
  const LogReader log = replica.log();
  if (log_id_ != log.log_id()) {
    log_id_ = log.log_id();
    examined_ = 0;
  }
  const std::optional<NodeId> home = home_of(replica);
  if (!home) return false;
  read_voids(log, examined_, [&](const LogEntry& entry) {
    if (entry.change.dot.origin != *home) return true;
    if (const auto given_up = expired_by(entry.change)) nodes_.insert(*given_up);
    return true;
  });
  return nodes_.contains(node) || told_given_up(replica).contains(node);
}

Result<void> give_up(Tenant& tenant, PeerTable& peers, ExpiryReader& expiries, const NodeId& node) {
  const std::optional<Peer> peer = peers.find(node);
  if (!peer) {
    return Error{ErrorCode::not_found,
                 "no replica " + node.to_string() + " has registered with this tenant"};
  }
  Replica& replica = tenant.replica();
  if (peer->expired() && !peer->released) return {};
  // Who has joined may have passed on to others what was never taken here.
  const bool joining = peer->joined_at_marker != 0 || peer->joined_at;
  const bool never_taken = joining && replica.origin(node).seq == 0 && peer->vouched.empty();
  if (peer->expired() || never_taken || !tenant.is_home()) {
    if (peers.forget(node)) return {};
    return Error{ErrorCode::unavailable, "the replica could not be forgotten"};
  }
  const Result<WriteResult> entry =
      replica.append_note({{std::string(expired_key), node.to_string()}});
  if (!entry) return entry.error();
  expiries.read(tenant, peers);
  return {};
}

Result<void> expire_leases(Tenant& tenant, PeerTable& peers, ExpiryReader& expiries,
                           std::uint64_t now_us) {
  if (!known_home(tenant)) return {};
  const TenantSettings settings = tenant.settings();
  for (const Peer& peer : peers.list()) {
    if (peer.expired() || now_us <= peers.lease_end_us(peer, settings.lease_s)) continue;
    if (const auto done = give_up(tenant, peers, expiries, peer.node_id); !done) return done;
  }
  return {};
}

}  // namespace syncline
