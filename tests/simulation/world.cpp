#include "world.hpp"

#include <ostream>
#include <utility>

#include "sync/standing.hpp"

namespace syncline::sim {
namespace {

/// 14 November 2023, as good as any other day.
constexpr std::uint64_t first_day_us = 1'700'000'000'000'000;

Judge::Options judge_options(const Setup& setup, std::size_t tenant) {
  Judge::Options options;
  options.tenant = tenant_names[tenant];
  options.durable_writes = setup.files != 2;
  return options;
}

StoredTenant first_catalogue(const Setup& setup, std::size_t site, std::size_t tenant_number) {
  StoredTenant tenant;
  tenant.id = tenant_names[tenant_number];
  tenant.directory = tenant.id;
  tenant.plan.name = "unlimited";
  tenant.settings.home.reset();  // until it was told
  if (setup.lease_s != 0) tenant.settings.lease_s = setup.lease_s;
  if (site >= setup.tenants) return tenant;
  tenant.settings.home = NodeId();
  tenant.settings.policies.default_policy = setup.causal != 0 ? "causal" : "lww";
  tenant.settings.retention.max_changes = setup.keep_changes;
  return tenant;
}

}  // namespace

World::World(const Script& script, std::ostream* story)
    : script_(script), story_(story), now_us_(first_day_us) {
  for (std::size_t i = 0; i < homes(); ++i) judges_.emplace_back(judge_options(script.setup, i));
}

World::~World() = default;

const std::optional<Violation>& World::violation() const {
  for (const Judge& judge : judges_) {
    if (judge.violation()) return judge.violation();
  }
  return judges_.front().violation();
}

void World::fail(std::string_view invariant, std::string what) {
  if (!over()) judges_.front().report(invariant, std::move(what));
}

Site& World::add_site(Role role, std::size_t tenant, std::shared_ptr<Disk> disk) {
  const std::size_t index = sites_.size();
  Dice ids(script_.setup.ids + index);
  sites_.push_back(std::make_unique<Site>(index, role, ids.next()));
  Site& site = *sites_.back();
  site.disk = std::move(disk);
  site.clock.follow(now_us_);
  Judge::SiteOptions options;
  options.name = std::to_string(index);
  options.serves = role != Role::edge;
  options.server = role == Role::cloud && script_.setup.clouds == 1 && script_.setup.relays == 0;
  site.tenant = tenant;
  site.judged_as = judge_of(site).add_site(options);
  return site;
}

void World::connect(Site& site, std::size_t server) {
  for (const Site::Line& line : site.lines) {
    if (line.server == server) return;
  }
  if (site.lines.empty()) askers_.push_back(site.index);
  site.lines.emplace_back().server = server;
}

void World::build() {
  const Setup& setup = script_.setup;
  // Where there are several tenants, there is one cloud, whose part for each is a site.
  const std::size_t clouds = std::max<std::size_t>({setup.clouds, setup.tenants, 1});
  const std::size_t servers = clouds + setup.relays;
  const std::size_t all = std::min(servers + setup.edges, max_sites);
  Dice dice(setup.ids ^ 0x11ee5ULL);
  for (std::size_t i = 0; i < all; ++i) {
    const Role role = i < clouds ? Role::cloud : i < servers ? Role::relay : Role::edge;
    auto disk = make_disk(setup);
    const std::size_t tenant = i % homes();
    disk->tenant = first_catalogue(setup, i, tenant);
    Site& site = add_site(role, tenant, std::move(disk));
    if (i < homes()) continue;
    // All clouds ask the first; relays and edges somebody before them who serves.
    const auto among = static_cast<std::uint32_t>(std::min(i, servers));
    connect(site, i < clouds ? 0 : homes() > 1 ? tenant : dice.below(among));
    if (role == Role::edge && i % 2 == 1) {
      for (std::uint32_t table = 0; table < setup.filter; ++table) {
        site.tables.push_back(table_of(table * setup.rows));
      }
      judge_of(site).choose_tables(site.judged_as, site.tables);
    }
  }
  for (std::uint32_t i = 0; i < setup.lines && all > 2 && homes() == 1; ++i) {
    const std::size_t from = dice.between(1, static_cast<std::uint32_t>(all - 1));
    connect(*sites_[from], dice.below(static_cast<std::uint32_t>(std::min(from, servers))));
  }
  for (const auto& site : sites_) {
    if (!site->process) begin(*site, false);
  }
}

void World::pass_time(std::uint64_t us) {
  now_us_ += us;
  for (const auto& site : sites_) site->clock.follow(now_us_);
}

void World::run() {
  build();
  while (position_ < script_.steps.size() && !over()) next_step();
  if (!over()) come_to_rest();
}

void World::next_step() {
  const Step& step = script_.steps[position_++];
  pass_time(script_.setup.step_us);
  if (told()) *story_ << (depth_ != 0 ? "    " : "") << position_ << "  " << to_text(step) << '\n';
  perform(step);
  observe_touched();
  see_to_power();
}

Site* World::asker_of(const Step& step) {
  return askers_.empty() ? nullptr : sites_[askers_[step.site % askers_.size()]].get();
}

void World::perform(const Step& step) {
  switch (step.act) {
    case Act::put:
    case Act::put_same:
    case Act::insert:
    case Act::update:
    case Act::erase:
    case Act::poison:
      return write_one(step);
    case Act::transaction:
    case Act::batch:
      return write_several(step);
    case Act::resolve:
      return resolve(step);
    case Act::discard:
      return discard(step);
    case Act::sync:
    case Act::bootstrap:
      return sync(step);
    case Act::omit:
      if (Site* const site = asker_of(step)) site->omits = step.number;
      return;
    case Act::part:
      return part(step, true);
    case Act::join:
      return part(step, false);
    case Act::wait:
      return pass_time(std::uint64_t{step.number} * 1'000);
    case Act::jump:
      site_of(step).clock.set_offset_us(std::int64_t{static_cast<std::int32_t>(step.number)} *
                                        1'000);
      return site_of(step).clock.follow(now_us_);
    case Act::drift:
      return site_of(step).clock.set_drift(static_cast<std::int32_t>(step.number));
    case Act::restart:
    case Act::crash:
    case Act::wipe:
    case Act::put_back:
      return renew(step);
    case Act::keep:
      return keep(step);
    case Act::clone:
      return clone(step);
    case Act::policy:
      return set_policy(step);
    case Act::maintain:
      return maintain(step);
    case Act::trim:
    case Act::force:
      return trim(step);
    case Act::tables:
      return choose_tables(step);
    case Act::request:
      return request(step);
    case Act::live:
      return live(step);
    case Act::hang_up:
      if (Site* const site = asker_of(step)) {
        hang_up(*site, site->lines[step.other % site->lines.size()]);
      }
      return;
    case Act::disk:
      return site_of(step).disk->fail_after(step.number,
                                            static_cast<DiskFault>(step.at % disk_faults));
    case Act::capacity:
      return site_of(step).disk->set_room(step.number);
    case Act::quota:
      return set_quota(step);
    case Act::flush:
      touch(site_of(step));
      return site_of(step).disk->flush();
  }
}

}  // namespace syncline::sim
