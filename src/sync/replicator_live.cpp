// The replicator's thread while a live connection lasts.

#include <algorithm>
#include <chrono>
#include <utility>

#include "sync/replicator_impl.hpp"

namespace syncline {
namespace {

/// How long a server may take to let a replica in, in microseconds.
constexpr std::uint64_t registration_us = 30'000'000;
/// As between rounds: see replicator_worker.cpp.
constexpr std::uint64_t durability_pause_us = 20'000;
constexpr std::uint64_t clock_pause_us = 5'000;
constexpr std::uint64_t longest_receive_us = 3'600'000'000;

}  // namespace

Result<std::unique_ptr<LiveChannel>> Replicator::Impl::open_channel() {
  if (!options.ports.live) {
    return Error{ErrorCode::protocol_unsupported, "there is no port for live connections"};
  }
  const std::string before = token;
  token = options.token ? options.token() : std::string();
  if (token != before) {
    // The transport has the token that it was made with.
    const std::lock_guard lock(mutex);
    sending = nullptr;
    transport.reset();
  }
  auto opened = options.ports.live(token);
  const bool refused_token = !opened && opened.error().code == ErrorCode::unauthorized;
  return refused_token && renew_token() ? options.ports.live(token) : std::move(opened);
}

void Replicator::Impl::live(const ReplicatorPlan::Step& step) {
  auto opened = open_channel();
  if (!opened) {
    {
      const std::lock_guard lock(mutex);
      view.last_error = opened.error();
    }
    return plan.on_live_not_opened(now_us(), opened.error());
  }
  {
    const std::lock_guard lock(mutex);
    if (stop_wanted) return;
    channel = opened->get();
  }
  LiveClient::Options with;
  with.name = options.name;
  with.batch_changes = options.batch_changes;
  with.batch_bytes = options.batch_bytes;
  with.tables = session.tables();
  with.cursor = session.cursor();
  with.settings_version = session.settings_version();
  with.refused = refused;
  with.heartbeat_interval_us = options.heartbeat_interval_ms * 1000;
  LiveClient client(replica, std::move(with), now_us());
  kept_cursor = session.cursor();
  live_begun_by_us = now_us() + registration_us;
  Result<void> ended = drive(**opened, client, step);
  {
    const std::lock_guard lock(mutex);
    channel = nullptr;
  }
  (*opened)->close();
  if (client.begun()) {
    const auto kept = session.go_on_from(client.cursor(), client.server_clock());
    if (!kept && ended) ended = kept;
  }
  // The next round opens the session anew, and hears what the server holds.
  session.on_connection_lost();
  if (stopping()) return;
  std::optional<Error> error;
  if (!ended) error = ended.error();
  {
    const std::lock_guard lock(mutex);
    if (error) view.last_error = error;
  }
  plan.on_live_ended(now_us(), error);
}

/// Errors: why the connection is of no more use. Without one it is left for a round.
Result<void> Replicator::Impl::drive(LiveChannel& live_channel, LiveClient& client,
                                     const ReplicatorPlan::Step& step) {
  while (!stopping()) {
    heed(client);
    if (auto sent = send_all(live_channel, client); !sent) return sent;
    show_live(client);
    const std::uint64_t now = now_us();
    if (client.wants_round() || now >= step.until_us) return {};
    if (!client.begun() && now >= live_begun_by_us) {
      return Error{ErrorCode::unavailable, "the server did not answer the registration"};
    }
    const Result<bool> received = receive(live_channel, client, now);
    if (!received) return received.error();
    if (*received) continue;
    // Nothing more for the moment: what came is acknowledged, then there is time to wait.
    if (auto kept = keep_place(client); !kept) return kept;
    client.on_idle(now_us());
    if (auto sent = send_all(live_channel, client); !sent) return sent;
    // An interruption that came by now was taken for nothing new: what it was for is looked at.
    if (client.begun() && has_notes()) continue;
    const std::uint64_t until =
        client.begun() ? std::min(client.next_due_us(), step.until_us) : live_begun_by_us;
    if (auto waited = receive(live_channel, client, until); !waited) return waited.error();
  }
  return {};
}

/// True if something came before `until_us`.
Result<bool> Replicator::Impl::receive(LiveChannel& live_channel, LiveClient& client,
                                       std::uint64_t until_us) {
  const std::uint64_t now = now_us();
  std::uint64_t pause = until_us > now ? std::min(until_us - now, longest_receive_us) : 0;
  if (not_durable_yet) pause = std::min(pause, durability_pause_us);
  if (options.steady_clock != nullptr) pause = std::min(pause, clock_pause_us);
  const auto timeout =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(pause));
  auto message = live_channel.receive(timeout);
  if (!message) return message.error();
  if (!*message) return false;
  if (auto taken = client.on_message(**message, now_us()); !taken) return taken.error();
  return true;
}

Result<void> Replicator::Impl::send_all(LiveChannel& live_channel, LiveClient& client) {
  for (const LiveMessage& message : client.take_output()) {
    if (auto sent = live_channel.send(message); !sent) return sent;
  }
  return {};
}

/// Where pulling goes on after the next start.
Result<void> Replicator::Impl::keep_place(LiveClient& client) {
  if (client.cursor() == kept_cursor) return {};
  kept_cursor = client.cursor();
  return session.go_on_from(kept_cursor, client.server_clock());
}

/// Heeds what others have left since the last look.
void Replicator::Impl::heed(LiveClient& client) {
  if (!client.begun()) return;
  bool written = false;
  bool want = false;
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex);
    written = std::exchange(committed, false);
    want = std::exchange(wanted, false);
    ticket = calls;
  }
  written = written || not_durable_yet;
  not_durable_yet = written && replica.releasable_lsn() < replica.log().last_lsn();
  if (written) client.on_commit();
  if (!want) return;
  asked = ticket;
  client.ask(now_us());
}

bool Replicator::Impl::has_notes() {
  const std::lock_guard lock(mutex);
  return stop_wanted || committed || wanted;
}

void Replicator::Impl::show_live(LiveClient& client) {
  if (!client.begun()) return;
  if (plan.state() != ReplicatorState::live) {
    plan.on_live_begun(now_us());
    show();
  }
  for (ConflictSummary& conflict : client.take_conflicts()) {
    if (!options.on_conflict) continue;
    gate.post([callback = options.on_conflict, conflict] { callback(conflict); });
  }
  const std::lock_guard lock(mutex);
  view.server_clock = client.server_clock();
  view.lag = {client.lag_changes(), client.lag_bytes()};
  view.next_attempt_us = 0;
  if (client.settled()) answered = std::max(answered, asked);
  if (client.lag_changes() == 0) {
    view.last_success_us = clock.now_us();
    view.last_error.reset();
  }
  changed.notify_all();
}

}  // namespace syncline
