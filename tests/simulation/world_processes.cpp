// Processes that end and start, and the disks under them.

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>

#include "sync/peer_record.hpp"
#include "sync/standing.hpp"
#include "world.hpp"

namespace syncline::sim {

std::vector<Site*> World::housemates(const Site& site) {
  std::vector<Site*> all;
  const bool shared = homes() > 1 && site.index < homes();
  for (std::size_t i = shared ? 0 : site.index; i < (shared ? homes() : site.index + 1); ++i) {
    all.push_back(sites_[i].get());
  }
  return all;
}

void World::begin(Site& site, bool restored) {
  const std::vector<Site*> together = housemates(site);
  const auto start = [&] {
    std::vector<Volume> volumes;
    for (Site* const one : together) volumes.push_back({one->disk, restored && one == &site});
    Site& first = *together.front();
    return Process::start(script_.setup, site.role, first.clock, first.random, std::move(volumes));
  };
  auto started = start();
  if (!started && script_.setup.files != 0) {
    // A disk failed. Once it is seen to, what is on it has to be enough.
    for (Site* const one : together) {
      one->disk->cut_power(one->random);
      one->disk->repair();
    }
    started = start();
  }
  if (!started) {
    return fail("restarts", "site " + std::to_string(site.index) +
                                " does not start: " + to_string(started.error()));
  }
  for (Site* const one : together) {
    one->process = *started;
    one->served = one->process->tenant(one->tenant_id());
    for (Site::Line& line : one->lines) connect_client(*one, line);
    judge_of(*one).attach(one->judged_as, one->replica());
    apply_plan(*one);
  }
}

void World::connect_client(Site& site, Site::Line& line) {
  const SyncClient::Options standard;
  ClientSession::Options options;
  options.tenant = site.tenant_id();
  options.remote = "site-" + std::to_string(line.server);
  options.name = std::to_string(site.index);
  options.format = script_.setup.json != 0 ? BodyFormat::json : BodyFormat::msgpack;
  options.batch_changes = script_.setup.batch != 0 ? script_.setup.batch : standard.batch_changes;
  options.batch_bytes = standard.batch_bytes;
  options.tables = site.tables;
  line.session = std::make_unique<ClientSession>(site.replica(), std::move(options));
}

void World::end(Site& site, Departure how) {
  const std::vector<Site*> together = housemates(site);
  for (Site* const one : together) hang_up_all(one->index);
  observe_touched();
  for (Site* const one : together) {
    // The others on the same server end with it, and keep their disks.
    const Departure its = one == &site || how == Departure::crashed ? how
                          : one->disk->in_trouble()                 ? Departure::crashed
                                                                    : Departure::stopped;
    judge_of(*one).detach(one->judged_as, its);
    for (Site::Line& line : one->lines) line.session.reset();
    one->served.reset();
    one->process.reset();
  }
}

std::uint64_t World::marker_of(const Site& site) const {
  const auto marker = site.replica().stable_marker();
  return marker ? marker->number : 0;
}

bool World::gives_marker_without(const Site& site, std::uint64_t number) const {
  bool all_full = true;
  for (const auto& other : sites_) {
    if (other->tenant != site.tenant) continue;
    all_full = all_full && other->tables.empty();
    const bool gives = other.get() != &site && other->index >= homes() && other->tables.empty();
    if (gives && marker_of(*other) >= number) return true;
  }
  return all_full;
}

bool World::brings_all_without(const Site* without, std::size_t tenant,
                               const VectorClock& known) const {
  const Site& home = *sites_[tenant];
  const auto brings = [&](const Site& site, const VectorClock::Entry& entry) {
    if (site.tenant != tenant || &site == &home || &site == without) return false;
    const bool gives = site.tables.empty() || site.replica().node() == entry.node;
    return gives && site.replica().summary().get(entry.node) >= entry.seq;
  };
  for (const auto& part : sites_) {
    if (part->tenant != tenant || part->tables.empty() || part.get() == without) continue;
    const VectorClock seen = part->replica().summary();
    for (const VectorClock::Entry& entry : seen.entries()) {
      if (entry.node == home.replica().node() || entry.seq <= known.get(entry.node)) continue;
      const bool brought = std::any_of(sites_.begin(), sites_.end(),
                                       [&](const auto& site) { return brings(*site, entry); });
      if (!brought) return false;
    }
  }
  return true;
}

bool World::may_go_back(const Site& home, const Kept& copy) const {
  if (!brings_all_without(nullptr, home.tenant, copy.summary)) return false;
  std::set<NodeId> ids;
  std::uint64_t newest = 0;
  bool all_known = true;
  for (const auto& site : sites_) {
    if (site->tenant != home.tenant) continue;
    newest = std::max(newest, marker_of(*site));
    const NodeId node = site->replica().node();
    const bool only_one = ids.insert(node).second;
    const bool known = site.get() == &home || copy.peers.contains(peer_property(node));
    all_known = all_known && only_one && known;
  }
  return copy.marker == newest || (all_known && gives_marker_without(home, newest));
}

void World::finish_dying() {
  const std::vector<Step> steps = std::exchange(dying_, {});
  for (const auto& site : sites_) site->dying = false;
  for (const Step& step : steps) {
    if (!over()) renew(step);
  }
}

void World::renew(const Step& step) {
  Site& site = site_of(step);
  if (site.busy) {
    // It is in the middle of a round. Nothing leaves or reaches it any more; when the round has
    // failed for that, it ends.
    if (site.dying) return;
    site.dying = true;
    dying_.push_back(step);
    // There may be more sites by then, and the operand would mean another one.
    dying_.back().site = static_cast<std::uint8_t>(site.index);
    observe_touched();
    if (step.act == Act::crash) site.disk->cut_power(site.random);
    return;
  }
  observe_touched();
  if ((step.act == Act::wipe || step.act == Act::put_back) && site.index >= homes()) {
    // Nobody else could bring a home that came back older to this marker: a known limit.
    const bool ahead = marker_of(site) > marker_of(*sites_[site.tenant]);
    if (ahead && !gives_marker_without(site, marker_of(site))) return;
    const VectorClock there = sites_[site.tenant]->replica().summary();
    if (!brings_all_without(&site, site.tenant, there)) return;
  }
  switch (step.act) {
    case Act::crash:
      events_.add(Event::crashes);
      for (Site* const one : housemates(site)) one->disk->cut_power(one->random);
      end(site, Departure::crashed);
      for (Site* const one : housemates(site)) one->disk->power_back();
      return begin(site, false);
    case Act::wipe: {
      // A home that lost everything has forgotten, too, for whom it has to wait before it calls
      // anything stable; and edges of some tables alone could not bring everything back.
      const Setup& setup = script_.setup;
      if (site.index < homes() && (setup.marker_ms != no_markers || setup.tables > 1)) return;
      events_.add(Event::restarts);
      end(site, Departure::wiped);
      const StoredTenant tenant = site.disk->tenant;
      site.disk = make_disk(script_.setup);
      site.disk->tenant = tenant;
      return begin(site, false);
    }
    case Act::put_back: {
      if (site.kept.empty()) return;
      const Kept& copy = site.kept[step.number / 2 % site.kept.size()];
      // A home that does not know whom it forgot, or takes one for another, calls stable what those
      // never had: a known limit.
      if (site.index < homes() && !may_go_back(site, copy)) return;
      events_.add(Event::put_back);
      end(site, Departure::put_back);
      // Nobody knows an id that never registered: that what was written under it comes from a
      // newcomer can be told only as long as that keeps it.
      site.disk = copy.disk->copy(step.other % 2 == 0 || !copy.heard_home);
      return begin(site, step.number % 2 != 0 && copy.heard_home);
    }
    default:
      events_.add(Event::restarts);
      // On a disk that fails, nobody knows what the end has left there.
      end(site, site.disk->in_trouble() ? Departure::crashed : Departure::stopped);
      return begin(site, false);
  }
}

void World::see_to_power() {
  for (const auto& site : sites_) {
    if (!site->disk->lost_power() || site->dying || over()) continue;
    Step step;
    step.act = Act::crash;
    step.site = static_cast<std::uint8_t>(site->index);
    renew(step);
  }
}

void World::keep(const Step& step) {
  Site& site = site_of(step);
  events_.add(Event::copies);
  Kept copy{site.disk->copy(true),
            marker_of(site),
            site.replica().summary(),
            home_of(site.replica()).has_value(),
            {}};
  for (const auto& [name, peer] : site.replica().properties(peer_property_prefix)) {
    copy.peers.insert(name);
  }
  site.kept.push_back(std::move(copy));
}

void World::clone(const Step& step) {
  Site& original = site_of(step);
  if (original.role != Role::edge || sites_.size() >= max_sites) return;
  events_.add(Event::clones);
  // One that knows it takes another id at once. If the old one was never heard of, what it wrote
  // would not be known for what a newcomer wrote: a known limit.
  const bool heard = home_of(original.replica()).has_value();
  auto disk = original.disk->copy(step.number % 2 == 0 || !heard);
  Site& made = add_site(Role::edge, original.tenant, std::move(disk));
  made.tables = original.tables;
  judge_of(made).begins_as_copy(made.judged_as, original.judged_as);
  judge_of(made).choose_tables(made.judged_as, made.tables);
  for (const Site::Line& line : original.lines) connect(made, line.server);
  begin(made, step.number % 4 == 1 && heard);
}

}  // namespace syncline::sim
