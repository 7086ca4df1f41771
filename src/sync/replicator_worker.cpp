// The replicator's thread: rounds, and waiting between them.

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "sync/durable.hpp"
#include "sync/replicator_impl.hpp"

namespace syncline {
namespace {

constexpr std::uint64_t us_per_ms = 1000;
/// How long a poll may wait at the server: below the minute after which many proxies cut.
constexpr std::uint64_t poll_wait_ms = 55'000;
/// After how long something written is looked for again whose journal makes it durable in groups.
constexpr std::chrono::milliseconds durability_pause{20};
/// How often a clock is looked at that somebody sets by hand.
constexpr std::chrono::milliseconds clock_pause{5};
/// One sleep at most, so that no clock runs over.
constexpr std::uint64_t longest_sleep_us = 3'600'000'000;

std::uint64_t monotonic_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

/// `error` with the time at which the answer says to come back, if the problem itself does not.
Error with_retry_after(Error error, const HttpResponse& response) {
  if (error.number("retry_after_s") != 0) return error;
  const auto header = response.headers.find("Retry-After");
  if (header == response.headers.end()) return error;
  const std::string& text = header->second;
  constexpr std::size_t most_digits = 9;
  const bool number =
      !text.empty() && text.size() <= most_digits &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number) return error;  // a date, which clocks may see differently
  return std::move(error).with("retry_after_s", std::uint64_t{std::stoul(text)});
}

/// The replicator whose thread this is.
thread_local const void* working_here = nullptr;

/// Origins of which the server takes no more for now: what was taken back is in nobody's way.
std::set<NodeId> held_up(const SyncReport& report) {
  std::set<Dot> gone;
  for (const Change& change : report.taken_back) gone.insert(change.dot);
  std::set<NodeId> origins;
  for (const Rejection& rejection : report.rejected) {
    if (!gone.contains(rejection.dot)) origins.insert(rejection.dot.origin);
  }
  return origins;
}

Rejection left_to_app(const Change& change) {
  return {change.dot, 0,
          Error{ErrorCode::conflict_open,
                "the row was changed elsewhere while the server did not have this change, and its "
                "policy settles nothing by itself: look at the row and write the change again if "
                "it shall be"}};
}

void put_before(std::vector<Change> earlier, std::vector<Change>& later) {
  earlier.insert(earlier.end(), std::make_move_iterator(later.begin()),
                 std::make_move_iterator(later.end()));
  later = std::move(earlier);
}

Error interrupted() { return {ErrorCode::unavailable, "the replicator was stopped"}; }

}  // namespace

std::uint64_t Replicator::Impl::now_us() const {
  return options.steady_clock != nullptr ? options.steady_clock->now_us() : monotonic_us();
}

bool Replicator::Impl::stopping() {
  const std::lock_guard lock(mutex);
  return stop_wanted;
}

bool Replicator::Impl::here() const noexcept { return working_here == this; }

void Replicator::Impl::run() {
  working_here = this;
  Subscription subscription = replica.subscribe([this](Lsn) {
    // What this thread brings in came from the server.
    if (!here()) wake(false);
  });
  while (!stopping()) {
    take_notes();
    const ReplicatorPlan::Step step = plan.next(now_us());
    listen(step.listen);
    switch (step.act) {
      case ReplicatorPlan::Act::round:
        round();
        break;
      case ReplicatorPlan::Act::live:
        live(step);
        break;
      case ReplicatorPlan::Act::wait:
        show();
        wait(step);
        break;
    }
  }
  subscription = Subscription();
  listener.reset();
  session.on_connection_lost();
  const std::lock_guard lock(mutex);
  sending = nullptr;
  transport.reset();
  running = false;
  committed = false;
  wanted = false;
  view.state = ReplicatorState::stopped;
  view.next_attempt_us = 0;
  changed.notify_all();
}

/// What others have left since the last look.
void Replicator::Impl::take_notes() {
  bool written = false;
  bool want = false;
  bool poll = false;
  {
    const std::lock_guard lock(mutex);
    written = std::exchange(committed, false);
    want = std::exchange(wanted, false);
    poll = std::exchange(rung, false);
  }
  written = written || not_durable_yet;
  // Only what is durable may leave, and nobody tells when it is.
  not_durable_yet = written && replica.releasable_lsn() < replica.log().last_lsn();
  if (written && !not_durable_yet) plan.on_commit(now_us());
  if (want) plan.on_wanted(now_us());
  if (poll) take_poll();
}

