#include "laws/twins.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "laws/world.hpp"

namespace syncline::laws {
namespace {

constexpr std::uint64_t start_us = 1'700'000'000'000'000;
constexpr std::size_t home = 0;

std::string row_name(std::size_t row) { return std::string(1, static_cast<char>('a' + row)); }

std::string name_of(const ChangeView& change) {
  return syncline::to_string(change.dot) + " " +
         std::string(syncline::to_string(change.operation)) + " " + std::string(change.data);
}

}  // namespace

Fleet::Fleet(std::size_t edges, const std::string& policy, bool with_markers)
    : policy_(policy), with_markers_(with_markers), clock_(start_us) {
  for (std::size_t i = 0; i <= edges; ++i) add_site();
}

void Fleet::add_site() {
  Site site;
  site.node = node_id(sites_.size());
  site.random = std::make_unique<SeededRandom>(sites_.size() + 1);
  site.journal = std::make_shared<MemoryJournal>();
  open(site);
  sites_.push_back(std::move(site));
}

void Fleet::open(Site& site) {
  Replica::Options options;
  options.node = site.node;
  options.clock = &clock_;
  options.random = site.random.get();
  options.journal = site.journal;
  options.policies.default_policy = policy_;
  site.replica.reset();
  site.replica = Replica::open(std::move(options)).value();
}

std::string Fleet::write(std::size_t site, std::size_t row, bool erase, const std::string& data) {
  go_on();
  Replica& replica = *sites_[site].replica;
  const RowToken token = replica.token("t", row_name(row));
  WriteOptions options;
  options.if_match = token;  // seen all heads: so it is taken under every policy
  const auto written = erase ? replica.erase("t", row_name(row), options)
                             : replica.put("t", row_name(row), Payload::raw(data), options);
  if (!written) return std::string(syncline::to_string(written.error().code));
  return syncline::to_string(written->dot) + " " +
         std::string(syncline::to_string(written->operation));
}

std::string Fleet::deliver(std::size_t to, std::size_t from, std::size_t limit) {
  go_on();
  const VectorClock held = sites_[to].replica->summary();
  const LogReader reader = sites_[from].replica->log();
  std::vector<std::string_view> records;
  for (Lsn lsn = reader.first_lsn(); lsn <= reader.last_lsn(); ++lsn) {
    const ChangeView change = reader.at(lsn).change;
    if (held.covers(change.dot)) continue;
    if (change.is_row_change() && limit-- == 0) break;
    records.emplace_back(reinterpret_cast<const char*>(change.record.data()), change.record.size());
  }
  const IntegrateResult result = sites_[to].replica->integrate(records);
  count_acknowledgements();
  if (result.rejected.empty()) return {};
  return "refused " + syncline::to_string(result.rejected.front().dot) + ": " +
         result.rejected.front().error.detail;
}

void Fleet::acknowledge(std::size_t site) {
  sites_[site].told.push_back(sites_[site].replica->summary());
  count_acknowledgements();
}

void Fleet::count_acknowledgements() {
  const VectorClock held = sites_[home].replica->summary();
  for (Site& site : sites_) {
    std::erase_if(site.told, [&](const VectorClock& clock) {
      if (!held.covers(clock)) return false;
      site.counted.merge(clock);
      return true;
    });
  }
}

void Fleet::append_marker() {
  go_on();
  if (!with_markers_) return;
  VectorClock stable = sites_[home].replica->summary();
  for (std::size_t i = 1; i < sites_.size(); ++i) {
    VectorClock least;
    for (const VectorClock::Entry& entry : stable.entries()) {
      least.set(entry.node, std::min(entry.seq, sites_[i].counted.get(entry.node)));
    }
    stable = least;
  }
  // Where nothing is new, that is said.
  (void)sites_[home].replica->append_stable_marker(stable);
}

void Fleet::restart(std::size_t site) { open(sites_[site]); }

void Fleet::merge(std::size_t site) {
  go_on();
  sites_[site].replica->merge(sites_[home].replica->snapshot()).value();
}

void Fleet::join() {
  add_site();
  // It registers first, so from here on nothing gets stable that it has not acknowledged.
  merge(sites_.size() - 1);
  acknowledge(sites_.size() - 1);
}

bool Fleet::trim(std::size_t site, bool force) {
  Replica& replica = *sites_[site].replica;
  Lsn before = replica.log().last_lsn() + 1;
  for (std::size_t other = 0; other < sites_.size(); ++other) {
    // The home is never without what an edge has cut off; who else lacks something can take a
    // snapshot of the home.
    if (force && (other != home || site == home)) continue;
    before = std::min(before, replica.first_lsn_not_covered(sites_[other].replica->summary()));
  }
  return replica.trim(before).value().dropped_changes != 0;
}

bool Fleet::lacks_trimmed(std::size_t to, std::size_t from) {
  const LogReader log = sites_[from].replica->log();
  return log.first_lsn() > 1 &&
         !sites_[to].replica->summary().covers(log.clock_at(log.first_lsn() - 1));
}

std::string Fleet::visible(std::size_t site) {
  std::string text;
  const RowPage page = sites_[site].replica->scan("t");
  for (const Row& row : page.rows) {
    text += std::string(row.winner->row_id) + " " + name_of(*row.winner) + "; ";
  }
  const LogStatistics statistics = sites_[site].replica->statistics();
  return text + std::to_string(statistics.rows) + " " +
         std::to_string(sites_[site].replica->visible_checksum().rows);
}

std::string Fleet::conflicts(std::size_t site) {
  std::set<std::string> lines;
  const ConflictPage page = sites_[site].replica->conflicts();
  for (const ConflictReport& report : page.conflicts) {
    // Which side is local is each site's own.
    const Dot left = std::min(report.parted_local.dot, report.parted_remote.dot);
    const Dot right = std::max(report.parted_local.dot, report.parted_remote.dot);
    lines.insert(syncline::to_string(report.id) + " " + report.row_id + " " +
                 syncline::to_string(left) + "/" + syncline::to_string(right) +
                 (report.status == ConflictStatus::open ? " open\n" : "\n"));
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

std::string Fleet::heads(std::size_t site) {
  std::string text;
  for (std::size_t i = 0; i < rows; ++i) {
    const Row row = sites_[site].replica->get("t", row_name(i));
    text += row_name(i) + ":";
    if (row.winner) text += " " + name_of(*row.winner);
    for (const ChangeView& head : row.siblings) text += " | " + name_of(head);
    text += "\n";
  }
  return text + std::to_string(sites_[site].replica->statistics().tombstones) + " deleted";
}

bool Fleet::remembers_deleted(std::size_t site) {
  for (std::size_t i = 0; i < rows; ++i) {
    const Row row = sites_[site].replica->get("t", row_name(i));
    const bool alive = std::ranges::any_of(
        row.siblings, [](const ChangeView& head) { return head.operation != Operation::erase; });
    if (row.winner && !row.exists() && !alive) return true;
  }
  return false;
}

std::uint64_t Fleet::marker(std::size_t site) {
  const std::optional<StableMarker> marker = sites_[site].replica->stable_marker();
  return marker ? marker->number : 0;
}

}  // namespace syncline::laws
