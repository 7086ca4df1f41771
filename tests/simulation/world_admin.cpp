// What administrators do, and what a server does by itself.

#include <algorithm>
#include <limits>
#include <ostream>
#include <string>
#include <utility>

#include "world.hpp"

namespace syncline::sim {

void World::set_policy(const Step& step) {
  Site& home = *sites_[step.site % homes()];
  TenantSettings settings = home.served->settings();
  const std::string policy = step.number % 2 == 0 ? "lww" : "causal";
  if (script_.setup.tables > 1 && step.number / 2 % 2 == 0) {
    settings.policies.tables[table_of(step.row * script_.setup.rows)] = policy;
  } else {
    settings.policies.default_policy = policy;
  }
  if (home.process->tenants().set_settings(home.tenant_id(), settings)) {
    events_.add(Event::settings_changed);
  }
  touch(home);
}

void World::set_quota(const Step& step) {
  Site& cloud = *sites_[step.site % std::max<std::size_t>(homes(), script_.setup.clouds)];
  const std::uint64_t held = cloud.replica().statistics().bytes;
  cloud.plan_bytes = step.number == 0 ? 0 : held + step.number;
  apply_plan(cloud);
}

void World::apply_plan(Site& site) {
  const bool limited = site.plan_bytes != 0;
  site.replica().set_plan_limits(
      limited ? site.plan_bytes : std::numeric_limits<std::uint64_t>::max(), {});
  judge_of(site).limit(site.judged_as, site.plan_bytes);
}

void World::maintain(const Step& step) {
  Site& site = site_of(step);
  if (site.role == Role::edge) return site.trim_by_retention();
  site.process->maintain();
  for (Site* const one : housemates(site)) touch(*one);
}

void World::trim(const Step& step) {
  Site& site = site_of(step);
  // Before a marker is applied nobody knows what somebody else may still have to be compared with.
  if (!site.replica().stable_marker()) return;
  // Edges of some tables alone could not give back what a server lost.
  if (site.role == Role::edge && script_.setup.tables > 1) return;
  const LogReader log = site.replica().log();
  if (log.last_lsn() < log.first_lsn()) return;
  const Lsn before = log.first_lsn() + 1 + step.number % (log.last_lsn() - log.first_lsn() + 1);
  const Result<std::uint64_t> trimmed = [&]() -> Result<std::uint64_t> {
    if (site.role != Role::edge)
      return site.process->trim(site.tenant_id(), before, step.act == Act::force);
    const auto done = site.replica().trim(before);
    if (!done) return done.error();
    return done->dropped_changes;
  }();
  if (trimmed) events_.add(Event::trimmed_changes, *trimmed);
  if (told()) {
    *story_ << "      before " << before << ": "
            << (trimmed ? std::to_string(*trimmed) + " dropped" : to_string(trimmed.error()))
            << '\n';
  }
  touch(site);
}

void World::choose_tables(const Step& step) {
  Site& site = site_of(step);
  if (site.role != Role::edge || script_.setup.tables < 2 || site.busy) return;
  // Two that go by one id, and were not told apart yet, share what the server knows of them.
  for (const auto& other : sites_) {
    if (other.get() != &site && other->replica().node() == site.replica().node()) return;
  }
  std::vector<std::string> chosen;
  for (std::uint32_t table = 0; table < script_.setup.tables; ++table) {
    if ((step.number >> table) % 2 == 1) {
      chosen.push_back(table_of(table * script_.setup.rows));
    }
  }
  if (chosen.size() == script_.setup.tables) chosen.clear();
  site.tables = std::move(chosen);
  hang_up_all(site.index);
  for (Site::Line& line : site.lines) connect_client(site, line);
  judge_of(site).choose_tables(site.judged_as, site.tables);
  events_.add(Event::tables_changed);
}

}  // namespace syncline::sim
