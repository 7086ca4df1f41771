#include "syncline/replicator.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sync/replicator_impl.hpp"

namespace syncline {
namespace {

ClientSession::Options session_options(const Replicator::Options& options) {
  ClientSession::Options session;
  session.tenant = options.tenant;
  session.remote = options.remote;
  session.name = options.name;
  session.batch_changes = options.batch_changes;
  session.batch_bytes = options.batch_bytes;
  session.tables = options.tables;
  session.priority_tables = options.priority_tables;
  return session;
}

ReplicatorPlan::Options plan_options(const Replicator::Options& options) {
  ReplicatorPlan::Options plan;
  plan.live = options.mode == Replicator::Mode::live;
  plan.interval_ms = options.interval_ms;
  plan.heartbeat_interval_ms = options.heartbeat_interval_ms;
  plan.backoff = options.backoff;
  return plan;
}

Result<void> check(const Replicator::Options& options) {
  const auto wrong = [](const char* what) { return Error{ErrorCode::bad_request, what}; };
  if (options.replica == nullptr) return wrong("a replicator needs a replica");
  if (!options.ports.transport) return wrong("a replicator needs a port for transports");
  if (options.interval_ms == 0 || options.heartbeat_interval_ms == 0) {
    return wrong("interval_ms and heartbeat_interval_ms have to be at least 1");
  }
  const Replicator::Backoff& backoff = options.backoff;
  if (backoff.first_ms == 0 || backoff.max_ms < backoff.first_ms || !(backoff.factor >= 1)) {
    return wrong("the backoff begins with at least 1 ms, and neither factor nor max make it less");
  }
  if (options.batch_changes == 0 || options.batch_bytes == 0) {
    return wrong("a batch has room for at least one change and one byte");
  }
  return {};
}

}  // namespace

std::string_view to_string(ReplicatorState state) noexcept {
  switch (state) {
    case ReplicatorState::stopped:
      return "stopped";
    case ReplicatorState::connecting:
      return "connecting";
    case ReplicatorState::syncing:
      return "syncing";
    case ReplicatorState::live:
      return "live";
    case ReplicatorState::waiting:
      return "waiting";
    case ReplicatorState::offline:
      return "offline";
    case ReplicatorState::failed:
      return "failed";
  }
  return "stopped";
}

Replicator::Impl::Impl(Options given)
    : options(std::move(given)),
      replica(*options.replica),
      clock(options.clock != nullptr ? *options.clock : system_clock()),
      random(options.random != nullptr ? *options.random : system_random()),
      gate(options.executor),
      session(replica, session_options(options)),
      messages(options.tenant, BodyFormat::msgpack),
      plan(plan_options(options), random) {
  view.server_clock = session.server_clock();
  view.only_own = !session.tables().empty();
  view.server = session.server_node();
}

void Replicator::Impl::start() {
  const std::lock_guard life(lifecycle);
  if (worker.joinable()) return;
  plan = ReplicatorPlan(plan_options(options), random);
  gate.open();
  {
    const std::lock_guard lock(mutex);
    running = true;
    stop_wanted = false;
  }
  worker = std::thread([this] { run(); });
}

void Replicator::Impl::stop() {
  if (gate.inside() || here()) {
    throw std::logic_error("Replicator::stop was called from one of its callbacks");
  }
  const std::lock_guard life(lifecycle);
  if (!worker.joinable()) return;
  {
    const std::lock_guard lock(mutex);
    stop_wanted = true;
    if (sending != nullptr) sending->cancel();
    if (channel != nullptr) channel->close();
    changed.notify_all();
  }
  worker.join();
  worker = std::thread();
  gate.close();
}

void Replicator::Impl::wake(bool want) {
  const std::lock_guard lock(mutex);
  if (!running) return;
  wanted = wanted || want;
  committed = committed || !want;
  if (channel != nullptr) channel->interrupt();
  changed.notify_all();
}

ReplicatorStatus Replicator::Impl::status() {
  View seen;
  {
    const std::lock_guard lock(mutex);
    seen = view;
  }
  const Lag pending = lag_behind(replica, seen.server_clock, seen.only_own);
  ReplicatorStatus status;
  status.state = seen.state;
  status.pending_changes = pending.changes;
  status.pending_bytes = pending.bytes;
  status.lag_changes = seen.lag.changes;
  status.lag_bytes = seen.lag.bytes;
  status.last_success_us = seen.last_success_us;
  status.last_error = std::move(seen.last_error);
  status.server = seen.server;
  status.next_attempt_us = seen.next_attempt_us;
  return status;
}

Result<void> Replicator::Impl::wait_until_synced(std::chrono::steady_clock::time_point deadline) {
  if (here()) {
    return Error{ErrorCode::bad_request,
                 "wait_until_synced was called from a callback, on the thread that exchanges: wait "
                 "on another one"};
  }
  // What is not durable may not leave.
  if (auto flushed = replica.flush(); !flushed) return flushed;
  NodeId self = replica.node();
  VectorClock target = replica.summary();
  std::unique_lock lock(mutex);
  std::uint64_t ticket = 0;
  const auto call = [&] {
    ticket = ++calls;
    wanted = true;
    if (channel != nullptr) channel->interrupt();
    changed.notify_all();
  };
  call();
  for (;;) {
    if (!running) return Error{ErrorCode::unavailable, "the replicator is stopped"};
    if (answered >= ticket) {
      // Who had to take another id has written under it what the server did not take.
      if (const NodeId now = replica.node(); now != self) {
        self = now;
        target = replica.summary();
        call();
        continue;
      }
      const bool held = view.only_own ? view.server_clock.get(self) >= target.get(self)
                                      : view.server_clock.covers(target);
      if (held) return {};
    }
    if (changed.wait_until(lock, deadline) == std::cv_status::no_timeout) continue;
    if (std::chrono::steady_clock::now() < deadline) continue;
    break;
  }
  const Lag missing = lag_behind(replica, view.server_clock, view.only_own);
  std::string detail = missing.changes == 0
                           ? std::string("the server has all changes")
                           : std::to_string(missing.changes) + " changes are not at the server";
  detail += answered >= ticket ? ", and its changes are here" : ", and it was not heard since";
  if (view.last_error) detail += "; " + to_string(*view.last_error);
  return Error{ErrorCode::unavailable, std::move(detail)};
}

Result<std::unique_ptr<Replicator>> Replicator::make(Options options) {
  if (auto good = check(options); !good) return good.error();
  return std::unique_ptr<Replicator>(new Replicator(std::make_unique<Impl>(std::move(options))));
}

Replicator::Replicator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Replicator::~Replicator() { impl_->stop(); }

void Replicator::start() { impl_->start(); }

void Replicator::stop() { impl_->stop(); }

ReplicatorStatus Replicator::status() const { return impl_->status(); }

void Replicator::sync_now() { impl_->wake(true); }

Result<void> Replicator::wait_until_synced(std::chrono::steady_clock::time_point deadline) {
  return impl_->wait_until_synced(deadline);
}

}  // namespace syncline
