// Reading logs: what is new in them goes into the graph and into what a site is known to hold.

#include <algorithm>

#include "judge_impl.hpp"
#include "syncline/record.hpp"

namespace syncline::sim {

void Judge::Impl::observe(Site& site) {
  if (failed() || site.replica == nullptr || site.observing) return;
  site.observing = true;
  std::vector<std::uint32_t> outer;  // rows of another site, in the middle of whose log this is
  outer.swap(touched);
  look_at_identity(site);
  const LogReader reader = site.replica->log();
  if (goes_on(site, reader)) {
    read_on(site, reader);
  } else {
    read_anew(site, reader);
  }
  look_at_durable(site, reader);
  check_summary(site);
  check_budget(site);
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const std::uint32_t row : touched) check_row(site, row);
  site.last_hlc = site.replica->last_hlc();
  touched.swap(outer);
  site.observing = false;
}

void Judge::Impl::look_at_identity(Site& site) {
  const NodeId node = site.replica->node();
  if (!site.is(node)) site.ids.push_back(node);
}

/// True if the log is the one that was read, with more behind it.
bool Judge::Impl::goes_on(const Site& site, const LogReader& reader) const {
  if (site.departed || reader.log_id() != site.log_id) return false;
  if (reader.last_lsn() < site.seen || reader.first_lsn() > site.seen + 1) return false;
  return site.seen == 0 || reader.running_hash(site.seen) == site.seen_hash;
}

void Judge::Impl::read_on(Site& site, const LogReader& reader) {
  if (reader.first_lsn() != site.first_lsn) {  // trimmed
    site.first_lsn = reader.first_lsn();
    for (Lsn lsn = 1; lsn <= site.seen; ++lsn) {
      NodeIndex& index = site.at_lsn[lsn - 1];
      if (index == no_node || reader.holds(lsn)) continue;
      const Made& made = graph.at(index);
      Site::of(site.in_log, made.row).reset(made.place);
      index = no_node;
    }
  }
  const bool more = reader.last_lsn() != site.seen;
  for (Lsn lsn = site.seen + 1; lsn <= reader.last_lsn() && !failed(); ++lsn) {
    if (!reader.holds(lsn)) {  // came and was trimmed between two looks
      site.at_lsn.push_back(no_node);
      site.verdicts.push_back(Verdict::applied);
      continue;
    }
    const LogEntry entry = reader.at(lsn);
    site.at_lsn.push_back(take(site, entry, false));
    site.verdicts.push_back(entry.verdict);
  }
  if (!more) return;
  site.seen = reader.last_lsn();
  site.seen_hash = reader.running_hash(site.seen);
  check_transaction_end(site);
}

void Judge::Impl::read_anew(Site& site, const LogReader& reader) {
  site.held_before = std::move(site.held);
  const std::vector<Bits>& before = site.held_before;
  const std::vector<Bits> durable = std::move(site.durable);
  if (site.departed != Departure::stopped) site.latest = {};  // private changes may be gone
  const bool same_log = site.log_id == reader.log_id();
  const std::vector<NodeIndex> former = std::move(site.at_lsn);
  site.held.clear();
  site.in_log.clear();
  site.durable.clear();
  site.at_lsn.clear();
  site.verdicts.clear();
  site.markers.clear();
  site.seen = 0;
  site.log_id = reader.log_id();
  site.first_lsn = reader.first_lsn();
  for (Lsn lsn = 1; lsn <= reader.last_lsn() && !failed(); ++lsn) {
    if (!reader.holds(lsn)) {
      site.at_lsn.push_back(no_node);
      site.verdicts.push_back(Verdict::applied);
      continue;
    }
    const LogEntry entry = reader.at(lsn);
    site.at_lsn.push_back(take(site, entry, true));
    site.verdicts.push_back(entry.verdict);
  }
  if (failed()) return;
  site.seen = reader.last_lsn();
  site.seen_hash = site.seen == 0 ? 0 : reader.running_hash(site.seen);
  if (same_log && site.departed && former.size() > site.seen) {
    check_torn(site, former[site.seen]);
  }
  hold_what_is_stable(site);
  site.summary = {};  // it is looked at from the beginning
  note_forgotten_orphans(site);
  note_losses(site, before, durable, same_log);
  site.held_before.clear();
  site.departed.reset();
  for (std::uint32_t row = 1; row < graph.rows(); ++row) {
    if (Site::of(site.held, row).any()) touched.push_back(row);
  }
}

