#include "sync/replicator_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace syncline {
namespace {

constexpr std::uint64_t us_per_ms = 1000;
constexpr std::uint64_t us_per_s = 1'000'000;

/// How long a server, or a proxy before it, that does not speak live is asked by long polls before
/// live is tried again: it may have been replaced, or the client may have moved.
constexpr std::uint64_t live_retry_us = 300 * us_per_s;
/// A connection that lived so long was a good one: its end is no sign of more to come.
constexpr std::uint64_t good_live_us = 10 * us_per_s;
/// So many connections in a row that did not open while rounds went through: something between
/// lets requests pass only.
constexpr unsigned most_live_failures = 4;
/// What a server may ask for, in seconds: a faulty answer shall not end synchronisation for good.
constexpr std::uint64_t most_retry_after_s = 3600;
/// More factors than this are past every limit.
constexpr unsigned most_steps = 64;

/// True if whoever answered the handshake does not speak live.
bool unspoken(const Error& error) noexcept {
  switch (error.code) {
    case ErrorCode::protocol_unsupported:
    case ErrorCode::not_found:
    case ErrorCode::method_not_allowed:
    case ErrorCode::bad_request:
    case ErrorCode::internal:
      return true;
    default:
      return false;
  }
}

std::uint64_t after(std::uint64_t now_us, std::uint64_t by_us) noexcept {
  return by_us > never_us - now_us ? never_us : now_us + by_us;
}

}  // namespace

bool needs_somebody(const Error& error) noexcept {
  switch (error.code) {
    case ErrorCode::unauthorized:
    case ErrorCode::forbidden:
    case ErrorCode::tenant_not_found:
    case ErrorCode::protocol_unsupported:
    case ErrorCode::change_log_disabled:
    case ErrorCode::not_found:
    case ErrorCode::bad_request:
    case ErrorCode::method_not_allowed:
    case ErrorCode::unsupported_media_type:
      return true;
    default:
      return false;
  }
}

bool ReplicatorPlan::listens(std::uint64_t now_us) const noexcept {
  return options_.live && equal_ && unspoken_ && now_us < live_at_us_;
}

ReplicatorPlan::Step ReplicatorPlan::next(std::uint64_t now_us) const {
  if (now_us >= round_at_us_) return {Act::round, never_us, false};
  if (!options_.live || !equal_) return {Act::wait, round_at_us_, false};
  if (now_us >= live_at_us_) return {Act::live, refused_at_us_, false};
  return {Act::wait, std::min(round_at_us_, live_at_us_), listens(now_us)};
}

std::optional<std::uint64_t> ReplicatorPlan::next_attempt_us() const noexcept {
  const bool waits = state_ == ReplicatorState::waiting || state_ == ReplicatorState::offline ||
                     state_ == ReplicatorState::failed;
  if (!waits) return std::nullopt;
  return options_.live && equal_ ? std::min(round_at_us_, live_at_us_) : round_at_us_;
}

void ReplicatorPlan::on_commit(std::uint64_t now_us) {
  // While the server is away, the log is the queue. A poller sends what there is at its time.
  if (!options_.live) return;
  more_wanted_ = true;
  if (equal_) round_at_us_ = std::max(now_us, not_before_us_);
}

void ReplicatorPlan::on_bell(std::uint64_t now_us) {
  if (listens(now_us)) round_at_us_ = std::max(now_us, not_before_us_);
}

void ReplicatorPlan::on_wanted(std::uint64_t now_us) {
  more_wanted_ = true;
  round_at_us_ = std::max(now_us, not_before_us_);
}

void ReplicatorPlan::on_round_begun() {
  more_wanted_ = false;
  state_ = equal_ ? ReplicatorState::syncing : ReplicatorState::connecting;
}

