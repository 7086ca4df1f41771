// The end of a history: everything is right again, all exchange, and then all have to be equal.

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "sync/standing.hpp"
#include "world.hpp"

namespace syncline::sim {
namespace {

/// A server that was found to be an older copy takes a new id at most every ten minutes.
constexpr std::uint64_t pause_us = 660'000'000;
/// In which all others hear that somebody was given up, and say so.
constexpr std::size_t rounds_until_return = 3;
/// Rounds of all after which no more stable markers come, beside one for each site.
constexpr std::size_t most_silent_rounds = 4;

/// True if nothing was filed behind `after` but stable markers, which come as acknowledgements do.
bool only_markers_behind(const Replica& replica, Lsn after) {
  const LogReader log = replica.log();
  for (Lsn lsn = after + 1; lsn <= log.last_lsn(); ++lsn) {
    if (log.at(lsn).change.operation != Operation::stable) return false;
  }
  return true;
}

}  // namespace

void World::heal() {
  if (told()) *story_ << "everything is healed\n";
  parted_.clear();
  deliver_late();
  for (const auto& site : sites_) hang_up_all(site->index);
  see_to_power();
  pass_time(pause_us);
  for (const auto& site : sites_) {
    site->clock.set_offset_us(0);
    site->clock.set_drift(0);
    site->disk->repair();
    site->plan_bytes = 0;
    apply_plan(*site);
  }
  pass_time(1);
}

void World::flush_all() {
  for (const auto& site : sites_) site->disk->flush();
}

std::size_t World::sync_all(bool up) {
  std::size_t waiting = 0;
  // Those farthest from the first cloud first on the way there, last on the way back.
  for (std::size_t i = 0; i < askers_.size() && !over(); ++i) {
    Site& site = *sites_[askers_[up ? askers_.size() - 1 - i : i]];
    for (Site::Line& line : site.lines) {
      if (over()) return waiting;
      pass_time(1'000);
      flush_all();
      const auto report = do_round(site, line, false);
      if (report || over()) continue;
      const std::string& why = report.error().detail;
      if (why.find("was given up") != std::string::npos ||
          why.find("has given this server up") != std::string::npos) {
        ++waiting;
        continue;
      }
      fail("rounds_succeed",
           "a round of site " + std::to_string(site.index) + " with " +
               std::to_string(line.server) +
               " fails although nothing is wrong any more: " + to_string(report.error()));
    }
  }
  return waiting;
}

bool World::check_idle() {
  bool silent = true;
  // Two of one disk are told apart only when both have come, and then have to come once more.
  const bool rebased = rebases_ != std::exchange(rebases_before_, rebases_);
  for (const std::size_t asker : askers_) {
    Site& site = *sites_[asker];
    for (Site::Line& line : site.lines) {
      flush_all();
      const Replica& server = sites_[line.server]->replica();
      const Lsn before = site.replica().log().last_lsn();
      const Lsn before_there = server.log().last_lsn();
      const auto report = do_round(site, line, false);
      if (over()) return true;
      // Who asks several servers takes the markers of the one to the other.
      const bool idle = report && report->requests <= 1 + report->pulled + report->pushed &&
                        only_markers_behind(site.replica(), before) &&
                        only_markers_behind(server, before_there) &&
                        report->pushed == report->accepted && report->rewritten == 0 &&
                        report->voided == 0;
      silent = silent && idle && report->pulled == 0 && report->pushed == 0;
      if (idle) continue;
      silent = false;
      if (report && (rebased || rebases_ != rebases_before_)) continue;
      std::string what = "site " + std::to_string(site.index) + " has still something for " +
                         std::to_string(line.server) + " after two rounds: ";
      what += report ? std::to_string(report->requests) + " requests, " +
                           std::to_string(report->pushed) + " pushed, " +
                           std::to_string(report->pulled) + " pulled"
                     : to_string(report.error());
      fail("two_rounds_suffice", std::move(what));
      return true;
    }
  }
  return silent;
}

void World::come_to_rest() {
  heal();
  // Who serves has to have registered first.
  for (const auto& site : sites_) {
    if (site->role == Role::edge || site->index < homes() || over()) continue;
    if (joined_home(site->replica()).is_nil()) {
      static_cast<void>(do_round(*site, site->lines.front(), false));
    }
  }
  const std::size_t waited = sync_all(true);
  std::size_t waiting = sync_all(false);
  // Who was given up comes back when all others have acknowledged that, which takes them the two
  // rounds; it is a newcomer then, and what it brings has to go to all others.
  // What relays are told they pass on when they have kept it.
  const auto wait_for_return = [&] {
    const std::size_t most = rounds_until_return + script_.setup.clouds + script_.setup.relays;
    for (std::size_t i = 0; i < most && waiting != 0; ++i) {
      for (const auto& site : sites_) {
        if (site->role != Role::edge && site->index >= homes()) site->process->maintain();
      }
      waiting = sync_all(false);
    }
  };
  wait_for_return();
  if (waiting != 0) {
    // The id of a disk that was wiped acknowledges nothing any more: it is given up as well, now
    // that its lease has run out and all others have just been heard.
    for (std::size_t i = 0; i < homes(); ++i) sites_[i]->process->maintain();
    wait_for_return();
  }
  if (waiting != 0) fail("rounds_succeed", "who was given up is still not let in again");
  if (waited != 0 && !over()) {
    static_cast<void>(sync_all(true));
    static_cast<void>(sync_all(false));
  }
  observe_touched();
  // Two rounds a pair were enough for all that was written. What all have acknowledged then the
  // home calls stable, which is a change itself, and goes on until it has come to all.
  std::size_t rounds = 0;
  std::size_t silent = 0;
  // Where a disk takes its time, a marker leaves one round after it was made.
  const std::size_t enough = script_.setup.files == 2 ? 2 : 1;
  while (!over() && (silent = check_idle() ? silent + 1 : 0) < enough) {
    if (++rounds <= most_silent_rounds + sites_.size()) continue;
    fail("two_rounds_suffice", "stable markers come without end");
  }
  for (Judge& judge : judges_) {
    if (!over()) judge.at_rest();
  }
}

}  // namespace syncline::sim