/// One entry of a log. `anew`: the log was laid anew, so its order is not that of arrival.
NodeIndex Judge::Impl::take(Site& site, const LogEntry& entry, bool anew) {
  const std::uint64_t content = chain_hash(0, entry.change);
  const NodeIndex index = identify(site, entry.change, content);
  if (index == no_node) return no_node;
  {
    Made& made = graph.at(index);
    if (made.revoked) graph.revive(index);
    made.gone = false;
  }
  const Made& made = graph.at(index);
  if (!anew) {
    check_order(site, made);
    if (made.is_row_change()) check_verdict(site, made, entry.verdict);
  }
  if (made.row != no_row && !anew) touched.push_back(made.row);
  hold(site, index);
  if (made.operation == Operation::stable) take_marker(site, index, anew);
  return index;
}

/// The node of a record; if nobody has seen it before, its writer has to be looked at.
NodeIndex Judge::Impl::identify(Site& site, const ChangeView& change, std::uint64_t content) {
  NodeIndex index = graph.find(change.dot, content);
  if (index != no_node) return index;
  for (const auto& other : sites) {
    if (other.get() != &site && other->is(change.dot.origin)) observe(*other);
  }
  index = graph.find(change.dot, content);
  if (index != no_node || failed()) return index;
  const NodeIndex before = graph.latest(change.dot);
  if (!site.is(change.dot.origin)) {
    fail(before == no_node ? "only_what_was_written" : "one_dot_one_content", site, [&] {
      return "change " + graph.name(change.dot) + " of " + std::string(change.table) + "/" +
             std::string(change.row_id) +
             (before == no_node ? " was written by nobody" : " has another content than elsewhere");
    });
    return no_node;
  }
  return before == no_node ? create(site, change, content)
                           : create_again(site, before, change, content);
}

/// A change that shows for the first time at the replica that wrote it: it saw all of its row.
NodeIndex Judge::Impl::create(Site& site, const ChangeView& change, std::uint64_t content) {
  const std::uint32_t row = graph.row_of(change.table, change.row_id);
  const bool blind = site.may_lack(change.table);
  Bits saw = row == no_row ? Bits() : Site::of(site.held, row);
  if (blind) {  // by definition it saw what its marker covers, although that was not there
    const VectorClock* stable = site.stable(graph);
    graph.row(row).changes.for_each([&](std::uint32_t place) {
      const Made& made = graph.at(row, place);
      if (stable == nullptr || !stable->covers(made.dot)) return;
      saw |= made.saw;
      saw.set(place);
    });
  }
  const NodeIndex index = graph.add(change, content, std::move(saw));
  graph.at(index).blind = blind;
  check_new_of_origin(site, graph.at(index));
  return index;
}

/// What a change saw that was dated anew: the same, of what was dated anew before it that form.
Bits Judge::Impl::seen_again(const Site& site, const Made& former) const {
  const Bits& held = Site::of(site.held, former.row);
  Bits saw;
  former.saw.for_each([&](std::uint32_t place) {
    const Made& seen = graph.at(former.row, place);
    NodeIndex version = held.test(place) ? no_node : graph.latest(seen.dot);
    for (; version != no_node; version = graph.at(version).other_version) {
      const Made& now = graph.at(version);
      if (now.row != former.row || !held.test(now.place)) continue;
      saw.set(now.place);
      return;
    }
    saw.set(place);
  });
  return saw;
}

