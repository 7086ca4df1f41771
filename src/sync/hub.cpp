#include "sync/hub.hpp"

#include <algorithm>
#include <utility>

#include "changelog/mutation.hpp"
#include "sync/cursor.hpp"
#include "sync/durable.hpp"
#include "sync/identity_check.hpp"
#include "sync/members.hpp"
#include "sync/newcomers.hpp"
#include "sync/push_batch.hpp"
#include "sync/retention.hpp"
#include "sync/stable_state.hpp"
#include "sync/standing.hpp"
#include "syncline/limits.hpp"

namespace syncline {
namespace {

/// How many changes a heartbeat looks at to tell how far its sender is behind; what lies beyond is
/// estimated, because an answer should not cost more the longer somebody was away.
constexpr std::size_t lag_scan_changes = 1000;

/// How long the answering replica keeps an id that a caller made it take, in microseconds. Each new
/// one sends all peers for a snapshot, and what a caller says of changes that are not here cannot
/// be checked: who lies, or errs, must not be able to do that with every message.
constexpr std::uint64_t least_life_of_id_us = 600'000'000;

std::uint64_t clamped(const std::optional<std::uint64_t>& wanted, std::size_t most) {
  return std::clamp<std::uint64_t>(wanted.value_or(most), 1, most);
}

std::vector<std::string> tables_of(const Peer& peer) {
  return peer.tables.value_or(std::vector<std::string>{});
}

/// True if the log makes sense from its beginning on to who holds `have`. One that was laid by a
/// snapshot may have left out what a stable marker covers.
bool follows_from_beginning(const Replica& replica, const LogReader& reader,
                            const VectorClock& have) {
  std::uint64_t held = 0;
  const VectorClock reached = reader.clock_at(reader.last_lsn());
  for (const VectorClock::Entry& entry : reached.entries()) held += entry.seq;
  return reader.last_lsn() >= held || have.covers(stable_state(replica).clock);
}

/// Where a pull begins: behind the cursor, or before the first change of a log that is whole. Who
/// registered with other tables than before goes on from the place that it had with those.
Result<Lsn> position_of(const std::string& text, const Replica& replica, const VectorClock& have,
                        std::uint64_t filter, const std::optional<std::uint64_t>& previous_filter) {
  const LogReader reader = replica.log();
  if (text.empty()) {
    if (reader.first_lsn() <= 1 && follows_from_beginning(replica, reader, have)) return Lsn{0};
    return Error{ErrorCode::cursor_trimmed, "the beginning of the log is gone: take a snapshot"}
        .with("oldest_lsn", reader.first_lsn());
  }
  const Result<Cursor> cursor = decode_cursor(text);
  if (!cursor) return cursor.error();
  const bool previous = previous_filter && cursor->filter == *previous_filter;
  return check_cursor(*cursor, reader, previous ? *previous_filter : filter);
}

void measure_lag(HeartbeatResponse& response, const Replica& replica, const VectorClock& clock,
                 std::vector<std::string> tables) {
  ReadOptions options;
  options.after = replica.first_lsn_not_covered(clock) - 1;
  options.limit = lag_scan_changes;
  options.tables = std::move(tables);
  options.not_covered_by = &clock;
  const Result<ReadPage> page = read_log(replica.log(), options);
  if (!page || page->entries.empty()) return;
  std::uint64_t bytes = 0;
  for (const LogEntry& entry : page->entries) bytes += entry.change.record.size();
  const std::uint64_t seen = page->entries.size();
  const std::uint64_t beyond = page->reader.last_lsn() - page->examined;
  response.lag_changes = seen + beyond;
  response.lag_bytes = bytes + bytes / seen * beyond;
}

/// Also within a session: of two replicas on copies of one disk, both go on with it.
Result<void> check_not_older(const Peer& peer, const VectorClock& clock) {
  if (clock.covers(peer.acknowledged)) return {};
  return Error{ErrorCode::replica_rewound,
               "this replica once acknowledged more than it says to hold: it is an older copy"};
}

Error other_session_error() {
  return {ErrorCode::peer_stale,
          "the session was opened before what answers was started: register, then go on"};
}

/// What a part of a round comes to: the answer to what was read, or why it could not be read.
template <typename Part, typename Perform>
auto part_result(const std::optional<Part>& part, const std::optional<Error>& problem,
                 Perform perform) -> std::optional<decltype(perform(*part))> {
  if (problem) return *problem;
  if (!part) return std::nullopt;
  return perform(*part);
}

}  // namespace

Hub::Hub(Clock* clock, std::uint64_t marker_interval_us)
    : clock_(clock != nullptr ? *clock : system_clock()), marker_interval_us_(marker_interval_us) {}

AnswerHeader Hub::answer_header(const Tenant& tenant, const NodeId& caller) {
  const Replica& replica = tenant.replica();
  AnswerHeader header;
  header.time = replica.now();
  header.log_id = replica.log_id();
  header.settings_version = terms_of(tenant).version;
  if (!caller.is_nil()) {
    const OriginState state = replica.origin(caller);
    header.known = WireClock::Entry{state.seq, std::nullopt};
    if (state.whole || state.seq == 0) header.known->chain = state.chain;
  }
  return header;
}

std::shared_ptr<TenantExchange> Hub::exchange_of(const TenantPointer& tenant) {
  const std::lock_guard lock(mutex_);
  KnownTenant& known = tenants_[tenant.get()];
  if (known.tenant.lock() != tenant) {
    // A new tenant, perhaps at the address of one that is gone: time to forget those.
    known = {tenant, std::make_shared<TenantExchange>(tenant->replica(), clock_.now_us())};
    std::erase_if(tenants_, [](const auto& entry) { return entry.second.tenant.expired(); });
    return tenants_.at(tenant.get()).exchange;
  }
  return known.exchange;
}

std::shared_ptr<PeerTable> Hub::peers(const TenantPointer& tenant) {
  const auto exchange = exchange_of(tenant);
  return {exchange, &exchange->peers};
}

void Hub::maintain(const TenantPointer& tenant) {
  const auto exchange = exchange_of(tenant);
  const std::uint64_t now_us = clock_.now_us();
  exchange->expiries.read(*tenant, exchange->peers);
  static_cast<void>(expire_leases(*tenant, exchange->peers, exchange->expiries, now_us));
  static_cast<void>(advance_stability(*tenant, exchange->peers, now_us, marker_interval_us_));
  exchange->peers.keep(now_us, true);
  exchange->consumers.keep();
  exchange->uploads.forget_idle(now_us);
  if (!terms_of(*tenant).retention.keeps_all()) {
    static_cast<void>(enforce_retention(*tenant, *exchange, now_us));
  }
}

bool Hub::may_take_new_id(const TenantPointer& tenant) {
  const std::uint64_t now_us = clock_.now_us();
  static_cast<void>(peers(tenant));  // so that there is an entry
  const std::lock_guard lock(mutex_);
  std::uint64_t& last_us = tenants_.at(tenant.get()).new_id_at_us;
  if (last_us != 0 && now_us < last_us + least_life_of_id_us) return false;
  last_us = now_us;
  return true;
}

Result<void> Hub::check_self(const TenantPointer& tenant, const WireClock& caller) {
  const std::lock_guard lock(identity_mutex_);
  if (mutated(Mutation::rewound_server_keeps_id)) return {};
  Replica& replica = tenant->replica();
  const NodeId self = replica.node();
  const auto stated = caller.entries.find(self);
  if (stated == caller.entries.end()) return {};
  const bool unknown_here = stated->second.seq > replica.origin(self).seq;
  if (!unknown_here && !differs(replica, self, stated->second)) return {};
  if (!may_take_new_id(tenant)) {
    return Error{ErrorCode::unavailable,
                 "the caller knows other changes of the answering replica than that does itself, "
                 "which took a new id for such a reason moments ago: try again in some minutes"};
  }
  if (tenant->is_home()) {
    if (const auto kept = note_left_id(replica, self); !kept) return kept;
  }
  return replica.reidentify();
}

Result<RegisterResponse> Hub::register_peer(const TenantPointer& tenant,
                                            const RegisterRequest& request) {
  Replica& replica = tenant->replica();
  if (const auto spoken = check_protocol(request.protocol); !spoken) return spoken.error();
  if (const auto named = check_named(request.node_id, replica); !named) return named.error();
  if (const auto self = check_self(tenant, request.clock); !self) return self.error();
  const StableState stable = stable_state(replica);
  if (came_back_at(replica) > stable.number) {
    return Error{ErrorCode::unavailable,
                 "this node was given up and is on its way back to the tenant's home: try again "
                 "later"}
        .with("retry_after_s", expired_retry_s);
  }
  if (const auto same = check_identity(request, replica); !same) {
    Error error = same.error();
    if (!tenant->is_home()) return error;
    return std::move(error).with(std::string(home_marker_member), stable.number);
  }
  const auto exchange = exchange_of(tenant);
  PeerTable& table = exchange->peers;
  exchange->expiries.read(*tenant, table);
  table.release(durable_summary(replica), stable.clock);
  const TenantTerms terms = terms_of(*tenant);
  // Who registered with the home is no newcomer to the tenant, wherever it comes to. The home
  // itself knows who did.
  const bool known_to_home = terms.home == request.home && terms.home != replica.node();
  Arrival arrival;
  if (known_to_home && !table.has_forgotten()) {
    // But while this node itself was given up nobody waited for those behind it: see `enter`.
    if (came_back_at(replica) == 0) table.note_joined(request.node_id);
  } else if (!mutated(Mutation::newcomer_not_rebased)) {
    arrival = arrival_of(request, *tenant, stable.number);
  }
  const Result<Peer> peer = table.enter(request, clock_.now_us(), arrival);
  if (!peer) return peer.error();

  RegisterResponse response;
  response.node_id = replica.node();
  response.clock = wire_clock(replica, durable_summary(replica));
  const LogReader reader = replica.log();
  response.lsn = reader.last_lsn();
  response.oldest_lsn = reader.first_lsn();
  response.lease_s = tenant->settings().lease_s;
  response.session = table.session();
  response.stable = stable;
  response.newcomer = peer->joined_at_marker != 0;
  if (is_newcomer(*peer)) response.given_up = table.given_up();
  response.home = terms.home;
  response.retention = terms.retention;
  response.policies = terms.policies;
  response.max_clock_drift_ms = terms.max_clock_drift_ms;
  response.max_batch_changes = replica.max_batch_changes();
  response.max_body_bytes = replica.max_body_bytes();
  response.max_change_bytes = replica.max_change_bytes();
  response.header = answer_header(*tenant, request.node_id);
  response.header.settings_version = terms.version;
  return response;
}

Result<PushResponse> Hub::push(const TenantPointer& tenant, const PushRequest& request) {
  return push_of(tenant, request, request.clock ? &*request.clock : nullptr);
}

Result<PushResponse> Hub::push_of(const TenantPointer& tenant, const PushRequest& request,
                                  const WireClock* clock) {
  Replica& replica = tenant->replica();
  if (const auto named = check_named(request.node_id, replica); !named) return named.error();
  const auto table = peers(tenant);
  const Result<Peer> peer = table->seen(request.node_id, clock_.now_us());
  if (!peer) return peer.error();
  if (clock != nullptr) {
    const auto same = check_not_older(*peer, clock->clock());
    if (!same) return same.error();
  }
  if (const auto writable = replica.writable(); !writable) return writable.error();
  if (const auto fits = check_batch_size(request, replica); !fits) return fits.error();

  IntegrateOptions options;
  options.pusher = request.node_id;
  options.sender_clock_offset_us = peer->clock_offset_us;
  options.refuse_markers_of_pusher = known_home(*tenant) != request.node_id;
  std::optional<NewcomerPush> newcomer;
  if (is_newcomer(*peer)) newcomer = withhold_of_newcomer(request, *peer, replica, *table);
  Result<PushResponse> response =
      integrate_batch(replica, newcomer ? newcomer->request : request, options);
  if (!response) return response;
  if (newcomer && !peer->joined_at && newcomer->applied != 0 &&
      response->acked.get(request.node_id) >= newcomer->applied) {
    table->note_joined(request.node_id);
  }
  response->header = answer_header(*tenant, request.node_id);
  table->count_pushed(request.node_id, response->received);
  return response;
}

Result<PullResponse> Hub::pull(const TenantPointer& tenant, const PullRequest& request) {
  const Replica& replica = tenant->replica();
  if (const auto named = check_named(request.node_id, replica); !named) return named.error();
  const auto table = peers(tenant);
  const Result<Peer> peer = table->seen(request.node_id, clock_.now_us());
  if (!peer) return peer.error();

  ReadOptions options;
  options.tables = tables_of(*peer);
  const std::uint64_t filter = filter_hash(options.tables);
  const VectorClock have = request.have.value_or(WireClock{}).clock();
  const Result<Lsn> after =
      position_of(request.cursor, replica, have, filter, peer->previous_filter);
  if (!after) return after.error();
  options.after = *after;
  options.limit = clamped(request.limit, replica.max_batch_changes());
  options.max_bytes = clamped(request.max_bytes, replica.max_body_bytes());
  options.max_examined = limits::max_examined_changes;
  if (!request.include_own) options.except_origin = request.node_id;
  if (request.have) options.not_covered_by = &have;
  const Result<ReadPage> page = read_durable(replica, options, request.node_id.to_string());
  if (!page) return page.error();

  PullResponse response;
  for (const LogEntry& entry : page->entries) {
    response.changes.records.emplace_back(entry.change.record.begin(), entry.change.record.end());
    response.changes.lsns.push_back(entry.lsn);
  }
  const Lsn end = page->reader.last_lsn();
  const Lsn place = mutated(Mutation::cursor_to_head) ? end : page->examined;
  response.cursor = encode_cursor(cursor_at(page->reader, place, filter));
  response.has_more = page->has_more;
  const Lsn covered = mutated(Mutation::covers_to_head) ? end : page->examined;
  response.covers = page->reader.clock_at(covered);
  response.lsn = end;
  response.examined = page->examined;
  response.header = answer_header(*tenant, request.node_id);
  table->count_pulled(request.node_id, page->entries.size());
  return response;
}

Result<HeartbeatResponse> Hub::heartbeat(const TenantPointer& tenant,
                                         const HeartbeatRequest& request) {
  const Replica& replica = tenant->replica();
  if (const auto named = check_named(request.node_id, replica); !named) return named.error();
  const std::uint64_t now_us = clock_.now_us();
  const auto exchange = exchange_of(tenant);
  PeerTable& table = exchange->peers;
  exchange->expiries.read(*tenant, table);
  const Result<Peer> peer = table.seen(request.node_id, now_us);
  if (!peer) return peer.error();
  const VectorClock clock = request.clock.clock();
  const VectorClock vouched = request.vouched ? request.vouched->clock() : clock;
  if (table.acknowledge(request.node_id, {clock, vouched}, durable_summary(replica))) {
    // Should it fail, as on a full disk, it is tried again with the next heartbeat.
    static_cast<void>(advance_stability(*tenant, table, now_us, marker_interval_us_));
  }
  table.keep(now_us);

  HeartbeatResponse response;
  response.lsn = replica.log().last_lsn();
  measure_lag(response, replica, clock, tables_of(*peer));
  response.stable = stable_state(replica);
  response.header = answer_header(*tenant, request.node_id);
  return response;
}

ExchangeResponse Hub::exchange(const TenantPointer& tenant, const ExchangeRequest& request) {
  ExchangeResponse response;
  const ExchangeProblems& problems = request.problems;
  const bool other_session = !request.session.empty() && !request.registration &&
                             request.session != peers(tenant)->session();
  const auto in_session = [&](auto perform) {
    return [&, perform](const auto& part) -> decltype(perform(part)) {
      if (other_session) return other_session_error();
      return perform(part);
    };
  };
  response.registration =
      part_result(request.registration, problems.registration,
                  [&](const RegisterRequest& part) { return register_peer(tenant, part); });
  if (!response.registration || *response.registration) {
    response.push =
        part_result(request.push, problems.push, in_session([&](const PushRequest& part) {
                      const WireClock* clock = part.clock ? &*part.clock : nullptr;
                      if (clock == nullptr && request.heartbeat) clock = &request.heartbeat->clock;
                      return push_of(tenant, part, clock);
                    }));
    response.heartbeat =
        part_result(request.heartbeat, problems.heartbeat,
                    in_session([&](const auto& part) { return heartbeat(tenant, part); }));
    response.pull = part_result(request.pull, problems.pull,
                                in_session([&](const auto& part) { return pull(tenant, part); }));
  }
  response.header = answer_header(*tenant, request.node_id);
  return response;
}

}  // namespace syncline
