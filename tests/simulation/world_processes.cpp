// Processes that end and start, and the disks under them.

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>

#include "world.hpp"

namespace syncline::sim {

void World::begin(Site& site, bool restored) {
  auto started =
      Process::start(script_.setup, site.role, site.clock, site.random, site.disk, restored);
  if (!started && script_.setup.files != 0) {
    // Its disk failed. Once it is seen to, what is on it has to be enough.
    site.disk->cut_power(site.random);
    site.disk->repair();
    started =
        Process::start(script_.setup, site.role, site.clock, site.random, site.disk, restored);
  }
  if (!started) {
    return fail("restarts", "site " + std::to_string(site.index) +
                                " does not start: " + to_string(started.error()));
  }
  site.process = std::move(*started);
  for (Site::Line& line : site.lines) {
    connect_client(site, line);
  }
  judge_.attach(site.judged_as, site.replica());
}

void World::connect_client(Site& site, Site::Line& line) {
  const SyncClient::Options standard;
  ClientSession::Options options;
  options.tenant = tenant_name;
  options.remote = "site-" + std::to_string(line.server);
  options.name = std::to_string(site.index);
  options.format = script_.setup.json != 0 ? BodyFormat::json : BodyFormat::msgpack;
  options.batch_changes = script_.setup.batch != 0 ? script_.setup.batch : standard.batch_changes;
  options.batch_bytes = standard.batch_bytes;
  options.tables = site.tables;
  line.session = std::make_unique<ClientSession>(site.replica(), std::move(options));
}

void World::end(Site& site, Departure how) {
  hang_up_all(site.index);
  observe_touched();
  judge_.detach(site.judged_as, how);
  for (Site::Line& line : site.lines) line.session.reset();
  site.process.reset();
}

std::uint64_t World::marker_of(Site& site) const {
  const auto marker = site.replica().stable_marker();
  return marker ? marker->number : 0;
}

std::uint64_t World::newest_marker() const {
  std::uint64_t newest = 0;
  for (const auto& site : sites_) newest = std::max(newest, marker_of(*site));
  return newest;
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
    observe_touched();
    if (step.act == Act::crash) site.disk->cut_power(site.random);
    return;
  }
  observe_touched();
  switch (step.act) {
    case Act::crash:
      events_.add(Event::crashes);
      site.disk->cut_power(site.random);
      end(site, Departure::crashed);
      site.disk->power_back();
      return begin(site, false);
    case Act::wipe: {
      // A home that lost everything has forgotten, too, for whom it has to wait before it calls
      // anything stable; and edges of some tables alone could not bring everything back.
      const Setup& setup = script_.setup;
      if (site.index == 0 && (setup.marker_ms != no_markers || setup.tables > 1)) return;
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
      // A home that is written before it hears of newer markers would be of no use to those who
      // have applied them: a known limit.
      if (site.index == 0 && copy.marker != newest_marker()) return;
      events_.add(Event::put_back);
      end(site, Departure::put_back);
      site.disk = copy.disk->copy(step.other % 2 == 0);
      return begin(site, step.number % 2 != 0);
    }
    default:
      events_.add(Event::restarts);
      end(site, Departure::stopped);
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
  site.kept.push_back({site.disk->copy(true), marker_of(site)});
}

void World::clone(const Step& step) {
  Site& original = site_of(step);
  if (original.role != Role::edge || sites_.size() >= max_sites) return;
  events_.add(Event::clones);
  auto disk = original.disk->copy(step.number % 2 == 0);
  Site& made = add_site(Role::edge, std::move(disk));
  made.tables = original.tables;
  for (const Site::Line& line : original.lines) connect(made, line.server);
  begin(made, step.number % 4 == 1);
}

}  // namespace syncline::sim