/// The version that was held there until its log was laid anew; `no_node` if there is none.
NodeIndex Judge::Impl::version_held_before(const Site& site, const Dot& dot) const {
  NodeIndex version = graph.latest(dot);
  for (; version != no_node; version = graph.at(version).other_version) {
    const Made& made = graph.at(version);
    if (Site::of(site.held_before, made.row).test(made.place)) break;
  }
  return version;
}

/// Another content under an own dot: a private change got another form, or the replica came back
/// without what it had written, or a copy of it wrote the other one.
NodeIndex Judge::Impl::create_again(Site& site, NodeIndex before, const ChangeView& change,
                                    std::uint64_t content) {
  // Only what was held here can have been dated anew here.
  const NodeIndex held = version_held_before(site, change.dot);
  if (held != no_node) before = held;
  const Made& former = graph.at(before);
  const std::uint32_t row = graph.row_of(change.table, change.row_id);
  const bool same_write = held != no_node && !former.gone && former.row == row &&
                          former.operation == change.operation && former.format == change.format &&
                          former.data_hash == data_hash(change) && former.stable == change.stable;
  Bits saw = row == no_row ? Bits() : Site::of(site.held, row);
  if (same_write) saw = seen_again(site, former);
  const NodeIndex index = graph.add(change, content, std::move(saw));
  if (same_write) {
    check_time(site, graph.at(index));
  } else {
    check_new_of_origin(site, graph.at(index));
  }
  if (graph.at(before).acknowledged && same_write) graph.at(index).acknowledged = true;
  if (!is_held_elsewhere(site, graph.at(before))) {
    graph.revoke(before, index);
    note_revoked(site, index);
  }
  return index;
}

void Judge::Impl::hold(Site& site, NodeIndex index) {
  const Made& made = graph.at(index);
  Bits& held = Site::of(site.held, made.row);
  held |= made.saw;
  held.set(made.place);
  Site::of(site.in_log, made.row).set(made.place);
  site.latest = std::max(site.latest, made.hlc);
}

void Judge::Impl::take_marker(Site& site, NodeIndex index, bool anew) {
  const Made& made = graph.at(index);
  auto& markers = site.markers;
  const auto place =
      std::lower_bound(markers.begin(), markers.end(), made.stable,
                       [](const Site::Marker& one, std::uint64_t n) { return one.number < n; });
  if (place != markers.end() && place->number == made.stable) return;
  const bool newest = place == markers.end();
  if (const VectorClock* last = site.stable(graph)) {
    const bool fits = newest ? made.context.covers(*last) : last->covers(made.context);
    if (!fits) return;
  }
  markers.insert(place, {made.stable, index});
  if (!newest) return;
  if (anew) {
    hold_what_is_stable(site);
    return;
  }
  for (std::uint32_t row = 1; row < graph.rows(); ++row) {
    const Bits covered = graph.row(row).changes & Site::of(site.held, row);
    if (covered.any()) touched.push_back(row);
  }
}

void Judge::Impl::look_at_durable(Site& site, const LogReader& reader) {
  const Lsn durable = std::min(site.replica->releasable_lsn(), reader.last_lsn());
  if (durable < site.durable_lsn && reader.log_id() == site.log_id &&
      durable < site.at_lsn.size() && !site.durable.empty()) {
    fail("durable_stays_durable", site, [&] {
      return "up to " + std::to_string(site.durable_lsn) + " was durable, now only up to " +
             std::to_string(durable);
    });
  }
  const Lsn from = site.durable.empty() ? 0 : site.durable_lsn;
  for (Lsn lsn = from + 1; lsn <= durable && lsn <= site.at_lsn.size(); ++lsn) {
    const NodeIndex index = site.at_lsn[lsn - 1];
    if (index == no_node) continue;
    const Made& made = graph.at(index);
    Bits& set = Site::of(site.durable, made.row);
    set |= made.saw;
    set.set(made.place);
  }
  site.durable_lsn = durable;
}

}  // namespace syncline::sim