void Replicator::Impl::wait(const ReplicatorPlan::Step& step) {
  const std::uint64_t now = now_us();
  std::uint64_t until = step.until_us;
  if (step.listen && listener != nullptr && !listener->busy()) until = std::min(until, poll_at_us);
  if (until <= now) return;
  auto pause = std::chrono::microseconds(std::min(until - now, longest_sleep_us));
  if (not_durable_yet) pause = std::min<std::chrono::microseconds>(pause, durability_pause);
  if (options.steady_clock != nullptr) {
    pause = std::min<std::chrono::microseconds>(pause, clock_pause);
  }
  std::unique_lock lock(mutex);
  changed.wait_for(lock, pause, [&] { return stop_wanted || committed || wanted || rung; });
}

/// Shows how the plan and the session stand, and tells the program of another state.
void Replicator::Impl::show() {
  const std::optional<std::uint64_t> next = plan.next_attempt_us();
  const std::uint64_t now = now_us();
  bool other = false;
  {
    const std::lock_guard lock(mutex);
    other = view.state != plan.state();
    view.state = plan.state();
    view.server_clock = session.server_clock();
    view.only_own = !session.tables().empty();
    view.lag = session.lag();
    view.server = session.server_node();
    view.next_attempt_us = 0;
    if (next && *next != never_us) {
      view.next_attempt_us = clock.now_us() + (*next > now ? *next - now : 0);
    }
    changed.notify_all();
  }
  if (other && options.on_status) {
    gate.post([callback = options.on_status, now_is = status()] { callback(now_is); });
  }
}

Result<void> Replicator::Impl::connect() {
  if (transport != nullptr) return {};
  token = options.token ? options.token() : std::string();
  auto made = options.ports.transport(token);
  if (!made) return made.error();
  const std::lock_guard lock(mutex);
  if (stop_wanted) return interrupted();
  transport = std::move(*made);
  sending = transport.get();
  return {};
}

/// True if the program has another token than the one that was refused.
bool Replicator::Impl::renew_token() {
  if (!options.token) return false;
  std::string fresh = options.token();
  if (fresh == token) return false;
  auto made = options.ports.transport(fresh);
  if (!made) return false;
  token = std::move(fresh);
  const std::lock_guard lock(mutex);
  if (stop_wanted) return false;
  std::swap(transport, *made);  // the old one goes with `made`, after the lock
  sending = transport.get();
  return true;
}

void Replicator::Impl::count(const HttpRequest& request, const Result<HttpResponse>& response) {
  ++traffic.requests;
  traffic.bytes_sent += request.body.size();
  if (response) traffic.bytes_received += response->body.size();
}

/// The answer to `request`, which is sent once more if the token had run out.
Result<HttpResponse> Replicator::Impl::send(const HttpRequest& request) {
  constexpr unsigned unauthorized = 401;
  if (auto connected = connect(); !connected) return connected.error();
  Result<HttpResponse> response = transport->send(request);
  count(request, response);
  if (response && response->status == unauthorized && renew_token()) {
    response = transport->send(request);
    count(request, response);
  }
  if (!response) {
    const std::lock_guard lock(mutex);
    sending = nullptr;
    transport.reset();
  }
  return response;
}

