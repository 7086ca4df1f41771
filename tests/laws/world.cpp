#include "laws/world.hpp"

#include <algorithm>
#include <array>

#include "laws/verify.hpp"

namespace syncline::laws {
namespace {

constexpr std::uint64_t beginning_us = 1'700'000'000'000'000;
constexpr std::uint64_t clock_step_us = 1'000'000;
constexpr std::string_view tenant = "laws";

std::vector<RowName> row_names(std::size_t count) {
  const std::vector<RowName> all = {{"t", "a"}, {"t", "b"}, {"u", "a"}};
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::string_view record_of(const LogEntry& entry) {
  return {reinterpret_cast<const char*>(entry.change.record.data()), entry.change.record.size()};
}

}  // namespace

std::string_view to_string(Act act) {
  switch (act) {
    case Act::put_new:
      return "put";
    case Act::put_same:
      return "put same";
    case Act::put_same_raw:
      return "put same, raw";
    case Act::erase:
      return "erase";
    case Act::resolve_lesser:
      return "resolve by lesser tip";
    case Act::resolve_new:
      return "resolve by new value";
  }
  return "";
}

NodeId node_id(std::size_t index) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes.fill(0x5a);
  bytes.back() = static_cast<std::uint8_t>(index + 1);
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}

World::World(const Setup& setup)
    : setup_(setup), graph_(std::string(tenant), setup.policy == "lww", row_names(setup.rows)) {
  for (std::size_t i = 0; i < setup.nodes.size(); ++i) add_site(setup.nodes[i], setup.clocks[i]);
}

std::size_t World::add_site(std::size_t node, std::uint64_t clock) {
  Site site;
  site.node = node_id(node);
  site.clock = std::make_unique<ManualClock>(beginning_us + clock * clock_step_us);
  site.random = std::make_unique<SeededRandom>(sites_.size() + 1);
  site.latest_us = site.clock->now_us();
  Replica::Options options;
  options.tenant = std::string(tenant);
  options.node = site.node;
  options.clock = site.clock.get();
  options.random = site.random.get();
  options.policies.default_policy = setup_.policy;
  auto opened = Replica::open(std::move(options));
  if (opened) {
    site.replica = std::move(*opened);
  } else {
    fail("a replica cannot be opened: " + to_string(opened.error()));
  }
  sites_.push_back(std::move(site));
  return sites_.size() - 1;
}

void World::set_clock(std::size_t site, std::uint64_t clock) {
  if (failed()) return;
  tell("clock", site, static_cast<std::size_t>(clock));
  const std::uint64_t now_us = beginning_us + clock * clock_step_us;
  sites_[site].clock->set_us(now_us);
  sites_[site].latest_us = std::max(sites_[site].latest_us, now_us);
}

void World::tell(std::string_view what, std::size_t site, std::size_t number) {
  story_.push_back({std::string(what), site, number});
}

void World::fail(const std::string& what) {
  if (failed()) return;
  failure_ = what + "\n  policy " + setup_.policy + "; replicas";
  for (const Site& site : sites_) {
    failure_ += ' ' + short_name({site.node, 0}).substr(0, 1) + " at " +
                std::to_string((site.clock->now_us() - beginning_us) / clock_step_us) + " s,";
  }
  for (const Told& told : story_) {
    failure_ += "\n  " + short_name({sites_[told.site].node, 0}).substr(0, 1) + ": " + told.what +
                ' ' + std::to_string(told.number);
  }
  for (std::size_t i = 0; i < graph_.size(); ++i) {
    const Change& change = graph_.at(i).change;
    failure_ += "\n  change " + std::to_string(i) + " = " + short_name(change.dot) + ' ' +
                std::string(to_string(change.operation)) + " of row " +
                std::to_string(graph_.at(i).row) + ' ' + change.data + " at " +
                change.hlc.to_string() + ", saw";
    for (const std::size_t seen : members(graph_.at(i).saw)) {
      failure_ += ' ' + short_name(graph_.at(seen).change.dot);
    }
  }
  failure_ += '\n';
}

void World::expect(bool holds, std::string_view what) {
  if (!holds) fail("not true: " + std::string(what));
}

// --- deliveries ----------------------------------------------------------------------------------

std::size_t World::unit_end(const std::vector<std::size_t>& changes, std::size_t begin) const {
  const Change& first = graph_.at(changes[begin]).change;
  std::size_t end = begin + 1;
  if (!first.transaction) return end;
  while (end < changes.size()) {
    const Change& next = graph_.at(changes[end]).change;
    const bool goes_on = next.dot.origin == first.dot.origin && next.transaction &&
                         next.transaction->number == first.transaction->number &&
                         next.dot.seq == first.dot.seq + (end - begin);
    if (!goes_on) break;
    ++end;
  }
  return end;
}

/// What the batch has to come to; `site.held` is brought forward.
IntegrateResult World::predict(Site& site, const std::vector<std::size_t>& changes) {
  IntegrateResult expected;
  expected.received = changes.size();
  for (std::size_t begin = 0; begin < changes.size();) {
    const std::size_t end = unit_end(changes, begin);
    ChangeSet held = site.held;
    IntegrateResult unit;
    const auto& transaction = graph_.at(changes[begin]).change.transaction;
    bool taken = !transaction || end - begin == transaction->count || held[changes[begin]];
    for (std::size_t i = begin; i < end && taken; ++i) {
      if (held[changes[i]]) {
        ++unit.duplicates;
        continue;
      }
      taken = graph_.acceptable(changes[i], held);
      if (!taken) break;
      const Verdict verdict = graph_.verdict(changes[i], held);
      unit.applied += verdict == Verdict::applied;
      unit.superseded += verdict == Verdict::superseded;
      unit.convergent += verdict == Verdict::convergent;
      unit.conflicting += verdict == Verdict::conflict;
      held.set(changes[i]);
    }
    if (taken) {
      site.held = held;
      expected.applied += unit.applied;
      expected.superseded += unit.superseded;
      expected.convergent += unit.convergent;
      expected.conflicting += unit.conflicting;
      expected.duplicates += unit.duplicates;
    } else {
      for (std::size_t i = begin; i < end; ++i) {
        expected.rejected.push_back({graph_.at(changes[i]).change.dot, i, {}});
      }
    }
    begin = end;
  }
  const VectorClock summary = graph_.clock_of(site.held);
  for (const std::size_t i : changes) {
    const NodeId& origin = graph_.at(i).change.dot.origin;
    expected.acked.set(origin, summary.get(origin));
  }
  expected.lsn = site.held.count();
  return expected;
}

void World::compare(const IntegrateResult& result, const IntegrateResult& expected) {
  expect(result.received == expected.received, "all records were received");
  if (result.rejected.size() != expected.rejected.size()) {
    std::string refused;
    for (const Rejection& rejection : result.rejected) {
      refused += ' ' + short_name(rejection.dot) + " (" + to_string(rejection.error) + ')';
    }
    return fail("refused are" + (refused.empty() ? " none" : refused) + ", not " +
                std::to_string(expected.rejected.size()) + " that lack something");
  }
  for (std::size_t i = 0; i < expected.rejected.size(); ++i) {
    expect(result.rejected[i].dot == expected.rejected[i].dot, "the refused change is named");
    expect(result.rejected[i].index == expected.rejected[i].index, "its place is told");
  }
  expect(result.duplicates == expected.duplicates, "duplicates are counted as such");
  expect(result.applied == expected.applied, "the applied are those that saw all heads");
  expect(result.superseded == expected.superseded, "the superseded are those that a head saw");
  expect(result.convergent == expected.convergent, "the convergent say the same as all heads");
  expect(result.conflicting == expected.conflicting, "the conflicting say something else");
  expect(result.acked == expected.acked, "acked is what is held of the batch's origins");
  expect(result.lsn == expected.lsn, "the log grew by what was new");
}

void World::check_filed(const Site& site, std::size_t index, Verdict verdict, Lsn winner_before) {
  const LogReader reader = site.replica->log();
  const Lsn lsn = reader.find(graph_.at(index).change.dot);
  expect(lsn != 0, "what was taken is in the log");
  if (failed()) return;
  const LogEntry entry = reader.at(lsn);
  expect(entry.verdict == verdict, "the verdict in the log is right");
  if (verdict == Verdict::applied) {
    expect(entry.before_lsn == winner_before, "the head that was visible before is told");
  }
}

void World::integrate_at(Site& site, const std::vector<std::size_t>& changes) {
  std::vector<std::string_view> records;
  records.reserve(changes.size());
  for (const std::size_t i : changes) records.emplace_back(graph_.at(i).record);
  const ChangeSet before = site.held;
  const IntegrateResult expected = predict(site, changes);
  const IntegrateResult result = site.replica->integrate(records);
  compare(result, expected);
  if (failed() || site.held == before) return;

  std::vector<ConflictId> told;
  for (const ConflictSummary& summary : result.conflicts) told.push_back(summary.id);
  const auto was_told = [&](const ConflictId& id) {
    return std::find(told.begin(), told.end(), id) != told.end();
  };
  for (std::size_t row = 0; row < graph_.rows(); ++row) {
    std::vector<ConflictId> known;
    for (const ExpectedConflict& old : graph_.expected(row, before).conflicts) {
      known.push_back(old.id);
    }
    for (const ExpectedConflict& now : graph_.expected(row, site.held).conflicts) {
      const bool is_new = std::find(known.begin(), known.end(), now.id) == known.end();
      if (is_new) expect(was_told(now.id), "a batch tells the conflicts that it gave rise to");
    }
  }
  if (changes.size() > 1) return;
  const ExpectedRow& row = graph_.expected(graph_.at(changes.front()).row, before);
  const Lsn winner_before =
      row.heads.empty() ? 0 : site.replica->log().find(graph_.at(row.heads.front()).change.dot);
  check_filed(site, changes.front(), graph_.verdict(changes.front(), before), winner_before);
}

void World::integrate(std::size_t site, const std::vector<std::size_t>& changes) {
  if (failed()) return;
  for (const std::size_t i : changes) tell("is handed change", site, i);
  integrate_at(sites_[site], changes);
}

void World::deliver(Site& site, const std::vector<std::size_t>& changes, Batching batching) {
  if (changes.empty()) return;
  if (batching == Batching::at_once || batching == Batching::twice_at_once) {
    integrate_at(site, changes);
    if (batching == Batching::twice_at_once && !failed()) integrate_at(site, changes);
    return;
  }
  std::vector<std::size_t> doubled;
  for (std::size_t begin = 0; begin < changes.size() && !failed();) {
    const std::size_t end = unit_end(changes, begin);
    const std::vector<std::size_t> unit(changes.begin() + static_cast<std::ptrdiff_t>(begin),
                                        changes.begin() + static_cast<std::ptrdiff_t>(end));
    if (batching == Batching::one_by_one) integrate_at(site, unit);
    doubled.insert(doubled.end(), unit.begin(), unit.end());
    doubled.insert(doubled.end(), unit.begin(), unit.end());
    begin = end;
  }
  if (batching == Batching::each_twice) integrate_at(site, doubled);
}

void World::take(std::size_t site, const ChangeSet& wanted, Batching batching) {
  if (failed()) return;
  const std::vector<std::size_t> lacking = members(wanted & ~sites_[site].held);
  for (const std::size_t i : lacking) tell("takes change", site, i);
  deliver(sites_[site], lacking, batching);
}

void World::pull(std::size_t to, std::size_t from, std::size_t limit, Batching batching) {
  if (failed()) return;
  tell("pulls at most " + std::to_string(limit) + " from site", to, from);
  Site& site = sites_[to];
  const VectorClock summary = site.replica->summary();
  ReadOptions options;
  options.limit = limit;
  options.not_covered_by = &summary;
  const auto page = sites_[from].replica->read(options);
  if (!page) return fail("the log cannot be read: " + to_string(page.error()));
  std::vector<std::size_t> changes;
  for (const LogEntry& entry : page->entries) {
    const auto index = graph_.find(entry.change.dot);
    expect(index && sites_[from].held[*index] && !site.held[*index],
           "a page holds what the reader lacks and the giver has");
    if (failed()) return;
    expect(record_of(entry) == graph_.at(*index).record, "records go on as they are");
    changes.push_back(*index);
  }
  // However small the limit is: the next page begins with one change, or a transaction as a whole.
  options.after = page->examined;
  options.limit = 1;
  const auto next = sites_[from].replica->read(options);
  if (!next) return fail("the log cannot be read on: " + to_string(next.error()));
  expect(next->entries.empty() || changes.size() + next->entries.size() > limit,
         "a page is filled as far as possible");
  expect(page->has_more || next->entries.empty(), "a page tells that there is more");
  expect(page->has_more || changes.size() == (sites_[from].held & ~site.held).count(),
         "the last page leaves nothing out");
  if (changes.empty() || failed()) return;
  const auto& last = graph_.at(changes.back()).change.transaction;
  expect(!last || last->index + 1 == last->count, "a page does not cut a transaction");
  if (last && last->count > 1) {
    // All but the end of it: has to be refused, and what stands before it taken.
    integrate(to, {changes.begin(), changes.end() - 1});
  }
  if (!failed()) deliver(site, changes, batching);
}

void World::merge(std::size_t to, std::size_t from) {
  if (failed()) return;
  tell("merges a snapshot of site", to, from);
  Site& site = sites_[to];
  const LogId old_id = site.replica->log_id();
  const auto merged = site.replica->merge(sites_[from].replica->snapshot());
  if (!merged) return fail("the snapshot is refused: " + to_string(merged.error()));
  const bool brought_something = (sites_[from].held & ~site.held).any();
  site.held |= sites_[from].held;
  site.relaid = site.relaid || site.replica->log_id() != old_id;
  if (!brought_something) return;
  expect(site.replica->log_id() != old_id, "a merged log has a new id");
  const LogReader giver = sites_[from].replica->log();
  const LogReader receiver = site.replica->log();
  if (receiver.last_lsn() < giver.last_lsn()) return fail("the merged log is too short");
  for (Lsn lsn = giver.first_lsn(); lsn <= giver.last_lsn(); ++lsn) {
    expect(receiver.at(lsn).change.dot == giver.at(lsn).change.dot,
           "a merged log begins with the giver's, in its order");
  }
}

// --- checks --------------------------------------------------------------------------------------

void World::check(std::size_t index) {
  if (failed()) return;
  Site& site = sites_[index];
  const std::string found = difference({*site.replica, graph_, site.held, site.relaid});
  if (!found.empty()) return fail("at " + short_name({site.node, 0}).substr(0, 1) + ": " + found);
  std::vector<ConflictId> reported;
  for (std::size_t row = 0; row < graph_.rows(); ++row) {
    for (const ExpectedConflict& conflict : graph_.expected(row, site.held).conflicts) {
      reported.push_back(conflict.id);
    }
  }
  std::sort(reported.begin(), reported.end());
  expect(
      std::includes(reported.begin(), reported.end(), site.reported.begin(), site.reported.end()),
      "a conflict once reported stays");
  site.reported = std::move(reported);
}

void World::check_all() {
  for (std::size_t site = 0; site < sites_.size(); ++site) check(site);
}

void World::redeliver(std::size_t index) {
  if (failed()) return;
  Site& site = sites_[index];
  tell("gets everything again", index, site.held.count());
  const std::string before = fingerprint(*site.replica);
  const std::vector<std::size_t> all = members(site.held);
  deliver(site, all, Batching::at_once);
  deliver(site, all, Batching::one_by_one);
  expect(fingerprint(*site.replica) == before, "a delivery repeated changes nothing");
}

void World::check_equal() {
  check_all();
  if (failed()) return;
  const VisibleChecksum checksum = sites_.front().replica->visible_checksum();
  for (const Site& site : sites_) {
    expect(site.held.count() == graph_.size(), "everybody holds everything");
    expect(site.replica->visible_checksum() == checksum, "checksums are equal");
  }
}

}  // namespace syncline::laws
