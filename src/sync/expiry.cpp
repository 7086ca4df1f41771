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

}  // namespace

void ExpiryReader::read(Tenant& tenant, PeerTable& peers) {
  const std::lock_guard lock(mutex_);
  Replica& replica = tenant.replica();
  const LogReader log = replica.log();
  if (log_id_ != log.log_id()) {
    log_id_ = log.log_id();
    examined_ = kept_place(replica, *log_id_);
  }
  if (examined_ + 1 < log.first_lsn()) examined_ = log.first_lsn() - 1;
  ReadOptions options;
  options.operations = {Operation::void_};
  options.limit = read_at_once;
  const std::optional<NodeId> home = known_home(tenant);
  while (examined_ < log.last_lsn()) {
    options.after = examined_;
    const Result<ReadPage> page = read_log(log, options);
    if (!page || page->examined <= examined_) return;
    for (const LogEntry& entry : page->entries) {
      const NodeId& writer = entry.change.dot.origin;
      // Nobody else may keep a replica out.
      if (writer != replica.node() && home != writer) continue;
      const std::optional<NodeId> node = expired_by(entry.change);
      if (!node) continue;
      if (!peers.expire(*node, entry.change.dot)) return;  // the next time
      static_cast<void>(replica.set_property(
          place_property, log_id_->to_string() + ' ' + std::to_string(entry.lsn)));
    }
    examined_ = page->examined;
  }
}

Result<void> give_up(Tenant& tenant, PeerTable& peers, ExpiryReader& expiries, const NodeId& node) {
  const std::optional<Peer> peer = peers.find(node);
  if (!peer) {
    return Error{ErrorCode::not_found,
                 "no replica " + node.to_string() + " has registered with this tenant"};
  }
  Replica& replica = tenant.replica();
  if (peer->expired() && !peer->released) return {};
  const bool never_taken = replica.origin(node).seq == 0 && peer->vouched.empty();
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