void Replicator::Impl::round() {
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex);
    ticket = calls;
  }
  plan.on_round_begun();
  show();
  const std::uint64_t begun = monotonic_us();
  traffic = SyncReport();
  session.begin_round();
  Result<void> ended;
  while (const std::optional<HttpRequest> request = session.next_request()) {
    const Result<HttpResponse> response = stopping() ? interrupted() : send(*request);
    if (!response) {
      session.on_connection_lost();
      ended = response.error();
      break;
    }
    ended = session.on_response(*response);
    if (!ended) ended = with_retry_after(ended.error(), *response);
    show();
    if (options.on_progress) {
      gate.post([callback = options.on_progress, far = session.progress()] { callback(far); });
    }
    if (!ended) break;
  }
  SyncReport report = session.report();
  report.requests = traffic.requests;
  report.bytes_sent = traffic.bytes_sent;
  report.bytes_received = traffic.bytes_received;
  report.duration_us = monotonic_us() - begun;
  refused = held_up(report);
  tell(report);
  // What a round that failed or was stopped has taken from the app is named by the next that ends.
  put_before(std::exchange(unreported.handed_to_app, {}), report.handed_to_app);
  put_before(std::exchange(unreported.taken_back, {}), report.taken_back);
  if (!ended) {
    unreported.handed_to_app = std::move(report.handed_to_app);
    unreported.taken_back = std::move(report.taken_back);
  } else if (options.on_round) {
    gate.post([callback = options.on_round, report = std::move(report)] { callback(report); });
  }
  if (!stopping()) end_round(ticket, ended);
}

/// What a round did stays, whether it came to its end or not.
void Replicator::Impl::tell(const SyncReport& report) {
  if (options.on_conflict) {
    for (const ConflictSummary& conflict : report.conflicts) {
      gate.post([callback = options.on_conflict, conflict] { callback(conflict); });
    }
  }
  if (report.identity_changed && options.on_identity_changed) {
    gate.post([callback = options.on_identity_changed, change = *report.identity_changed] {
      callback(change);
    });
  }
  if (options.on_rejected) {
    for (const Change& change : report.handed_to_app) {
      gate.post([callback = options.on_rejected, rejection = left_to_app(change)] {
        callback(rejection);
      });
    }
  }
  // A change that is refused is refused in every round, and is news once.
  std::map<Dot, ErrorCode> refusals;
  for (const Rejection& rejection : report.rejected) {
    const ErrorCode code = rejection.error.code;
    refusals.emplace(rejection.dot, code);
    const auto told = told_refusals.find(rejection.dot);
    if (!options.on_rejected || (told != told_refusals.end() && told->second == code)) continue;
    gate.post([callback = options.on_rejected, rejection] { callback(rejection); });
  }
  told_refusals = std::move(refusals);
}

void Replicator::Impl::end_round(std::uint64_t ticket, const Result<void>& ended) {
  const std::uint64_t now = now_us();
  if (ended) {
    plan.on_round_ended(now, !refused.empty());
  } else {
    plan.on_round_failed(now, ended.error());
  }
  {
    const std::lock_guard lock(mutex);
    if (ended) {
      answered = std::max(answered, ticket);
      view.last_success_us = clock.now_us();
      view.last_error.reset();
    } else {
      view.last_error = ended.error();
    }
  }
  show();
}

/// Keeps a long poll at the server, so that it can tell of what others write.
void Replicator::Impl::listen(bool wanted_now) {
  if (!wanted_now) {
    listener.reset();
    return;
  }
  if (listener == nullptr) {
    auto made = options.ports.transport(token);
    if (!made) return;
    listener = std::make_unique<PollListener>(std::move(*made), [this] {
      const std::lock_guard lock(mutex);
      rung = true;
      changed.notify_all();
    });
  }
  if (listener->busy() || now_us() < poll_at_us) return;
  PullRequest request;
  request.node_id = replica.node();
  request.cursor = session.cursor();
  request.limit = 1;
  request.wait_ms = poll_wait_ms;
  request.have = WireClock(durable_summary(replica));
  listener->send(messages.pull(request));
}

void Replicator::Impl::take_poll() {
  if (listener == nullptr) return;
  const auto answer = listener->take_answer();
  if (!answer) return;
  const auto body = *answer ? read_answer(**answer) : Result<nlohmann::json>(answer->error());
  const bool nothing = body && body->is_object() && body->contains("cursor") &&
                       body->at("cursor") == session.cursor() &&
                       body->value("changes", nlohmann::json::array()).empty();
  if (nothing) return;
  plan.on_bell(now_us());
  if (body) return;
  // A round finds out what is wrong. The next poll, with the token of then, is not asked in vain.
  poll_at_us = now_us() + options.heartbeat_interval_ms * us_per_ms;
  listener.reset();
}

}  // namespace syncline