void ReplicatorPlan::on_round_ended(std::uint64_t now_us, bool refused) {
  equal_ = true;
  failures_ = 0;
  not_before_us_ = 0;
  state_ = ReplicatorState::waiting;
  const std::uint64_t pause_ms =
      options_.live ? options_.heartbeat_interval_ms : options_.interval_ms;
  round_at_us_ = after(now_us, pause_ms * us_per_ms);
  // What is refused depends on settings, clocks and plans, which change.
  refused_at_us_ = refused ? after(now_us, options_.backoff.max_ms * us_per_ms) : never_us;
  const bool goes_live = options_.live && now_us >= live_at_us_;
  if (more_wanted_ && !goes_live) round_at_us_ = now_us;
}

void ReplicatorPlan::on_round_failed(std::uint64_t now_us, const Error& error) {
  equal_ = false;
  ++failures_;
  const bool hopeless = needs_somebody(error);
  state_ = hopeless ? ReplicatorState::failed : ReplicatorState::offline;
  const std::uint64_t pause_us =
      hopeless ? options_.backoff.max_ms * us_per_ms : backoff_us(failures_);
  round_at_us_ = after(now_us, pause_us);
  honour_retry_after(now_us, error);
}

void ReplicatorPlan::on_live_begun(std::uint64_t now_us) {
  state_ = ReplicatorState::live;
  unspoken_ = false;
  live_since_us_ = now_us;
}

void ReplicatorPlan::on_live_not_opened(std::uint64_t now_us, const Error& error) {
  ++live_failures_;
  state_ = ReplicatorState::waiting;
  unspoken_ = unspoken(error) || live_failures_ >= most_live_failures;
  live_at_us_ = after(now_us, unspoken_ ? live_retry_us : backoff_us(live_failures_));
  if (unspoken_) live_failures_ = 0;
  // Whether the server is there at all is for a round to find out.
  round_at_us_ = now_us;
  honour_retry_after(now_us, error);
}

void ReplicatorPlan::on_live_ended(std::uint64_t now_us, const std::optional<Error>& error) {
  const bool good = live_since_us_ != 0 && now_us - live_since_us_ >= good_live_us;
  live_since_us_ = 0;
  state_ = ReplicatorState::syncing;
  round_at_us_ = now_us;
  if (!error || good) live_failures_ = 0;
  if (!error) return;
  // The first break is healed at once; a connection that keeps breaking is opened ever later.
  live_at_us_ = live_failures_ == 0 ? now_us : after(now_us, backoff_us(live_failures_));
  ++live_failures_;
  unspoken_ = live_failures_ >= most_live_failures;
  if (unspoken_) {
    live_at_us_ = after(now_us, live_retry_us);
    live_failures_ = 0;
  }
  honour_retry_after(now_us, *error);
}

/// "Full jitter": any time up to an exponentially growing one, so that clients that lost the same
/// server do not come back together. Source: M. Brooker, "Exponential Backoff And Jitter", 2015.
std::uint64_t ReplicatorPlan::backoff_us(unsigned failures) {
  const Replicator::Backoff& backoff = options_.backoff;
  const double steps = std::min(failures, most_steps) - 1;
  const double grown = static_cast<double>(backoff.first_ms) * std::pow(backoff.factor, steps);
  const double most_us = std::min(grown, static_cast<double>(backoff.max_ms)) * us_per_ms;
  std::array<std::uint8_t, 4> bytes{};
  random_->fill(bytes);
  std::uint32_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  constexpr double all = 4294967296.0;
  return static_cast<std::uint64_t>(most_us * (static_cast<double>(number) / all));
}

void ReplicatorPlan::honour_retry_after(std::uint64_t now_us, const Error& error) {
  const std::uint64_t wait_s = error.number("retry_after_s");
  if (wait_s == 0) return;
  not_before_us_ = after(now_us, std::min<std::uint64_t>(wait_s, most_retry_after_s) * us_per_s);
  round_at_us_ = std::max(round_at_us_, not_before_us_);
}

}  // namespace syncline
